import Martlet

extension OperationConverter {
  static let pooling: [OperationConverter] = [
    OperationConverter(MaxPool.self, maxPool), OperationConverter(MaxPoolGradient.self, maxUnpool),
    OperationConverter(AveragePool.self, averagePool),
    OperationConverter(GlobalAveragePool.self) { _, node in [node.node("GlobalAveragePool")] },
    OperationConverter(Upsample.self, upsample),
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

  private static func averagePool(
    _ attributes: RecordedAttributes<AveragePool>, _ node: NodeContext
  ) throws -> [String] {
    if attributes.isGlobal(node, \.window) { return [node.node("GlobalAveragePool")] }
    let window = try attributes.fixed(\.window)
    let counts = try attributes.fixed(\.countsPadding)
    // Before operator set 19 it was not said what a window that reaches beyond the padding is divided by.
    try require(
      node.opset >= 19 || !counts || !window.ceilMode, "onnx",
      "expected operator set 19 or later for \(attributes.operation) in \(node.place) with ceil mode and counted "
        + "padding, got \(node.opset)")
    return [node.node("AveragePool", window.attributes + [.int("count_include_pad", counts ? 1 : 0)])]
  }

  private static func upsample(
    _ attributes: RecordedAttributes<Upsample>, _ node: NodeContext
  ) throws -> [String] {
    let (inputs, outputs) = (node.inputShape(), attributes.sizes(\.size))
    let mode = try resizing(attributes.fixed(\.mode))
    // Scales where they were asked for or every size is a whole multiple; otherwise sizes.
    if let scale = try attributes.fixed(\.scale) ?? wholeRatios(Array(inputs.dropFirst(2)), outputs) {
      let scales = try Tensor(shape: [scale.count + 2], scalars: [1, 1] + scale.map { Float($0) })
      return [node.node("Resize", [node.inputs[0], "", try node.writer.constant(scales)], mode)]
    }
    let size = try node.vector(inputs.prefix(2) + outputs, "the size of an upsampling")
    return [node.node("Resize", [node.inputs[0], "", "", size], mode)]
  }

  private static func resizing(_ mode: UpsamplingMode) -> [WireAttribute] {
    switch mode {
    case .nearest:
      [
        .string("mode", "nearest"), .string("coordinate_transformation_mode", "asymmetric"),
        .string("nearest_mode", "floor"),
      ]
    case .linear(let aligns), .bilinear(let aligns), .trilinear(let aligns):
      [
        .string("mode", "linear"),
        .string("coordinate_transformation_mode", aligns ? "align_corners" : "half_pixel"),
      ]
    }
  }

  private static func wholeRatios(_ inputs: [RecordedSize], _ outputs: [RecordedSize]) -> [Double]? {
    let ratios = zip(inputs, outputs).compactMap { input, output -> Double? in
      let ratio = output.values[0] / max(input.values[0], 1)
      let holds = zip(input.values, output.values).allSatisfy { $1 == $0 * ratio }
      return holds ? Double(ratio) : nil
    }
    return ratios.count == outputs.count ? ratios : nil
  }
}

extension PoolingWindow {
  fileprivate var attributes: [WireAttribute] {
    [
      .ints("kernel_shape", kernel), .ints("strides", stride), .ints("pads", padding + padding),
      .int("ceil_mode", ceilMode ? 1 : 0),
    ]
  }
}

extension RecordedAttributes {
  /// Whether the window is all of space in every recording.
  fileprivate func isGlobal(_ node: NodeContext, _ window: KeyPath<Attributes, PoolingWindow>) -> Bool {
    zip(values, node.inputTypes[0]).allSatisfy {
      let window = $0[keyPath: window]
      return window.kernel == $1.space && window.padding.allSatisfy { $0 == 0 }
        && window.dilation.allSatisfy { $0 == 1 }
    }
  }
}
