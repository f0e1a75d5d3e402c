import CMartletKernels

/// Convolutions as implicit matrix products, on channels-last memory, for any shape that ``ConvolutionShape``
/// can say. im2col is never materialised.
///
/// All functions compute in one order that depends on shapes alone: the same bytes on any number of threads.
/// Workspaces are scratch memory of the bytes asked for, aligned to 64.
public enum ImplicitGEMM {
  /// Scratch memory that forward needs.
  ///
  /// - Parameter weightIsPrepared: Whether it will be given weights as ``PreparedWeights`` leaves them.
  public static func forwardWorkspace(
    _ shape: ConvolutionShape, _ scalar: RealFormat, weightIsPrepared: Bool = false
  ) -> Int {
    if shape.isDepthwise {
      return Depthwise.forwardWorkspace(shape, scalar, weightIsPrepared: weightIsPrepared)
    }
    var cursor = WorkspaceCursor()
    _ = ForwardParts(shape, scalar, weightIsPrepared: weightIsPrepared, &cursor)
    return cursor.byteCount
  }

  /// output = input ⋆ weight + bias + addend, negative results replaced by zero if `rectified`.
  ///
  /// - Parameters:
  ///   - weightIsPrepared: Whether the weight is as ``PreparedWeights`` leaves it, not in PyTorch's order.
  ///   - addend: As large as the output, or nil; not with depthwise kernels. The output's memory only where
  ///     ``ConvolutionAlgorithm/addsInPlace(_:_:)``.
  public static func forward(
    _ shape: ConvolutionShape, _ scalar: RealFormat, input: UnsafeRawPointer, weight: UnsafeRawPointer,
    weightIsPrepared: Bool = false, bias: UnsafeRawPointer?, addend: UnsafeRawPointer? = nil,
    rectified: Bool = false, output: UnsafeMutableRawPointer, workspace: UnsafeMutableRawPointer
  ) {
    guard shape.outputElementCount > 0 else { return }
    if shape.isDepthwise {
      precondition(addend == nil, "depthwise kernels add nothing")
      return Depthwise.forward(
        shape, scalar, input: input, weight: weight, weightIsPrepared: weightIsPrepared, bias: bias,
        rectified: rectified, output: output, workspace: workspace)
    }
    var cursor = WorkspaceCursor(workspace)
    let parts = ForwardParts(shape, scalar, weightIsPrepared: weightIsPrepared, &cursor)
    parts.zeros.initializeMemory(as: UInt8.self, repeating: 0, count: parts.zeroBytes)
    var source = input
    if let padded = parts.padded {
      PaddedRows(shape, scalar).copy(input, to: padded)
      source = UnsafeRawPointer(padded)
    }
    let plan = forwardPlan(shape, scalar)
    if let packed = parts.packed { plan.weights.pack(weight, to: packed) }
    plan.run(
      IndirectProductPlan.Operands(
        source: source, panels: parts.packed.map { UnsafeRawPointer($0) } ?? weight, bias: bias,
        addend: addend, rectified: rectified, output: output, zeros: UnsafeRawPointer(parts.zeros)))
  }

  static func forwardPanels(_ shape: ConvolutionShape, _ scalar: RealFormat) -> WeightPanels {
    let merges = shape.mergesKernelRows
    let perGroup = shape.inputChannelsPerGroup
    return WeightPanels(
      scalar, groups: shape.groups, channels: perGroup * (merges ? shape.kernel.width : 1),
      columns: shape.outputChannelsPerGroup, columnOffsets: shape.filterOffsets,
      channelOffsets: shape.channelOffsets(inRuns: merges),
      taps: [shape.taps(mergingRows: merges).map(shape.weightOffset)], areRuns: !merges,
      groupStride: merges ? 0 : shape.outputChannelsPerGroup * perGroup * shape.kernel.count,
      sharesSources: merges)
  }

  static func forwardPlan(_ shape: ConvolutionShape, _ scalar: RealFormat) -> IndirectProductPlan {
    if shape.mergesKernelRows { return paddedPlan(shape, scalar) }
    return IndirectProductPlan(
      kernels: gemmKernels(scalar), weights: forwardPanels(shape, scalar), sharedOffsets: [],
      groupSourceStride: shape.inputChannelsPerGroup, groupOutputStride: shape.outputChannelsPerGroup,
      sourceSize: shape.input, sourceStrides: shape.inputStrides(scalar),
      products: [shape.forwardProduct(scalar)])
  }

  /// Few channels: every kernel row is a run, and all are read from one pixel of a copy with its padding.
  private static func paddedPlan(_ shape: ConvolutionShape, _ scalar: RealFormat) -> IndirectProductPlan {
    let padded = PaddedRows(shape, scalar)
    let channels = shape.inputChannels
    let taps = shape.taps(mergingRows: true)
    var product = shape.forwardProduct(scalar)
    product.tapOffsets = [SpatialExtent(0, 0, 0)]
    product.weightTaps = taps.map(shape.weightOffset)
    let offsets = taps.map {
      ($0.depth * shape.dilation.depth * padded.height + $0.height * shape.dilation.height) * padded.width
        * channels
    }
    let plane = padded.height * padded.rowBytes
    return IndirectProductPlan(
      kernels: gemmKernels(scalar), weights: forwardPanels(shape, scalar), sharedOffsets: offsets,
      groupSourceStride: 0, groupOutputStride: shape.outputChannels,
      sourceSize: SpatialExtent(padded.depth, padded.height, padded.width),
      sourceStrides: (padded.depth * plane, plane, padded.rowBytes, channels * scalar.byteCount),
      products: [product])
  }

  private struct ForwardParts {
    /// Nil where the weights come packed.
    let packed: UnsafeMutableRawPointer?
    let zeros: UnsafeMutableRawPointer
    let zeroBytes: Int
    let padded: UnsafeMutableRawPointer?

    init(
      _ shape: ConvolutionShape, _ scalar: RealFormat, weightIsPrepared: Bool, _ cursor: inout WorkspaceCursor
    ) {
      packed =
        weightIsPrepared
        ? nil
        : cursor.take(
          WeightPanels.largestByteCount(
            groups: shape.groups, channels: shape.inputChannelsPerGroup,
            columns: shape.outputChannelsPerGroup, taps: shape.kernel.count, scalar))
      zeroBytes = shape.inputChannels * (shape.mergesKernelRows ? shape.kernel.width : 1) * scalar.byteCount
      zeros = cursor.take(zeroBytes)
      padded = shape.mergesKernelRows ? cursor.take(PaddedRows(shape, scalar).byteCount) : nil
    }
  }
}

/// A copy of the input with its padding, for kernels that read many taps of few channels as one run.
struct PaddedRows {
  let shape: ConvolutionShape
  let scalar: RealFormat
  /// Pixels of the copy along each axis: as many as the output reads.
  let depth: Int
  let height: Int
  let width: Int

  init(_ shape: ConvolutionShape, _ scalar: RealFormat) {
    self.shape = shape
    self.scalar = scalar
    func extent(_ axis: Int) -> Int {
      (shape.output[axis] - 1) * shape.stride[axis] + (shape.kernel[axis] - 1) * shape.dilation[axis] + 1
    }
    (depth, height, width) = (extent(0), extent(1), extent(2))
  }

  var rowBytes: Int { width * shape.inputChannels * scalar.byteCount }
  var rowCount: Int { shape.batch * depth * height }
  var byteCount: Int { rowCount * rowBytes }

  /// The row of the copy in which a row of the input lies, given its coordinates.
  func row(image: Int, depth z: Int, height y: Int) -> Int {
    (image * depth + z + shape.paddingBefore.depth) * height + y + shape.paddingBefore.height
  }

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
        let y = row % height - shape.paddingBefore.height
        let z = row / height % depth - shape.paddingBefore.depth
        guard (0..<shape.input.height).contains(y), (0..<shape.input.depth).contains(z) else {
          to.initializeMemory(as: UInt8.self, repeating: 0, count: rowBytes)
          continue
        }
        let source = (row / (height * depth) * shape.input.depth + z) * shape.input.height + y
        to.initializeMemory(as: UInt8.self, repeating: 0, count: before)
        (to + before).copyMemory(from: input + source * inputRow, byteCount: inside)
        (to + before + inside).initializeMemory(
          as: UInt8.self, repeating: 0, count: rowBytes - before - inside)
      }
    }
  }
}
