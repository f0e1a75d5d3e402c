import MartletKernels

/// How a kernel moves over its input. Each list holds one number for all space dimensions or one for each.
public struct ConvolutionOptions: Hashable, Sendable {
  public var stride: [Int]
  /// Zeros put before the input, in each space dimension.
  public var padding: [Int]
  /// Zeros put after the input; as many as before it where this is `nil`.
  public var paddingAfter: [Int]?
  public var dilation: [Int]
  public var groups: Int

  public init(
    stride: [Int] = [1], padding: [Int] = [0], paddingAfter: [Int]? = nil, dilation: [Int] = [1], groups: Int = 1
  ) {
    self.stride = stride
    self.padding = padding
    self.paddingAfter = paddingAfter
    self.dilation = dilation
    self.groups = groups
  }
}

/// A convolution's options with a number for each of its space dimensions: an operation's attributes.
struct ConvolutionGeometry: Hashable, Sendable {
  var stride: [Int]
  var padding: [Int]
  var paddingAfter: [Int]
  var dilation: [Int]
  var groups: Int

  /// - Throws: ``MartletError`` when a list has another length, or a number cannot be.
  init(_ options: ConvolutionOptions, axes: Int, _ name: String) throws {
    func expanded(_ values: [Int], _ what: String, from least: Int) throws -> [Int] {
      try require(
        (values.count == 1 || values.count == axes) && values.allSatisfy { $0 >= least && $0 <= 1 << 24 }, name,
        "expected a \(what) of \(least) or more, one or \(axes) numbers, got \(values)")
      return values.count == axes ? values : Array(repeating: values[0], count: axes)
    }
    try require((1...3).contains(axes), name, "expected 1 to 3 space dimensions, got \(axes)")
    stride = try expanded(options.stride, "stride", from: 1)
    padding = try expanded(options.padding, "padding", from: 0)
    paddingAfter = try expanded(options.paddingAfter ?? options.padding, "padding", from: 0)
    dilation = try expanded(options.dilation, "dilation", from: 1)
    groups = options.groups
    try require(groups > 0, name, "expected 1 or more groups, got \(groups)")
  }

  /// The space that a convolution of a kernel over an input gives.
  ///
  /// - Throws: ``MartletError`` when the kernel does not fit into the padded input.
  func outputSpace(_ input: [Int], kernel: [Int], _ name: String) throws -> [Int] {
    try input.indices.map { axis in
      let reach = dilation[axis] * (kernel[axis] - 1) + 1
      let padded = input[axis] + padding[axis] + paddingAfter[axis]
      try require(
        padded >= reach, name,
        "expected a padded input of at least \(reach) for kernel \(kernel) and dilation \(dilation), got \(padded) "
          + "(input \(input), padding \(padding) and \(paddingAfter))")
      return (padded - reach) / stride[axis] + 1
    }
  }

  /// The kernels' description of the convolution from `input` [N, C, space…] to `output` [N, K, space…].
  func shape(input: [Int], output: [Int], kernel: [Int]) -> ConvolutionShape {
    func extent(_ values: some Collection<Int>, filler: Int) -> SpatialExtent {
      let full = Array(repeating: filler, count: 3 - values.count) + values
      return SpatialExtent(full[0], full[1], full[2])
    }
    return ConvolutionShape(
      batch: input[0], inputChannels: input[1], outputChannels: output[1], groups: groups,
      input: extent(input.dropFirst(2), filler: 1), output: extent(output.dropFirst(2), filler: 1),
      kernel: extent(kernel, filler: 1), stride: extent(stride, filler: 1), dilation: extent(dilation, filler: 1),
      paddingBefore: extent(padding, filler: 0))
  }
}
