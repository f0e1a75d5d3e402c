import Martlet

extension OperationConverter {
  static let pooling: [OperationConverter] = [
    OperationConverter(MaxPool.self, maxPool), OperationConverter(MaxPoolGradient.self, maxUnpool),
    OperationConverter(AveragePool.self, averagePool),
    OperationConverter(GlobalAveragePool.self) { _, node in [node.node("GlobalAveragePool")] },
    OperationConverter({ $0.maxPoolPositions }, write: { [try positions($0, $1)] }),
  ]

  private static func maxPool(
    _ attributes: RecordedAttributes<MaxPool>, _ node: NodeContext
  ) throws -> [String] {
    // The window over all of space has the space's size.
    if attributes.isGlobal(node, \.window), !node.isRead[1] { return [node.node("GlobalMaxPool")] }
    let window = try attributes.fixed(\.window)
    return node.writer.node(
      "MaxPool", node.inputs, window.attributes + [.ints("dilations", window.dilation)], module: node.module,
      outputCount: node.isRead[1] ? 2 : 1)
  }

  /// Unpooling is pooling's gradient. ONNX numbers the largest elements through all of the tensor that was pooled, and its
  /// MaxUnpool refuses the size of a tensor over whose edge a window reached: so they are scattered.
  private static func maxUnpool(
    _ attributes: RecordedAttributes<MaxPoolGradient>, _ node: NodeContext
  ) throws -> [String] {
    let window = try attributes.fixed(\.window)
    let isUnpooling = window.kernel.indices.allSatisfy {
      window.stride[$0] > window.dilation[$0] * (window.kernel[$0] - 1)
    }
    guard isUnpooling else { throw node.unsupported() }
    let flat = try node.constant([-1])
    let shape = try node.vector(node.outputShape(), "the size of what was pooled")
    let count = node.node("ReduceProd", [shape], [.int("keepdims", 1)])
    let zeros = node.node("Expand", [try node.scalar(0), count])
    let places = node.node("Reshape", [node.inputs[1], flat])
    let values = node.node("Reshape", [node.inputs[0], flat])
    let scattered = node.node("ScatterElements", [zeros, places, values], [.int("axis", 0)])
    return [node.node("Reshape", [scattered, shape])]
  }

  /// What ONNX gives beside the largest elements are their positions already, counted through the whole tensor.
  private static func positions(
    _ attributes: RecordedAttributes<MaxPoolPositionAttributes>, _ node: NodeContext
  ) throws -> String {
    guard try attributes.fixed(\.withinChannels) else { return node.inputs[0] }
    let space = try node.vector(attributes.sizes(\.space), "the size of what was pooled")
    return node.node("Mod", [node.inputs[0], node.node("ReduceProd", [space], [.int("keepdims", 1)])])
  }

  private static func averagePool(
    _ attributes: RecordedAttributes<AveragePool>, _ node: NodeContext
  ) throws -> [String] {
    let divisor = try attributes.fixed(\.divisor)
    guard divisor != .one else { throw node.unsupported() }
    if attributes.isGlobal(node, \.window) { return [node.node("GlobalAveragePool")] }
    let window = try attributes.fixed(\.window)
    let isDilated = window.dilation.contains { $0 > 1 }
    // Before operator set 19 windows had no dilation, and it was not said what one that reaches beyond the padding is
    // divided by.
    try require(
      node.opset >= 19 || !isDilated && !(divisor == .paddedInput && window.ceilMode), "onnx",
      "expected operator set 19 or later for \(attributes.operation) in \(node.place) with dilation, or ceil mode and "
        + "counted padding, got \(node.opset)")
    let counts = WireAttribute.int("count_include_pad", divisor == .paddedInput ? 1 : 0)
    let dilations: [WireAttribute] = isDilated ? [.ints("dilations", window.dilation)] : []
    return [node.node("AveragePool", window.attributes + [counts] + dilations)]
  }
}

extension PoolingWindow {
  fileprivate var attributes: [WireAttribute] {
    [
      .ints("kernel_shape", kernel), .ints("strides", stride), .ints("pads", paddingBefore + paddingAfter),
      .int("ceil_mode", ceilMode ? 1 : 0),
    ]
  }
}

extension RecordedAttributes {
  /// Whether the window is all of space in every recording.
  fileprivate func isGlobal(_ node: NodeContext, _ window: KeyPath<Attributes, PoolingWindow>) -> Bool {
    zip(values, node.inputTypes[0]).allSatisfy {
      let window = $0[keyPath: window]
      return window.kernel == $1.space && (window.paddingBefore + window.paddingAfter).allSatisfy { $0 == 0 }
        && window.dilation.allSatisfy { $0 == 1 }
    }
  }
}
