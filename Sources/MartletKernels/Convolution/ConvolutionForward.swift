import CMartletKernels

/// Convolutions as implicit matrix products, on channels-last memory, for any shape that ``ConvolutionShape``
/// can say. im2col is never materialised.
///
/// All functions compute in one order that depends on shapes alone: the same bytes on any number of threads.
/// Workspaces are scratch memory of the bytes asked for, aligned to 64.
public enum ImplicitGEMM {
  /// Scratch memory that ``forward(_:_:input:weight:bias:rectified:output:workspace:)`` needs.
  public static func forwardWorkspace(_ shape: ConvolutionShape, _ scalar: RealFormat) -> Int {
    if shape.isDepthwise { return Depthwise.forwardWorkspace(shape, scalar) }
    var cursor = WorkspaceCursor()
    _ = ForwardParts(shape, scalar, &cursor)
    return cursor.byteCount
  }

  /// output = input ⋆ weight + bias, negative results replaced by zero if `rectified`.
  public static func forward(
    _ shape: ConvolutionShape, _ scalar: RealFormat, input: UnsafeRawPointer, weight: UnsafeRawPointer,
    bias: UnsafeRawPointer?, rectified: Bool = false, output: UnsafeMutableRawPointer,
    workspace: UnsafeMutableRawPointer
  ) {
    guard shape.outputElementCount > 0 else { return }
    if shape.isDepthwise {
      return Depthwise.forward(
        shape, scalar, input: input, weight: weight, bias: bias, rectified: rectified, output: output,
        workspace: workspace)
    }
    var cursor = WorkspaceCursor(workspace)
    let parts = ForwardParts(shape, scalar, &cursor)
    parts.zeros.initializeMemory(as: UInt8.self, repeating: 0, count: parts.zeroBytes)
    var source = input
    if let padded = parts.padded {
      PaddedRows(shape, scalar).copy(input, to: padded)
      source = UnsafeRawPointer(padded)
    }
    forwardPlan(shape, scalar).run(
      source: source, weights: weight, bias: bias, rectified: rectified, output: output,
      packed: parts.packed, zeros: parts.zeros)
  }

  private static func forwardPlan(_ shape: ConvolutionShape, _ scalar: RealFormat) -> IndirectProductPlan {
    let bytes = scalar.byteCount
    let merges = shape.mergesKernelRows
    let taps = shape.taps(mergingRows: merges)
    let (source, channels) = (shape.input, shape.inputChannels)
    let width = merges ? PaddedRows(shape, scalar).width : source.width
    var offsets = taps.map(shape.sourceOffset)
    if merges { for i in offsets.indices { offsets[i].width = 0 } }
    var product = shape.forwardProduct(scalar)
    product.tapOffsets = offsets
    product.weightTaps = taps.map(shape.weightOffset)
    let row = width * channels * bytes
    let perGroup = shape.inputChannelsPerGroup
    return IndirectProductPlan(
      scalar: scalar, kernels: gemmKernels(scalar), groups: shape.groups,
      channels: merges ? shape.kernel.width * channels : perGroup, columns: shape.outputChannelsPerGroup,
      columnStride: perGroup * shape.kernel.count, channelOffsets: forwardChannelOffsets(shape),
      weightsAreRuns: !merges,
      groupWeightStride: shape.outputChannelsPerGroup * perGroup * shape.kernel.count,
      groupSourceStride: perGroup, groupOutputStride: shape.outputChannelsPerGroup,
      sourceSize: SpatialExtent(source.depth, source.height, width),
      sourceStrides: (source.depth * source.height * row, source.height * row, row, channels * bytes),
      products: [product])
  }

  /// Where in a weight each element of a tap's run lies: its channel, and its place in a merged kernel row.
  static func forwardChannelOffsets(_ shape: ConvolutionShape) -> [Int] {
    let taps = shape.kernel.count
    guard shape.mergesKernelRows else { return (0..<shape.inputChannelsPerGroup).map { $0 * taps } }
    return (0..<shape.kernel.width).flatMap { w in (0..<shape.inputChannels).map { $0 * taps + w } }
  }

  private struct ForwardParts {
    let packed: UnsafeMutableRawPointer
    let zeros: UnsafeMutableRawPointer
    let zeroBytes: Int
    let padded: UnsafeMutableRawPointer?

    init(_ shape: ConvolutionShape, _ scalar: RealFormat, _ cursor: inout WorkspaceCursor) {
      packed = cursor.take(
        IndirectProductPlan.packedWeightBytes(
          groups: shape.groups, channels: shape.inputChannelsPerGroup, columns: shape.outputChannelsPerGroup,
          taps: shape.kernel.count, scalar))
      zeroBytes = shape.inputChannels * (shape.mergesKernelRows ? shape.kernel.width : 1) * scalar.byteCount
      zeros = cursor.take(zeroBytes)
      padded = shape.mergesKernelRows ? cursor.take(PaddedRows(shape, scalar).byteCount) : nil
    }
  }
}

/// A copy of the input whose rows carry their padding, for kernels that read a row of taps as one run.
struct PaddedRows {
  let shape: ConvolutionShape
  let scalar: RealFormat
  /// Pixels of a padded row: as many as the output reads.
  let width: Int

  init(_ shape: ConvolutionShape, _ scalar: RealFormat) {
    self.shape = shape
    self.scalar = scalar
    width =
      (shape.output.width - 1) * shape.stride.width + (shape.kernel.width - 1) * shape.dilation.width + 1
  }

  var rowBytes: Int { width * shape.inputChannels * scalar.byteCount }
  var rowCount: Int { shape.batch * shape.input.depth * shape.input.height }
  var byteCount: Int { rowCount * rowBytes }

  func copy(_ input: UnsafeRawPointer, to padded: UnsafeMutableRawPointer) {
    let pixel = shape.inputChannels * scalar.byteCount
    let inputRow = shape.input.width * pixel
    let before = min(shape.paddingBefore.width, width) * pixel
    let inside = max(0, min(shape.input.width, width - shape.paddingBefore.width)) * pixel
    let rows = rowCount
    let block = max(1, (128 << 10) / max(1, rowBytes))
    ThreadPool.parallelFor(ceilDivide(rows, block)) { piece in
      for row in (piece * block)..<min(rows, (piece + 1) * block) {
        let to = padded + row * rowBytes
        to.initializeMemory(as: UInt8.self, repeating: 0, count: before)
        (to + before).copyMemory(from: input + row * inputRow, byteCount: inside)
        (to + before + inside).initializeMemory(
          as: UInt8.self, repeating: 0, count: rowBytes - before - inside)
      }
    }
  }
}
