import Martlet

extension OperatorTable {
  /// Convolutions of one to three space axes.
  static let convolutions: [OperatorDefinition] = [
    OperatorDefinition("Conv", inputs: 2...3, limits: "1 to 3 axes of space") { node in
      let space = try SpaceAttributes(&node)
      let groups = try node.integer("group", default: 1)
      return { inputs in
        let (x, weight) = (try inputs[0], try inputs[1])
        let window = try space.resolved(x.space, kernel: weight.space)
        return [
          try x.convolution(
            weight, bias: inputs.optional(2),
            ConvolutionOptions(
              stride: window.strides, paddingBefore: window.before, paddingAfter: window.after,
              dilation: window.dilations, groups: groups))
        ]
      }
    },
    OperatorDefinition("ConvTranspose", inputs: 2...3, limits: "1 to 3 axes of space") { node in
      let space = try SpaceAttributes(&node)
      let groups = try node.integer("group", default: 1)
      let extra = try node.integers("output_padding")
      let outputShape = try node.integers("output_shape")
      return { inputs in
        let (x, weight) = (try inputs[0], try inputs[1])
        var window = try space.resolved(x.space, kernel: weight.space)
        var outputPadding = extra ?? x.space.map { _ in 0 }
        try require(
          outputPadding.count == x.space.count && outputPadding.allSatisfy { (0...(1 << 24)).contains($0) },
          "conv_transpose",
          "expected output_padding for \(x.space.count) axes, got \(outputPadding)")
        if let size = try transposedSize(x, window, space.autoPad, outputShape) {
          for axis in x.space.indices {
            let whole = (x.space[axis] - 1) * window.strides[axis] + window.reach(axis) + outputPadding[axis]
            let total = max(whole - size[axis], 0)
            // What padding does not take away is added behind.
            outputPadding[axis] += max(size[axis] - whole, 0)
            let isUpper = space.autoPad == .sameUpper
            window.before[axis] = isUpper ? total / 2 : total - total / 2
            window.after[axis] = total - window.before[axis]
          }
        }
        return [
          try x.transposedConvolution(
            weight, bias: inputs.optional(2),
            ConvolutionOptions(
              stride: window.strides, paddingBefore: window.before, paddingAfter: window.after,
              dilation: window.dilations, groups: groups), outputPadding: outputPadding)
        ]
      }
    },
  ]
}

/// The space of a transposed convolution's output where it is given rather than its padding.
private func transposedSize(
  _ x: Tensor, _ window: SpaceAttributes.Resolved, _ autoPad: SpaceAttributes.AutoPad, _ shape: [Int]?
) throws -> [Int]? {
  if let shape {
    // Some files give batch and channels too.
    let size = shape.count == x.rank ? Array(shape.dropFirst(2)) : shape
    try require(
      size.count == x.space.count && size.allSatisfy { (1...Int(Int32.max)).contains($0) }, "conv_transpose",
      "expected output_shape for \(x.space.count) axes, got \(shape)")
    return size
  }
  guard autoPad == .sameUpper || autoPad == .sameLower else { return nil }
  return zip(x.space, window.strides).map { $0 * $1 }
}
