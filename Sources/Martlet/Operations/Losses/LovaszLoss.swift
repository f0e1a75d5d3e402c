import MartletKernels

/// The Lovász extension of the Jaccard loss: errors, the largest first, each times what the Jaccard loss rises by when
/// its position is taken for wrong too.
///
/// Inputs: errors of 0 or more [N, C, space…], channels last; which positions are of the class, 1 or 0; and, where there
/// are some to leave out, which count. Outputs: the loss; its slope with respect to each error. Between ties the first
/// position has the larger slope.
struct LovaszOperation: Operation {
  /// Whether images are taken by themselves and their mean is the loss, instead of the batch as one image.
  var isPerImage: Bool
  /// Whether each channel is taken by itself, and the mean of those that have a position is the loss. Otherwise all
  /// channels are one.
  var separatesChannels: Bool

  var name: String { "lovasz" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let errors = inputs[0]
    try require(
      errors.scalar.isFloatingPoint && errors.rank >= 2, name,
      "expected floating-point errors with channels, got \(errors)")
    try require(
      errors.rank == 2 || errors.layout == .channelsLast, name, "expected channels-last errors, got \(errors)"
    )
    for other in inputs.dropFirst() {
      try require(other == errors, name, "expected a truth and counts of \(errors), got \(other)")
    }
    try require(
      errors.elementCount <= LovaszKernel.largestElementCount, name,
      "expected at most \(LovaszKernel.largestElementCount) errors, got \(errors)")
    return [TensorType([], errors.scalar), errors]
  }

  func run(_ call: OperationCall) {
    let type = call.inputs[0].type
    let loss = LovaszKernel(
      images: type.shape[0], positions: type.shape[2...].reduce(1, *), channels: type.shape[1],
      isPerImage: isPerImage, separatesChannels: separatesChannels
    ).run(
      type.scalar.elementType, errors: call.inputs[0].address, truth: call.inputs[1].address,
      counts: call.inputs.count > 2 ? UnsafeRawPointer(call.inputs[2].address) : nil,
      slopes: call.outputs[1].address)
    call.outputs[0].store(loss)
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] {
    guard let dy = context.outputGradients[0], context.wanted[0] else {
      return [Tensor?](repeating: nil, count: context.inputs.count)
    }
    return [try context.outputs[1] * dy] + [Tensor?](repeating: nil, count: context.inputs.count - 1)
  }
}

extension Loss {
  /// The Lovász loss of segmentation_models.pytorch: Lovász-softmax of classes that exclude each other, the mean over
  /// the classes that are there; otherwise the Lovász hinge of all elements.
  ///
  /// Berman, Triki and Blaschko, "The Lovász-softmax loss: a tractable surrogate for the optimization of the
  /// intersection-over-union measure in neural networks", 2018.
  ///
  /// - Parameters:
  ///   - logits: As the mode says, floating point.
  ///   - targets: As the mode says, integers or bool.
  ///   - isPerImage: Whether each image has a loss of its own and the mean is taken, instead of one for the batch.
  ///   - ignoredIndex: A target that takes no part. An image of nothing else counts with 0.
  /// - Returns: Shape [].
  /// - Throws: ``MartletError`` when shapes or types do not fit; when it runs, for a class index out of range and for
  ///   targets other than 0 and 1.
  public static func lovasz(
    _ logits: Tensor, _ targets: Tensor, mode: Mode, isPerImage: Bool = false, ignoredIndex: Int? = nil
  ) throws -> Tensor {
    try require(
      !targets.scalar.isFloatingPoint, "lovasz_loss",
      "expected integer or bool targets, got \(targets.type)")
    let operands = try LossOperands(logits, targets, mode, ignoredIndex: ignoredIndex, "lovasz_loss")
    let truth = try operands.truth.converted(to: .channelsLast)
    let errors: Tensor
    if mode == .multiclass {
      errors = try (truth - operands.predictions.softmax(axis: 1)).abs()
    } else {
      // What is not above 0 adds nothing, wherever it is sorted.
      errors = try (1 - operands.predictions.converted(to: .channelsLast) * (2 * truth - 1)).relu()
    }
    let counts = try operands.counts.map { [try $0.converted(to: .channelsLast).broadcast(to: errors.type)] }
    return try Tensor.apply(
      LovaszOperation(isPerImage: isPerImage, separatesChannels: mode == .multiclass),
      [errors, truth] + (counts ?? []))[0]
  }
}
