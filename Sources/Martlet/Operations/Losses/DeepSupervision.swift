extension Loss {
  /// The weighted sum of a loss of several outputs against one target: deep supervision (Lee et al., "Deeply-supervised
  /// nets", 2015), as MONAI's `DeepSupervisionLoss`. For an output of another size the target is resized to it by taking
  /// nearest elements.
  ///
  /// - Parameters:
  ///   - outputs: [N, C, space…] each.
  ///   - targets: [N, space…] or [N, C, space…], of any element type.
  ///   - weights: One for each output, such as 1, ½, ¼.
  ///   - loss: The loss of one output, a scalar.
  /// - Returns: Shape [].
  /// - Throws: ``MartletError`` when there is not one weight an output, when shapes do not fit, and what the loss throws.
  public static func deeplySupervised(
    _ outputs: [Tensor], _ targets: Tensor, weights: [Double],
    loss: (_ output: Tensor, _ targets: Tensor) throws -> Tensor
  ) throws -> Tensor {
    let operation = "deep_supervision"
    try require(
      !outputs.isEmpty && outputs.count == weights.count, operation,
      "expected one weight an output, got \(outputs.count) outputs and \(weights.count) weights")
    try require(
      weights.allSatisfy { $0 >= 0 && $0.isFinite }, operation,
      "expected weights of 0 or more, got \(weights)")
    var total: Tensor?
    for (output, weight) in zip(outputs, weights) {
      let axes = output.rank - 2
      try require(
        axes >= 0 && targets.rank > axes, operation,
        "expected an output [N, C, space…] for targets \(targets.type), got \(output.type)")
      let term = try loss(output, targets.resizedToNearest(Array(output.shape[2...]))) * weight
      total = try total.map { try $0 + term } ?? term
    }
    guard let total else { preconditionFailure("there is an output") }
    return total
  }
}

extension Tensor {
  /// The last axes at another size, each element the one in which its centre lies: mode `nearest-exact` of
  /// `torch.nn.functional.interpolate`, for any element type.
  func resizedToNearest(_ size: [Int]) throws -> Tensor {
    var result = self
    for (offset, to) in size.enumerated() {
      let axis = rank - size.count + offset
      let from = shape[axis]
      if from == to { continue }
      try require(from > 0, "deep_supervision", "expected targets that are not empty, got \(type)")
      // In whole numbers, so that no rounding is in the way.
      let indices = (0..<to).map { Int64((2 * $0 + 1) * from / (2 * to)) }
      result = try result.selecting(Tensor(shape: [to], scalars: indices), axis: axis)
    }
    return result
  }
}
