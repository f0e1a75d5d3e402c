/// What a loss of segmentation is given, with each channel's truth as a yes or no of its own.
struct LossOperands {
  let mode: Loss.Mode
  /// As given, channels last where the classes exclude each other.
  let predictions: Tensor
  /// Of the predictions' shape and element type: 1 where a position is of a class, 0 elsewhere and where it is ignored.
  let truth: Tensor
  /// 1 where a position counts and 0 where it is ignored, to be broadcast; `nil` where all count.
  let counts: Tensor?
  /// Whether targets may lie between 0 and 1.
  let isSoft: Bool
  /// What a class's sums run over: all but the channels.
  let axes: [Int]

  /// - Parameter operation: The loss's name, for messages.
  /// - Throws: ``MartletError`` when shapes or types do not fit; when it runs, for targets that are no class or not 0
  ///   and 1.
  init(
    _ predictions: Tensor, _ targets: Tensor, _ mode: Loss.Mode, ignoredIndex: Int?, _ operation: String
  ) throws {
    try require(
      predictions.scalar.isFloatingPoint && predictions.rank >= 2, operation,
      "expected floating-point predictions with a batch, got \(predictions.type)")
    self.mode = mode
    let space = Array(2..<predictions.rank)
    if mode == .multiclass {
      let expected = [predictions.shape[0]] + predictions.shape[2...]
      try require(
        targets.shape == expected, operation,
        "expected targets of shape \(expected) for predictions \(predictions.shape), got \(targets.shape)")
      self.predictions = try predictions.converted(to: .channelsLast)
      truth = try targets.converted(to: .rowMajor).oneHot(
        classes: predictions.shape[1], predictions.scalar, ignoredIndex: ignoredIndex)
      counts = try ignoredIndex == nil ? nil : truth.sum(axes: [1], keepDimensions: true)
      isSoft = false
      axes = [0] + space
    } else {
      try require(
        targets.shape == predictions.shape, operation,
        "expected targets of shape \(predictions.shape), got \(targets.shape)")
      self.predictions = predictions
      let known = try Tensor.apply(
        BinaryTargetsOperation(scalar: predictions.scalar, ignoredIndex: ignoredIndex),
        [targets.converted(to: predictions.layout)])
      truth = known[0]
      counts = ignoredIndex == nil ? nil : known[1]
      isSoft = targets.scalar.isFloatingPoint
      axes = mode == .multilabel ? [0] + space : Array(0..<predictions.rank)
    }
  }

  /// The predictions as probabilities, those that are ignored 0.
  func probabilities(fromLogits: Bool) throws -> Tensor {
    guard fromLogits else { return try counted(predictions) }
    return try counted(mode == .multiclass ? predictions.softmax(axis: 1) : predictions.sigmoid())
  }

  /// A tensor of the predictions' shape, 0 where positions are ignored.
  func counted(_ tensor: Tensor) throws -> Tensor { try counts.map { try tensor * $0 } ?? tensor }

  /// How many positions count for each class, in the shape of a sum over ``axes``, or one number for all.
  func countedPositions() throws -> Tensor {
    if let counts {
      let sum = try mode == .multiclass ? counts.sum() : counts.sum(axes: axes)
      return sum
    }
    let positions = axes.reduce(1) { $0 * predictions.shape[$1] }
    return try Tensor.full(Double(positions), TensorType([], predictions.scalar))
  }

  /// The mean over classes, or over those of a list, weighted as segmentation_models.pytorch does: Σ w · x / Σ w.
  ///
  /// - Parameter values: [C]; shape [] for binary predictions, which have no classes to choose or weigh.
  /// - Throws: ``MartletError`` for classes that are not there and for weights that are no weights.
  func classMean(
    _ values: Tensor, classes: [Int]?, weights: [Double]?, _ operation: String
  ) throws -> Tensor {
    if classes == nil && weights == nil { return try values.mean() }
    try require(
      mode != .binary, operation, "expected no classes or class weights for binary predictions, got some")
    let count = predictions.shape[1]
    let chosen = classes ?? Array(0..<count)
    try require(
      !chosen.isEmpty && Set(chosen).count == chosen.count && chosen.allSatisfy((0..<count).contains),
      operation, "expected different classes from 0 to \(count - 1), got \(chosen)")
    if let weights {
      try require(
        weights.count == count && weights.allSatisfy { $0 >= 0 && $0.isFinite }, operation,
        "expected \(count) class weights of 0 or more, got \(weights)")
    }
    let sum = chosen.reduce(0) { $0 + (weights?[$1] ?? 1) }
    try require(sum > 0, operation, "expected a class weight above 0, got \(weights ?? [])")
    var shares = [Double](repeating: 0, count: count)
    for index in chosen { shares[index] = (weights?[index] ?? 1) / sum }
    return try (values * Tensor(shape: [count], scalars: shares).cast(to: values.scalar)).sum()
  }
}

/// Targets of yes and no as floating-point numbers, and which of them count.
///
/// Masks of 0 and 255 taken for 0 and 1 give scores above 1 and losses below 0, so values are checked.
struct BinaryTargetsOperation: Operation {
  var scalar: ScalarType
  var ignoredIndex: Int?

  var name: String { "binary_targets" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    [inputs[0].with(scalar: scalar), inputs[0].with(scalar: scalar)]
  }

  func run(_ call: OperationCall) throws {
    switch call.inputs[0].type.scalar {
    case .float32: try fill(call, call.inputs[0].elements(Float.self)) { Double($0) }
    case .float64: try fill(call, call.inputs[0].elements(Double.self)) { $0 }
    case .int32: try fill(call, call.inputs[0].elements(Int32.self)) { Double($0) }
    case .int64: try fill(call, call.inputs[0].elements(Int64.self)) { Double($0) }
    case .uint8: try fill(call, call.inputs[0].elements(UInt8.self)) { Double($0) }
    case .bool: try fill(call, call.inputs[0].elements(Bool.self)) { $0 ? 1 : 0 }
    }
  }

  private func fill<Source>(
    _ call: OperationCall, _ source: UnsafeMutablePointer<Source>, _ number: (Source) -> Double
  ) throws {
    if scalar == .float64 {
      try fill(call, source, number, call.outputs[0].elements(Double.self), call.outputs[1].elements())
    } else {
      try fill(call, source, number, call.outputs[0].elements(Float.self), call.outputs[1].elements())
    }
  }

  private func fill<Source, Target: BinaryFloatingPoint>(
    _ call: OperationCall, _ source: UnsafeMutablePointer<Source>, _ number: (Source) -> Double,
    _ truth: UnsafeMutablePointer<Target>, _ counts: UnsafeMutablePointer<Target>
  ) throws {
    let type = call.inputs[0].type
    let ignored = ignoredIndex.map { Double($0) }
    for index in 0..<type.elementCount {
      let value = number(source[index])
      let counted = value != ignored
      guard !counted || value == 0 || value == 1 || (type.scalar.isFloatingPoint && value > 0 && value < 1)
      else {
        let range = type.scalar.isFloatingPoint ? "from 0 to 1" : "of 0 and 1"
        throw MartletError(
          name, "expected targets \(range)\(ignoredIndex.map { ", or \($0) to ignore" } ?? ""), got \(value)")
      }
      truth[index] = counted ? Target(value) : 0
      counts[index] = counted ? 1 : 0
    }
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] { [nil] }
}
