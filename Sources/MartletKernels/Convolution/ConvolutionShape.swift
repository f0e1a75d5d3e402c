/// Sizes or steps along depth, height and width. Convolutions of fewer dimensions leave the first ones at 1
/// (sizes, steps) or 0 (padding).
public struct SpatialExtent: Hashable, Sendable {
  /// Along the slowest axis, which only volumes have.
  public var depth: Int
  /// Along the axis before the last, which images and volumes have.
  public var height: Int
  /// Along the fastest axis, the only one that sequences have.
  public var width: Int

  public init(_ depth: Int, _ height: Int, _ width: Int) {
    self.depth = depth
    self.height = height
    self.width = width
  }

  /// The three multiplied: pixels of an image, taps of a kernel.
  public var count: Int { depth * height * width }

  /// Axis 0 is depth, 2 is width.
  public subscript(axis: Int) -> Int { axis == 0 ? depth : axis == 1 ? height : width }
}

/// Everything that a convolution's kernels need to know of it, for any number of spatial dimensions up to three.
///
/// Input and output lie channels last, [batch, depth, height, width, channels]; weights in PyTorch's order,
/// [output channels, input channels / groups, depth, height, width]. Output pixel o reads input pixel
/// o · stride − paddingBefore + k · dilation for kernel tap k; outside the input lie zeros. How much padding
/// follows the input is told by the output's size alone.
public struct ConvolutionShape: Hashable, Sendable {
  /// How many images, or volumes, or sequences there are.
  public var batch: Int
  /// Of all groups together.
  public var inputChannels: Int
  /// Of all groups together.
  public var outputChannels: Int
  /// It divides both numbers of channels.
  public var groups: Int
  /// Size of an image, padding not included.
  public var input: SpatialExtent
  /// Size of a result.
  public var output: SpatialExtent
  /// Taps along each axis.
  public var kernel: SpatialExtent
  /// Input pixels from one output pixel's window to the next one's.
  public var stride: SpatialExtent
  /// Input pixels from one tap to the next; 1 where they are neighbours.
  public var dilation: SpatialExtent
  /// Zeros before the first pixel along each axis.
  public var paddingBefore: SpatialExtent

  public init(
    batch: Int, inputChannels: Int, outputChannels: Int, groups: Int = 1, input: SpatialExtent,
    output: SpatialExtent, kernel: SpatialExtent, stride: SpatialExtent = SpatialExtent(1, 1, 1),
    dilation: SpatialExtent = SpatialExtent(1, 1, 1), paddingBefore: SpatialExtent = SpatialExtent(0, 0, 0)
  ) {
    self.batch = batch
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.groups = groups
    self.input = input
    self.output = output
    self.kernel = kernel
    self.stride = stride
    self.dilation = dilation
    self.paddingBefore = paddingBefore
  }

  /// Of the whole batch, padding not included.
  public var inputElementCount: Int { batch * input.count * inputChannels }
  /// Of the whole batch.
  public var outputElementCount: Int { batch * output.count * outputChannels }
  /// Of all groups together, a bias not included.
  public var weightElementCount: Int { outputChannels * inputChannelsPerGroup * kernel.count }

  /// Multiply-adds, those with padding included; the largest number there is where they are more.
  public var multiplyAdds: Int {
    [output.count, outputChannels, inputChannelsPerGroup, kernel.count].reduce(batch) {
      let (product, overflow) = $0.multipliedReportingOverflow(by: $1)
      return overflow ? .max : product
    }
  }

  var inputChannelsPerGroup: Int { inputChannels / groups }
  var outputChannelsPerGroup: Int { outputChannels / groups }

  /// One input channel for each group: no product over channels is left, and the kernels of `Depthwise` serve.
  var isDepthwise: Bool { groups > 1 && groups == inputChannels }

  /// A matrix product on all pixels: each output pixel reads the input pixel in its place, and nothing else.
  var isPointwise: Bool {
    groups == 1 && kernel.count == 1 && input == output && stride.count == 1
      && paddingBefore == SpatialExtent(0, 0, 0)
  }

  /// Whether more than one output pixel reads some input pixel.
  var windowsOverlap: Bool {
    func overlap(_ kernel: Int, _ stride: Int, _ dilation: Int) -> Bool { stride <= (kernel - 1) * dilation }
    return overlap(kernel.depth, stride.depth, dilation.depth)
      || overlap(kernel.height, stride.height, dilation.height)
      || overlap(kernel.width, stride.width, dilation.width)
  }

  /// Few channels: a row of the kernel is read as one run of kernel.width · channels elements, from a copy of
  /// the input with its padding along the width.
  var mergesKernelRows: Bool {
    groups == 1 && inputChannels <= 8 && kernel.width > 1 && dilation.width == 1
  }

  /// Windows that lie side by side along the width: each is a run of kernel.width · channels elements of the input.
  var mergesPatches: Bool {
    groups == 1 && kernel.width > 1 && kernel.width == stride.width && dilation.width == 1
      && paddingBefore.width == 0 && input.width == output.width * kernel.width
  }

  /// The same with such windows as pixels of as many channels; the weights lie in another order. Other convolutions
  /// stay what they are.
  var mergingPatches: ConvolutionShape {
    guard mergesPatches else { return self }
    var shape = self
    shape.inputChannels *= kernel.width
    shape.input.width = output.width
    shape.kernel.width = 1
    shape.stride.width = 1
    return shape
  }

  /// Where in a group's weights each filter begins, which makes one output channel.
  var filterOffsets: [Int] {
    (0..<outputChannelsPerGroup).map { $0 * inputChannelsPerGroup * kernel.count }
  }

  /// Where among one filter's weights the elements lie that a tap reads: channels, or in runs the pixels of a kernel
  /// row with the channels of each.
  func channelOffsets(inRuns: Bool) -> [Int] {
    let taps = kernel.count
    return (0..<(inRuns ? kernel.width : 1)).flatMap { w in
      (0..<inputChannelsPerGroup).map { $0 * taps + w }
    }
  }

  /// Taps whose source rows are read one by one, as coordinates in the kernel.
  func taps(mergingRows: Bool) -> [SpatialExtent] {
    var taps: [SpatialExtent] = []
    for d in 0..<kernel.depth {
      for h in 0..<kernel.height {
        for w in 0..<(mergingRows ? 1 : kernel.width) { taps.append(SpatialExtent(d, h, w)) }
      }
    }
    return taps
  }

  /// A tap's place among a weight's kernel.count elements of one channel pair.
  func weightOffset(_ tap: SpatialExtent) -> Int {
    (tap.depth * kernel.height + tap.height) * kernel.width + tap.width
  }

  /// Where tap 0 of output pixel 0 reads, shifted to `tap`.
  func sourceOffset(_ tap: SpatialExtent) -> SpatialExtent {
    SpatialExtent(
      tap.depth * dilation.depth - paddingBefore.depth, tap.height * dilation.height - paddingBefore.height,
      tap.width * dilation.width - paddingBefore.width)
  }
}
