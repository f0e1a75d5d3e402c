import Martlet

extension OperationConverter {
  static let convolution: [OperationConverter] = [
    OperationConverter(ConvolutionOperation.self, write),
    OperationConverter(TransposedConvolutionOperation.self, write),
  ]

  private static func write(
    _ attributes: RecordedAttributes<ConvolutionOperation>, _ node: NodeContext
  ) throws -> [String] {
    let convolved = node.node("Conv", try write(attributes.fixed(\.options), node))
    return [try attributes.fixed(\.rectifies) ? node.node("Relu", [convolved]) : convolved]
  }

  private static func write(
    _ attributes: RecordedAttributes<TransposedConvolutionOperation>, _ node: NodeContext
  ) throws -> [String] {
    var options = try attributes.fixed(\.options)
    // What is cut off behind less than nothing is output padding.
    options.paddingAfter = options.paddingAfter.map { max($0, 0) }
    let kernel = node.inputTypes[1][0].space
    let reaches = zip(options.dilation, kernel).map { $0 * ($1 - 1) + 1 }
    let paddings = zip(options.paddingBefore, options.paddingAfter).map { $0 + $1 }
    let smallest = node.inputTypes[0].map { input in
      input.space.indices.map { axis -> Int in
        (input.space[axis] - 1) * options.stride[axis] + reaches[axis] - paddings[axis]
      }
    }
    let outputPadding = zip(attributes.sizes(\.outputSpace), [RecordedSize](smallest)).map { $0 - $1 }
    guard let extra = outputPadding.fixed else {
      throw InexpressibleSize(
        size: outputPadding.first { $0.fixed == nil } ?? outputPadding[0],
        what: "the output padding of \(attributes.operation)")
    }
    let more: [WireAttribute] = extra.allSatisfy { $0 == 0 } ? [] : [.ints("output_padding", extra)]
    let convolved = node.node("ConvTranspose", try write(options, node) + more)
    return [try attributes.fixed(\.rectifies) ? node.node("Relu", [convolved]) : convolved]
  }

  private static func write(_ options: ConvolutionOptions, _ node: NodeContext) throws -> [WireAttribute] {
    guard options.paddingAfter.allSatisfy({ $0 >= 0 }) else { throw node.unsupported() }
    return [
      .ints("kernel_shape", node.inputTypes[1][0].space), .ints("strides", options.stride),
      .ints("dilations", options.dilation), .int("group", options.groups),
      .ints("pads", options.paddingBefore + options.paddingAfter),
    ]
  }
}
