import MartletKernels

/// Where the largest elements of pooling windows are, from their numbers in the windows.
struct MaxPoolPositions: Operation {
  var window: PoolingWindow
  /// The space that was pooled.
  var space: [Int]
  /// Whether places are counted from the start of their channel.
  var withinChannels: Bool

  var name: String { "max_pool_positions" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let taps = inputs[0]
    let pooled = TensorType(Array(taps.shape.prefix(2)) + space, .float32, .channelsLast)
    try require(
      taps.rank == space.count + 2 && taps.layout == .channelsLast
        && (taps.scalar == .uint8 || taps.scalar == .int32)
        && taps.space == (try window.outputSpace(of: pooled, name)), name,
      "expected the channels-last indices of windows over a space of \(space), got \(taps)")
    return [taps.with(scalar: .int64)]
  }

  func run(_ call: OperationCall) {
    let taps = call.inputs[0]
    let output = call.outputs[0].elements(Int64.self)
    if taps.type.scalar == .uint8 {
      fill(output, from: taps.elements(UInt8.self), taps.type)
    } else {
      fill(output, from: taps.elements(Int32.self), taps.type)
    }
  }

  private func fill<Tap: FixedWidthInteger>(
    _ output: UnsafeMutablePointer<Int64>, from taps: UnsafePointer<Tap>, _ type: TensorType
  ) {
    let channels = type.shape[1]
    let size = space.reduce(1, *)
    let pixels = type.space.reduce(1, *)
    ThreadPool.parallelFor(type.shape[0] * pixels) { item in
      let starts = self.starts(pixel: item % pixels, of: type.space)
      for channel in 0..<channels {
        var rest = Int(taps[item * channels + channel])
        var (place, step) = (0, 1)
        for axis in space.indices.reversed() {
          place += (starts[axis] + rest % window.kernel[axis] * window.dilation[axis]) * step
          rest /= window.kernel[axis]
          step *= space[axis]
        }
        let before = withinChannels ? 0 : (item / pixels * channels + channel) * size
        output[item * channels + channel] = Int64(before + place)
      }
    }
  }

  /// Where a window's first tap lies, along each axis.
  private func starts(pixel: Int, of space: [Int]) -> [Int] {
    var starts = [Int](repeating: 0, count: space.count)
    var rest = pixel
    for axis in space.indices.reversed() {
      starts[axis] = rest % space[axis] * window.stride[axis] - window.paddingBefore[axis]
      rest /= space[axis]
    }
    return starts
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] { [nil] }
}
