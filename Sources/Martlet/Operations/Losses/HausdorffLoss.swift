import MartletKernels

/// The square of each element's distance to the border between the elements above ½ and the others, for each channel of
/// each image; 0 where a channel has elements on one side only. Without a gradient.
struct DistanceFieldOperation: Operation {
  var name: String { "distance_field" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let type = inputs[0]
    try require(
      type.scalar.isFloatingPoint && type.rank >= 3, name,
      "expected floating-point numbers of shape [N, C, space…], got \(type)")
    return [type]
  }

  func run(_ call: OperationCall) {
    if call.inputs[0].type.scalar == .float64 { fill(call, Double.self) } else { fill(call, Float.self) }
  }

  private func fill<Scalar: TensorScalar & BinaryFloatingPoint>(_ call: OperationCall, _: Scalar.Type) {
    let type = call.inputs[0].type
    guard type.elementCount > 0 else { return }
    let source = call.inputs[0].elements(Scalar.self)
    let target = call.outputs[0].elements(Scalar.self)
    let (channels, space) = (type.shape[1], Array(type.shape[2...]))
    let positions = space.reduce(1, *)
    let step = type.layout == .channelsLast ? channels : 1
    ThreadPool.parallelFor(type.shape[0] * channels) { plane in
      let (image, channel) = (plane / channels, plane % channels)
      let start = image * channels * positions + (step == 1 ? channel * positions : channel)
      let inside = (0..<positions).map { UInt8(source[start + $0 * step] > 0.5 ? 1 : 0) }
      let field = Self.field(inside, space)
      for position in 0..<positions { target[start + position * step] = Scalar(field?[position] ?? 0) }
    }
  }

  /// `nil` where there is no border.
  private static func field(_ inside: [UInt8], _ space: [Int]) -> [Double]? {
    guard inside.contains(0), inside.contains(1) else { return nil }
    func distances(_ mask: [UInt8]) -> [Double] {
      mask.withUnsafeBufferPointer {
        squaredDistances(toZerosOf: $0, shape: space, spacing: space.map { _ in 1 })
      }
    }
    // At each element one of the two is 0.
    return zip(distances(inside), distances(inside.map { 1 - $0 })).map { $0 + $1 }
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] { [nil] }
}

extension Loss {
  /// The Hausdorff loss by distance transforms, as MONAI's `HausdorffDTLoss`: the mean over images, classes and space of
  /// (p − t)² · (d(p)^α + d(t)^α), with p the probabilities, t the truth and d the distance to the border of what is
  /// above ½. Distances have no gradient.
  ///
  /// Karimi and Salcudean, "Reducing the Hausdorff distance in medical image segmentation with convolutional neural
  /// networks", 2019.
  ///
  /// - Parameters:
  ///   - predictions: [N, C, space…] as the mode says, with a space.
  ///   - targets: As the mode says.
  ///   - alpha: The distances' exponent, above 0.
  ///   - includesBackground: Whether channel 0 takes part where there are others.
  ///   - ignoredIndex: A target that takes no part: prediction and truth count as 0 there.
  /// - Returns: Shape [].
  /// - Throws: ``MartletError`` when shapes or types do not fit; when it runs, for a class index out of range and for
  ///   targets other than 0 and 1.
  public static func hausdorff(
    _ predictions: Tensor, _ targets: Tensor, mode: Mode, alpha: Double = 2, includesBackground: Bool = false,
    fromLogits: Bool = true, ignoredIndex: Int? = nil
  ) throws -> Tensor {
    let operation = "hausdorff_loss"
    try require(
      alpha > 0 && alpha.isFinite, operation, "expected an exponent above 0, got \(alpha)")
    try require(
      predictions.rank >= 3, operation,
      "expected predictions of shape [N, C, space…], got \(predictions.type)")
    let operands = try LossOperands(predictions, targets, mode, ignoredIndex: ignoredIndex, operation)
    var probabilities = try operands.probabilities(fromLogits: fromLogits)
    var truth = operands.truth
    if predictions.shape[1] > 1 && !includesBackground {
      probabilities = try probabilities.sliced(axis: 1, from: 1)
      truth = try truth.sliced(axis: 1, from: 1)
    }
    func weight(_ tensor: Tensor) throws -> Tensor {
      let field = try Tensor.apply(DistanceFieldOperation(), [tensor])[0]
      return alpha == 2 ? field : try field.power(alpha / 2)
    }
    let weights = try weight(probabilities) + weight(truth)
    return try ((probabilities - truth).square() * weights).mean()
  }
}
