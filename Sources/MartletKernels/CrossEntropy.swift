import CMartletKernels

/// Cross-entropy between rows of logits and class indices, by PyTorch's definition.
public struct CrossEntropyKernel {
  /// Of logits, class weights, losses, log Σ exp and gradients: floating point.
  public var type: ElementType
  /// Positions: a row of logits each, one after the other.
  public var rows: Int
  /// Logits of a row, 1 or more.
  public var classes: Int
  /// A class index for each row.
  public var targets: UnsafeRawPointer
  /// uint8, int32 or int64.
  public var targetType: ElementType
  /// A weight for each class; nil for 1.
  public var weights: UnsafeRawPointer?
  /// The target of rows that have no loss and no weight.
  public var ignoredIndex: Int
  /// PyTorch's `label_smoothing`, from 0 to 1.
  public var smoothing: Double

  public init(
    type: ElementType, rows: Int, classes: Int, targets: UnsafeRawPointer, targetType: ElementType,
    weights: UnsafeRawPointer?, ignoredIndex: Int, smoothing: Double
  ) {
    self.type = type
    self.rows = rows
    self.classes = classes
    self.targets = targets
    self.targetType = targetType
    self.weights = weights
    self.ignoredIndex = ignoredIndex
    self.smoothing = smoothing
  }

  private var rowsPerPiece: Int { max(1, Pieces.elementCount / classes) }

  private var call: martlet_cross_entropy {
    var sum = Double(classes)
    if let weights {
      sum = 0
      for i in 0..<classes {
        sum +=
          type == .float64
          ? weights.assumingMemoryBound(to: Double.self)[i]
          : Double(weights.assumingMemoryBound(to: Float.self)[i])
      }
    }
    return martlet_cross_entropy(
      classes: classes, targets: targets, target_scalar: targetType.cValue, ignored: Int64(ignoredIndex),
      weights: weights, weight_sum: sum, smoothing: smoothing)
  }

  /// What the rows add up to, or the first row whose target is no class and not the ignored index.
  public enum Outcome {
    /// The losses, and the class weights of the targets: what PyTorch divides by for the mean.
    case sums(loss: Double, weight: Double)
    /// Counted from 0.
    case invalidTarget(row: Int)
  }

  /// Writes each row's log Σ exp, and its loss where `losses` is given.
  public func run(
    logits: UnsafeRawPointer, losses: UnsafeMutableRawPointer?, logSums: UnsafeMutablePointer<Double>
  ) -> Outcome {
    let length = rowsPerPiece
    let pieces = (rows + length - 1) / length
    guard pieces > 0 else { return .sums(loss: 0, weight: 0) }
    let table = type.softmax
    let call = call
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * pieces) { sums in
      withUnsafeTemporaryAllocation(of: Int.self, capacity: pieces) { reached in
        let (sums, reached) = (sums.baseAddress!, reached.baseAddress!)
        Pieces.forEach(of: rows, length: length) { range in
          let piece = range.lowerBound / length
          let row = withUnsafePointer(to: call) {
            table.cross_entropy(
              $0, logits, range.lowerBound, range.upperBound, losses, logSums, sums + 2 * piece)
          }
          reached[piece] = row < range.upperBound ? row : -1
        }
        var (loss, weight) = (0.0, 0.0)
        for piece in 0..<pieces {
          if reached[piece] >= 0 { return .invalidTarget(row: reached[piece]) }
          loss += sums[2 * piece]
          weight += sums[2 * piece + 1]
        }
        return .sums(loss: loss, weight: weight)
      }
    }
  }

  /// The logits' gradient, where row r's loss has the gradient scale · (dy ? dy[r] : 1).
  public func gradient(
    logits: UnsafeRawPointer, logSums: UnsafePointer<Double>, dy: UnsafeRawPointer?, scale: Double,
    dx: UnsafeMutableRawPointer
  ) {
    let table = type.softmax
    let call = call
    Pieces.forEach(of: rows, length: rowsPerPiece) { range in
      withUnsafePointer(to: call) {
        table.cross_entropy_gradient($0, logits, logSums, range.lowerBound, range.upperBound, dy, scale, dx)
      }
    }
  }
}

/// Cross-entropy between logits of a yes and targets from 0 to 1, element by element.
public struct BinaryCrossEntropyKernel {
  /// Of logits, targets, weights, losses and gradients: floating point.
  public var type: ElementType
  /// Elements of each of them.
  public var count: Int
  /// One for each logit.
  public var targets: UnsafeRawPointer
  /// What each element's loss is multiplied by; nil for 1.
  public var weights: UnsafeRawPointer?
  /// What the part of each element's loss that a yes makes is multiplied by; nil for 1.
  public var positiveWeights: UnsafeRawPointer?

  public init(
    type: ElementType, count: Int, targets: UnsafeRawPointer, weights: UnsafeRawPointer?,
    positiveWeights: UnsafeRawPointer?
  ) {
    self.type = type
    self.count = count
    self.targets = targets
    self.weights = weights
    self.positiveWeights = positiveWeights
  }

  /// The losses' sum; writes each where `losses` is given.
  public func run(logits: UnsafeRawPointer, losses: UnsafeMutableRawPointer?) -> Double {
    let length = Pieces.elementCount
    let pieces = (count + length - 1) / length
    guard pieces > 0 else { return 0 }
    let table = type.softmax
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: pieces) { sums in
      let partial = sums.baseAddress!
      Pieces.forEach(of: count) { range in
        let offset = range.lowerBound * type.byteCount
        partial[range.lowerBound / length] = table.binary_cross_entropy(
          logits + offset, targets + offset, weights.map { $0 + offset }, positiveWeights.map { $0 + offset },
          range.count, losses.map { $0 + offset })
      }
      return sums.reduce(0, +)
    }
  }

  /// The logits' gradient, where element i's loss has the gradient scale · (dy ? dy[i] : 1).
  public func gradient(
    logits: UnsafeRawPointer, dy: UnsafeRawPointer?, scale: Double, dx: UnsafeMutableRawPointer
  ) {
    let table = type.softmax
    Pieces.forEach(of: count) { range in
      let offset = range.lowerBound * type.byteCount
      table.binary_cross_entropy_gradient(
        logits + offset, targets + offset, weights.map { $0 + offset }, positiveWeights.map { $0 + offset },
        range.count, dy.map { $0 + offset }, scale, dx + offset)
    }
  }
}
