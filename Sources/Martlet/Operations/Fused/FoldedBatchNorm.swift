import MartletKernels

/// The weight and bias of a convolution that does the work of the batch normalisation after it.
///
/// Inputs: the convolution's weight, of C output channels; of C elements each the running mean, the running variance, the
/// normalisation's weight and bias; and the convolution's own bias if it has one. Outputs: weight and bias. Made by graph
/// passes only.
struct FoldedBatchNorm: WeightPreparation {
  var epsilon: Double
  /// Whether the weight is a transposed convolution's, [inputs, C / groups, kernel…].
  var isTransposed: Bool
  var groups: Int

  var name: String { "fold_batch_norm" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let channels = isTransposed ? inputs[0].shape[1] * groups : inputs[0].shape[0]
    let vector = TensorType([channels], inputs[0].scalar)
    _ = try inputs[0].realFormat(name)
    try require(
      (5...6).contains(inputs.count) && inputs.dropFirst().allSatisfy { $0 == vector }, name,
      "expected vectors \(vector) for a weight \(inputs[0]), got \(inputs.dropFirst())")
    return [inputs[0], vector]
  }

  func run(_ call: OperationCall) {
    switch call.inputs[0].type.checkedFormat {
    case .float32: fold(call, Float.self)
    case .float64: fold(call, Double.self)
    }
  }

  /// In float64, so that folding itself adds one rounding and no more.
  private func fold<Scalar: BinaryFloatingPoint & TensorScalar>(_ call: OperationCall, _: Scalar.Type) {
    func vector(_ index: Int) -> UnsafeMutablePointer<Scalar> { call.inputs[index].elements() }
    let (mean, variance, gamma, beta) = (vector(1), vector(2), vector(3), vector(4))
    let bias = call.inputs.count > 5 ? vector(5) : nil
    let channels = call.inputs[1].type.elementCount
    let scales = (0..<channels).map { Double(gamma[$0]) / (Double(variance[$0]) + epsilon).squareRoot() }
    let shifts = call.outputs[1].elements(Scalar.self)
    for c in 0..<channels {
      shifts[c] = Scalar((Double(bias?[c] ?? 0) - Double(mean[c])) * scales[c] + Double(beta[c]))
    }
    let shape = call.inputs[0].type.shape
    let (from, to) = (vector(0), call.outputs[0].elements(Scalar.self))
    // Rows of weights that belong to one channel.
    let rows = isTransposed ? shape[0] * shape[1] : shape[0]
    let count = rows == 0 ? 0 : call.inputs[0].type.elementCount / rows
    ThreadPool.parallelFor(rows) { row in
      let group = isTransposed ? row / shape[1] * groups / shape[0] : 0
      let scale = scales[isTransposed ? group * shape[1] + row % shape[1] : row]
      for index in row * count..<(row + 1) * count { to[index] = Scalar(Double(from[index]) * scale) }
    }
  }
}
