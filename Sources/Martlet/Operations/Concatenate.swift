import MartletKernels

/// Joins tensors along an axis.
public struct Concatenate: Operation {
  /// The axis along which sizes may differ, counted from the front.
  public var axis: Int

  public init(axis: Int) { self.axis = axis }

  public var name: String { "concatenate" }
  public func isIdentity(inputs: [TensorType], outputs: [TensorType]) -> Bool { inputs.count == 1 }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try require(!inputs.isEmpty, name, "expected at least one tensor, got none")
    var output = inputs[0]
    try require(
      output.shape.indices.contains(axis), name, "expected an axis below \(output.rank), got \(axis)")
    for (index, input) in inputs.enumerated().dropFirst() {
      var agreeing = input.shape
      if agreeing.count == output.rank { agreeing[axis] = inputs[0].shape[axis] }
      try require(
        agreeing == inputs[0].shape && input.scalar == output.scalar, name,
        "expected tensors that differ only along axis \(axis), got \(inputs[0]) and, at position \(index), \(input)"
      )
      try require(
        input.layout == output.layout, name,
        "expected one layout, got \(output.layout.rawValue) and \(input.layout.rawValue)")
      output.shape[axis] += input.shape[axis]
    }
    return [output]
  }

  public func run(_ call: OperationCall) throws {
    let output = call.outputs[0]
    let size = output.type.scalar.byteCount
    let strides = output.type.strides
    var start = 0
    for input in call.inputs {
      StridedCopy(
        shape: input.type.shape, sourceStrides: input.type.strides, targetStrides: strides,
        elementByteCount: size
      ).run(from: input.address, to: output.address + start * strides[axis] * size)
      start += input.type.shape[axis]
    }
  }

  public func gradient(_ context: GradientContext) throws -> [Tensor?] {
    var start = 0
    return try context.inputs.indices.map { index in
      let end = start + context.inputs[index].shape[axis]
      defer { start = end }
      guard context.wanted[index] else { return nil }
      return try context.outputGradient.sliced(axis: axis, from: start, to: end)
    }
  }
}

/// Joins tensors along an axis, as `torch.cat`; all other sizes and the element types must agree. Where one tensor is
/// channels-last, the result is. Negative axes count from the end.
public func concatenated(_ tensors: [Tensor], axis: Int) throws -> Tensor {
  guard let first = tensors.first else {
    throw MartletError("concatenate", "expected at least one tensor, got none")
  }
  let axis = try first.checkedAxis(axis, "concatenate")
  if tensors.count == 1 { return first }
  let layout = tensors.contains { $0.layout == .channelsLast } ? Layout.channelsLast : .rowMajor
  return try Tensor.apply(Concatenate(axis: axis), tensors.map { try $0.converted(to: layout) })[0]
}

/// Joins tensors of one shape along a new axis, as `torch.stack`. Negative axes count from the end of the result.
public func stacked(_ tensors: [Tensor], axis: Int = 0) throws -> Tensor {
  guard let first = tensors.first else {
    throw MartletError("stack", "expected at least one tensor, got none")
  }
  let position = axis < 0 ? axis + first.rank + 1 : axis
  return try concatenated(tensors.map { try $0.unsqueezed(axis) }, axis: position)
}
