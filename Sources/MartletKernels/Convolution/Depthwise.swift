import CMartletKernels

/// Convolutions with one input channel for each group, vectorised over channels.
///
/// With a channel multiplier m, output channel c · m + j reads input channel c. The input is then copied with
/// each channel repeated m times, and the plain kernels run on as many channels as the output has.
enum Depthwise {
  /// Pixels of a piece, where there are enough for many pieces: the rows at its ends are read by two.
  private static let piecePixels = 1024
  static let manyPieces = 32
  /// Bytes of weights, or of their sums, that stay in the nearer caches while rows pass by.
  private static let weightBytes = 32 << 10

  static func forwardWorkspace(
    _ shape: ConvolutionShape, _ scalar: RealFormat, weightIsPrepared: Bool = false
  ) -> Int {
    var cursor = WorkspaceCursor()
    _ = DepthwiseOperands(shape, scalar, takesWeights: !weightIsPrepared, &cursor)
    return cursor.byteCount
  }

  static func backwardDataWorkspace(
    _ shape: ConvolutionShape, _ scalar: RealFormat, weightIsPrepared: Bool = false
  ) -> Int {
    forwardWorkspace(shape, scalar, weightIsPrepared: weightIsPrepared)
  }

  static func forward(
    _ shape: ConvolutionShape, _ scalar: RealFormat, input: UnsafeRawPointer, weight: UnsafeRawPointer,
    weightIsPrepared: Bool, bias: UnsafeRawPointer?, rectified: Bool, output: UnsafeMutableRawPointer,
    workspace: UnsafeMutableRawPointer
  ) {
    var cursor = WorkspaceCursor(workspace)
    let operands = DepthwiseOperands(
      shape, scalar, weight: weight, isPrepared: weightIsPrepared, &cursor)
    run(
      operands.forwardProducts, operands, source: operands.repeated(input), bias: bias, rectified: rectified,
      output: output)
  }

  static func backwardData(
    _ shape: ConvolutionShape, _ scalar: RealFormat, outputGradient: UnsafeRawPointer,
    weight: UnsafeRawPointer, weightIsPrepared: Bool, bias: UnsafeRawPointer?, rectified: Bool,
    inputGradient: UnsafeMutableRawPointer, workspace: UnsafeMutableRawPointer
  ) {
    var cursor = WorkspaceCursor(workspace)
    let operands = DepthwiseOperands(
      shape, scalar, weight: weight, isPrepared: weightIsPrepared, &cursor)
    let isPlain = operands.repeatedInput == nil
    run(
      operands.backwardDataProducts, operands, source: outputGradient, bias: isPlain ? bias : nil,
      rectified: isPlain && rectified, output: operands.repeatedInput ?? inputGradient)
    if let sums = operands.repeatedInput {
      operands.addRepeats(sums, bias: bias, rectified: rectified, to: inputGradient)
    }
  }

  /// Channels that pass together over a piece's rows.
  static func channelsTogether(_ operands: DepthwiseOperands) -> Int {
    max(1, weightBytes / (16 * operands.shape.kernel.count * operands.scalar.byteCount)) * 16
  }

  private static func run(
    _ products: [DepthwiseProduct], _ operands: DepthwiseOperands, source: UnsafeRawPointer,
    bias: UnsafeRawPointer?, rectified: Bool, output: UnsafeMutableRawPointer
  ) {
    let together = channelsTogether(operands)
    let groups = ceilDivide(operands.shape.outputChannels, together)
    let units = products.map(\.unitCount).max() ?? 0
    let columns = products.map(\.grid.3).max() ?? 0
    let unitsTogether = max(
      1, min(piecePixels / max(1, columns), units * products.count * groups / manyPieces))
    let blocks = ceilDivide(units, unitsTogether)
    // The products of one convolution are of nearly one size: taken in turns, they read each part of the source while
    // it is in cache.
    ThreadPool.parallelFor(groups * blocks * products.count) { piece in
      let product = products[piece % products.count]
      let first = piece / products.count % blocks * unitsTogether
      let group = piece / products.count / blocks
      var block = operands.block(channels: group * together, together)
      block.bias = bias
      block.rectify = rectified ? 1 : 0
      let end = min(first + unitsTogether, product.unitCount)
      guard first < end else { return }
      product.run(operands.kernels.multiply, first..<end, block, source: source, output: output)
    }
  }
}
