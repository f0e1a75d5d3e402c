import CMartletKernels

/// Random numbers for every element of a buffer, computed from the element's index alone: the same on any number of
/// threads and on any machine.
public enum RandomFill {
  /// A key for what one stream draws in one step. Streams of one seed do not meet: the key is itself a random number.
  static func key(seed: UInt64, stream: UInt64, step: UInt64) -> UInt64 {
    let block = Philox(key: seed).block(stream, step)
    return UInt64(block[0]) | UInt64(block[1]) << 32
  }

  /// A step that no training reaches keeps initial values apart from what is drawn while training.
  private static let initialStep = UInt64.max

  /// Fills with numbers from `low` to `high`, of 24 random bits each.
  ///
  /// - Parameter type: Floating point. Double precision gets the numbers of single precision.
  public static func uniform(
    _ type: ElementType, _ y: UnsafeMutableRawPointer, count: Int, low: Double, high: Double, seed: UInt64,
    stream: UInt64
  ) {
    let table = type.random
    let key = key(seed: seed, stream: stream, step: initialStep)
    Pieces.forEach(of: count) { table.uniform(y, $0.lowerBound, $0.upperBound, key, low, high) }
  }

  /// Fills with normally distributed numbers.
  public static func normal(
    _ type: ElementType, _ y: UnsafeMutableRawPointer, count: Int, mean: Double, standardDeviation: Double,
    seed: UInt64, stream: UInt64
  ) {
    let table = type.random
    let key = key(seed: seed, stream: stream, step: initialStep)
    Pieces.forEach(of: count) { table.normal(y, $0.lowerBound, $0.upperBound, key, mean, standardDeviation) }
  }

  /// y = x / (1 − p) with probability 1 − p, and x · 0 otherwise. The same call on a gradient gives its gradient.
  /// y may be x.
  public static func dropout(
    _ type: ElementType, x: UnsafeRawPointer, y: UnsafeMutableRawPointer, count: Int, probability: Double,
    seed: UInt64, stream: UInt64, step: UInt64
  ) {
    dropout(
      type, x: x, y: y, count: count, probability: probability,
      key: key(seed: seed, stream: stream, step: step))
  }

  /// The same with a key of ``key(seed:stream:step:)``.
  static func dropout(
    _ type: ElementType, x: UnsafeRawPointer, y: UnsafeMutableRawPointer, count: Int, probability: Double,
    key: UInt64
  ) {
    let table = type.random
    let threshold = UInt32((probability * 0x1p24).rounded())
    let factor = probability < 1 ? 1 / (1 - probability) : 0
    Pieces.forEach(of: count) { table.dropout(x, y, $0.lowerBound, $0.upperBound, key, threshold, factor) }
  }
}

extension ElementType {
  fileprivate var random: martlet_random_table_t {
    martlet_random_table(InstructionSet.current.cValue, self == .float64 ? 1 : 0).pointee
  }
}
