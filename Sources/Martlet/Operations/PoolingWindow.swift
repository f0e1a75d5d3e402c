import MartletKernels

/// How a pooling window moves over space: one value an axis.
public struct PoolingWindow: Hashable, Sendable {
  /// The window's size in elements, 1 or more.
  public var kernel: [Int]
  /// How far the window moves, 1 or more.
  public var stride: [Int]
  /// Positions before the first and after the last element of each axis.
  public var paddingBefore: [Int]
  /// Positions after the last element of each axis: as those before the first, fewer than a window spans.
  public var paddingAfter: [Int]
  /// How far apart a window's elements lie, 1 or more.
  public var dilation: [Int]
  /// Whether the last window may reach beyond the padded input, as long as it does not start after the input.
  public var ceilMode: Bool

  /// Numbers are checked by the pooling that has the window.
  public init(
    kernel: [Int], stride: [Int], paddingBefore: [Int], paddingAfter: [Int], dilation: [Int], ceilMode: Bool
  ) {
    self.kernel = kernel
    self.stride = stride
    self.paddingBefore = paddingBefore
    self.paddingAfter = paddingAfter
    self.dilation = dilation
    self.ceilMode = ceilMode
  }

  /// One value for every axis, or one for each; without a stride the windows touch, without other padding after than
  /// before it is the same.
  init(
    axes: Int, kernel: [Int], stride: [Int]?, padding: [Int], paddingAfter: [Int]?, dilation: [Int],
    ceilMode: Bool, _ operation: String
  ) throws {
    self.init(
      kernel: try perAxis(kernel, axes, "the kernel", operation),
      stride: try perAxis(stride ?? kernel, axes, "the stride", operation),
      paddingBefore: try perAxis(padding, axes, "the padding", operation),
      paddingAfter: try perAxis(paddingAfter ?? padding, axes, "the padding", operation),
      dilation: try perAxis(dilation, axes, "the dilation", operation), ceilMode: ceilMode)
  }

  /// Taps of a whole window.
  var tapCount: Int { kernel.reduce(1, *) }

  /// Sizes beyond these are refused: coordinates are computed with them and must not overflow, and padding makes output.
  private static let largest = Int(Int32.max)
  private static let largestPadding = 1 << 24

  /// The output's space, by the rule of PyTorch and ONNX.
  func outputSpace(of input: TensorType, _ operation: String) throws -> [Int] {
    let space = input.space
    let values = [kernel, stride, dilation, paddingBefore, paddingAfter]
    try require(
      values.allSatisfy { $0.count == space.count }, operation,
      "expected \(space.count) values for each of kernel \(kernel), stride \(stride), dilation \(dilation) and padding "
        + "\(paddingBefore) and \(paddingAfter) (\(input))")
    try require(
      values.prefix(3).allSatisfy { $0.allSatisfy { (1...Self.largest).contains($0) } }, operation,
      "expected positive kernel, stride and dilation, got \(kernel), \(stride) and \(dilation)")
    try require(
      kernel.reduce(1.0) { $0 * Double($1) } <= Double(Self.largest), operation,
      "expected a window of fewer elements, got \(kernel)")
    return try space.indices.map { axis in
      let (stride, before, after) = (stride[axis], paddingBefore[axis], paddingAfter[axis])
      let reach = dilation[axis] * (kernel[axis] - 1) + 1
      try require(
        [before, after].allSatisfy { (0..<reach).contains($0) && $0 <= Self.largestPadding }, operation,
        "expected padding of less than the window of \(reach), got \(before) and \(after)")
      let room = space[axis] + before + after - reach + (ceilMode ? stride - 1 : 0)
      var size = room < 0 ? 0 : room / stride + 1
      // A window must start on the input or on the padding before it.
      if ceilMode && (size - 1) * stride >= space[axis] + before { size -= 1 }
      try require(
        size >= 1, operation,
        "a window of \(reach) does not fit a space axis of \(space[axis]) with padding \(before) and \(after) "
          + "(\(input))")
      return size
    }
  }
}
