import CMartletKernels

/// How the weights of a depthwise convolution are packed, [vector][tap][lanes]: for any size of image, on the
/// instruction set that they were packed for.
struct DepthwiseWeights: Hashable {
  let scalar: RealFormat
  private let channels: Int
  private let taps: Int
  private let lanes: Int

  init(_ shape: ConvolutionShape, _ scalar: RealFormat) {
    self.scalar = scalar
    channels = shape.outputChannels
    taps = shape.kernel.count
    lanes = Int(
      martlet_depthwise_table(InstructionSet.current.cValue, scalar == .float64 ? 1 : 0).pointee.lanes)
  }

  var vectorCount: Int { ceilDivide(channels, lanes) }
  var vectorBytes: Int { taps * lanes * scalar.byteCount }
  var byteCount: Int { vectorCount * vectorBytes }

  /// As many bytes as they take at most, on any instruction set.
  static func largestByteCount(_ shape: ConvolutionShape, _ scalar: RealFormat) -> Int {
    let widest = WeightPanels.widest
    return shape.kernel.count * ceilDivide(shape.outputChannels, widest) * widest * scalar.byteCount
  }

  /// The first channel of a vector. The last one ends with the last channel.
  private func firstChannel(_ vector: Int) -> Int { max(0, min(vector * lanes, channels - lanes)) }

  func pack(_ weight: UnsafeRawPointer, to packed: UnsafeMutableRawPointer) {
    ThreadPool.parallelFor(vectorCount) { vector in
      transpose(
        weight + firstChannel(vector) * taps * scalar.byteCount, fromPitch: taps,
        to: packed + vector * vectorBytes, toPitch: lanes, rows: min(lanes, channels), columns: taps, scalar)
    }
  }

  /// The reverse of ``pack(_:to:)``.
  func unpack(_ packed: UnsafeRawPointer, to weight: UnsafeMutableRawPointer) {
    ThreadPool.parallelFor(vectorCount) { unpack($0, of: packed, to: weight) }
  }

  /// The reverse, for the channels of one vector that the one before it has not.
  func unpack(_ vector: Int, of packed: UnsafeRawPointer, to weight: UnsafeMutableRawPointer) {
    let first = vector * lanes
    let from = packed + vector * vectorBytes + (first - firstChannel(vector)) * scalar.byteCount
    transpose(
      from, fromPitch: lanes, to: weight + first * taps * scalar.byteCount, toPitch: taps, rows: taps,
      columns: min(lanes, channels - first), scalar)
  }
}

private func transpose(
  _ from: UnsafeRawPointer, fromPitch: Int, to: UnsafeMutableRawPointer, toPitch: Int, rows: Int,
  columns: Int,
  _ scalar: RealFormat
) {
  if scalar == .float32 {
    martlet_transpose_4(from, fromPitch, to, toPitch, rows, columns)
  } else {
    martlet_transpose_8(from, fromPitch, to, toPitch, rows, columns)
  }
}
