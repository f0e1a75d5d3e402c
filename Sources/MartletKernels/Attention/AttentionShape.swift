import CMartletKernels

/// Which sizes attention has, and how its scores become weights.
///
/// Queries are [batch, queries, heads · size], keys and values [batch, keys, heads · size], with a head's `size` elements
/// side by side: what linear layers write, so that no head is ever copied to a place of its own.
public struct AttentionShape: Hashable, Sendable {
  /// What the weights of attention add up to 1 over.
  public enum Axis: Hashable, Sendable {
    /// Over the queries, for each key.
    case queries
    /// Over the keys, for each query.
    case keys
  }

  /// How many sequences there are.
  public var batch: Int
  /// Of each sequence.
  public var heads: Int
  /// Of each sequence.
  public var queries: Int
  /// Of each sequence, and as many values.
  public var keys: Int
  /// Elements of a head's queries, keys and values.
  public var size: Int
  /// What scores, q · k, are multiplied by.
  public var scale: Double
  /// What weights add up to 1 over; ``Axis/keys`` as published.
  public var axis: Axis
  /// Whether query i sees keys 0 … i only. Over the keys only.
  public var isCausal: Bool
  /// Of queries, keys, values, context, the sums' logarithms, and all their gradients.
  public var format: RealFormat

  public init(
    batch: Int, heads: Int, queries: Int, keys: Int, size: Int, scale: Double, axis: Axis,
    isCausal: Bool = false, format: RealFormat
  ) {
    self.batch = batch
    self.heads = heads
    self.queries = queries
    self.keys = keys
    self.size = size
    self.scale = scale
    self.axis = axis
    self.isCausal = isCausal
    self.format = format
  }

  /// Elements from one position to the next.
  var stride: Int { heads * size }
  /// Heads of all sequences: the pieces of the work.
  var pairs: Int { batch * heads }
  /// Logarithms of sums that a head has.
  public var sumCount: Int { axis == .queries ? keys : queries }

  /// Where a head's first element is, in elements, among `positions` a sequence.
  func offset(ofPair pair: Int, positions: Int) -> Int {
    (pair / heads * positions * heads + pair % heads) * size
  }
}

/// Weights that are dropped while training: each with a probability, the others scaled up. Which ones follows from the
/// numbers here and the weight's place.
public struct AttentionDropout: Hashable, Sendable {
  /// From 0 to 1, at which nothing is left. Weights that stay are divided by 1 − probability.
  public var probability: Double
  /// What random numbers are seeded with; each seed has streams and steps of its own.
  public var seed: UInt64
  /// What tells this dropout from others of the same seed.
  public var stream: UInt64
  /// The step of training: other weights are dropped in each.
  public var step: UInt64

  public init(probability: Double, seed: UInt64, stream: UInt64, step: UInt64) {
    self.probability = probability
    self.seed = seed
    self.stream = stream
    self.step = step
  }

  /// Drops some of the `count` weights of a head, or of the gradients that came to them. Each head of each sequence has
  /// a key of its own.
  func drop(_ weights: UnsafeMutableRawPointer, count: Int, pair: Int, format: RealFormat) {
    let key = RandomFill.key(seed: seed, stream: stream, step: step)
    RandomFill.dropout(
      format == .float64 ? .float64 : .float32, x: weights, y: weights, count: count,
      probability: probability,
      key: RandomFill.key(seed: key, stream: UInt64(pair), step: 0))
  }
}
