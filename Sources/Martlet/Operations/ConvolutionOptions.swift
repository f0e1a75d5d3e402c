import MartletKernels

/// How a convolution's kernel moves over its input: stride, padding, dilation and groups.
///
/// Values are one for every space axis, or a single one for all of them. Padding is with zeros and may differ between
/// the two sides of an axis.
public struct ConvolutionOptions: Hashable, Sendable {
  /// How far the kernel moves for the next output element, 1 or more.
  public var stride: [Int]
  /// Zeros before the first and after the last element of each axis.
  public var paddingBefore: [Int]
  /// Zeros after the last element of each axis.
  public var paddingAfter: [Int]
  /// How far apart on the input the kernel's elements lie, 1 or more.
  public var dilation: [Int]
  /// How many groups of channels are convolved by themselves: it divides the numbers of input and output channels.
  public var groups: Int

  /// The same padding on both sides of an axis.
  public init(stride: [Int], padding: [Int] = [0], dilation: [Int] = [1], groups: Int = 1) {
    self.init(
      stride: stride, paddingBefore: padding, paddingAfter: padding, dilation: dilation, groups: groups)
  }

  /// Padding of its own for each side of an axis. Numbers are checked by what they are used for.
  public init(
    stride: [Int] = [1], paddingBefore: [Int], paddingAfter: [Int], dilation: [Int] = [1], groups: Int = 1
  ) {
    self.stride = stride
    self.paddingBefore = paddingBefore
    self.paddingAfter = paddingAfter
    self.dilation = dilation
    self.groups = groups
  }

  /// The same along every axis.
  public init(stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1) {
    self.init(stride: [stride], padding: [padding], dilation: [dilation], groups: groups)
  }

  /// One value for each of `axes` space axes, checked: strides and dilations of 1 or more, padding of 0 or more.
  ///
  /// - Parameter mayCrop: Whether padding after the last element may be negative: the operations' own gradients need
  ///   that, users do not.
  func resolved(axes: Int, _ operation: String, mayCrop: Bool = false) throws -> ConvolutionOptions {
    var options = self
    options.stride = try perAxis(stride, axes, "the stride", operation)
    options.paddingBefore = try perAxis(paddingBefore, axes, "the padding", operation)
    options.paddingAfter = try perAxis(paddingAfter, axes, "the padding", operation)
    options.dilation = try perAxis(dilation, axes, "the dilation", operation)
    for (what, values, least) in [
      ("stride", options.stride, 1), ("padding", options.paddingBefore, 0),
      ("padding", options.paddingAfter, mayCrop ? -Self.largest : 0), ("dilation", options.dilation, 1),
    ] {
      try require(
        values.allSatisfy { $0 >= least && $0 <= Self.largest }, operation,
        "expected a \(what) of \(max(least, 0)) or more along each axis, got \(values)")
    }
    try require(groups >= 1, operation, "expected 1 or more groups, got \(groups)")
    return options
  }

  /// The options of an operation, which have a value for each space axis.
  func checked(axes: Int, _ operation: String) throws -> ConvolutionOptions {
    let resolved = try resolved(axes: axes, operation, mayCrop: true)
    try require(
      resolved == self, operation,
      "expected a stride, padding and dilation for each of \(axes) axes, got \(stride), \(paddingBefore), \(dilation)"
    )
    return resolved
  }

  /// Sizes beyond this are refused: coordinates are computed with them and must not overflow.
  private static let largest = 1 << 24

  /// Output sizes of a convolution with these (resolved) options.
  func outputSpace(of input: [Int], kernel: [Int], _ operation: String) throws -> [Int] {
    try input.indices.map { axis in
      let padded = input[axis] + paddingBefore[axis] + paddingAfter[axis]
      let reach = dilation[axis] * (kernel[axis] - 1) + 1
      try require(
        padded >= reach, operation,
        "expected an input of at least \(reach) with padding along space axis \(axis), got \(padded) "
          + "(input \(input), kernel \(kernel), padding \(paddingBefore) and \(paddingAfter))")
      return (padded - reach) / stride[axis] + 1
    }
  }
}

/// The type of a convolution's weight, [outputs, inputs / groups, kernel…], and what it is checked against.
struct ConvolutionTypes {
  /// conv1d, conv2d or conv3d by the number of space axes, with a prefix and a suffix.
  static func name(_ stem: String, axes: Int) -> String { "\(stem)\(axes)d" }

  /// Checks a weight's rank, element type and sizes against an activation's.
  static func checkWeight(_ weight: TensorType, for input: TensorType, _ operation: String) throws {
    try input.requireActivation(operation)
    try require(
      weight.rank == input.rank && weight.layout == .rowMajor, operation,
      "expected a row-major weight of \(input.rank) axes for an input of \(input.rank), got weight \(weight), "
        + "input \(input)")
    try require(
      weight.scalar == input.scalar, operation,
      "expected weight and input of one element type, got weight \(weight), input \(input)")
    try require(
      weight.shape.allSatisfy { (1...(1 << 24)).contains($0) }, operation,
      "expected weight sizes of 1 or more, got \(weight.shape)")
  }

  static func checkBias(_ bias: TensorType, channels: Int, _ scalar: ScalarType, _ operation: String) throws {
    try require(
      bias.shape == [channels] && bias.scalar == scalar, operation,
      "expected a bias of \(scalar.rawValue)[\(channels)], got \(bias)")
  }
}

extension ConvolutionShape {
  /// The kernels' description of a convolution from `input` [N, C, …] to `output` [N, K, …] by a kernel of `space`.
  init(input: TensorType, output: TensorType, kernel: [Int], _ options: ConvolutionOptions) {
    self.init(
      batch: input.shape[0], inputChannels: input.shape[1], outputChannels: output.shape[1],
      groups: options.groups, input: SpatialExtent(input.space, 1), output: SpatialExtent(output.space, 1),
      kernel: SpatialExtent(kernel, 1), stride: SpatialExtent(options.stride, 1),
      dilation: SpatialExtent(options.dilation, 1), paddingBefore: SpatialExtent(options.paddingBefore, 0))
  }
}

extension SpatialExtent {
  /// One to three values, the axes before them filled up.
  fileprivate init(_ values: [Int], _ filler: Int) {
    let full = [Int](repeating: filler, count: 3 - values.count) + values
    self.init(full[0], full[1], full[2])
  }
}
