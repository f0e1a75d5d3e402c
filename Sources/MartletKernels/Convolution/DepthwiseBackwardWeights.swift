import CMartletKernels

extension Depthwise {
  /// Pixels that have sums of weights of their own, at least, and channels, where pixels make too few pieces.
  private static let sumPixels = 256
  private static let sumChannels = 64

  static func backwardWeightsWorkspace(_ shape: ConvolutionShape, _ scalar: RealFormat) -> Int {
    var cursor = WorkspaceCursor()
    let operands = DepthwiseOperands(shape, scalar, &cursor)
    _ = cursor.take((sumCut(operands).pieces - 1) * operands.packedBytes)
    return cursor.byteCount
  }

  static func backwardWeights(
    _ shape: ConvolutionShape, _ scalar: RealFormat, input: UnsafeRawPointer,
    outputGradient: UnsafeRawPointer, weightGradient: UnsafeMutableRawPointer,
    workspace: UnsafeMutableRawPointer
  ) {
    var cursor = WorkspaceCursor(workspace)
    let operands = DepthwiseOperands(shape, scalar, &cursor)
    let (together, pieces) = sumCut(operands)
    _ = cursor.take((pieces - 1) * operands.packedBytes)
    // The first piece's sums lie where the other passes have the weights, the others' after them.
    let sums = operands.weights
    let source = operands.repeated(input)
    // The gradient takes the place of the output: it is only read.
    let gradient = UnsafeMutableRawPointer(mutating: outputGradient)
    let products = operands.forwardProducts
    ThreadPool.parallelFor(ceilDivide(shape.outputChannels, together) * pieces) { index in
      let (group, piece) = (index / pieces, index % pieces)
      var block = operands.block(channels: group * together, together)
      block.weights = sums + piece * operands.packedBytes
      let first = block.weights + block.first_vector * operands.vectorBytes
      first.initializeMemory(as: UInt8.self, repeating: 0, count: block.vectors * operands.vectorBytes)
      for product in products {
        let units = product.unitCount
        product.run(
          operands.kernels.add_weight_products, (units * piece / pieces)..<(units * (piece + 1) / pieces),
          block, source: source, output: gradient)
      }
    }
    ThreadPool.parallelFor(operands.vectorCount) { vector in
      let first = sums + vector * operands.vectorBytes
      for piece in 1..<pieces {
        add(first, first + piece * operands.packedBytes, operands.vectorBytes / scalar.byteCount, scalar)
      }
      operands.unpackSums(vector, to: weightGradient)
    }
  }

  /// Channels that pass together over the output's gradient, and parts of its pixels with sums of their own: few,
  /// because sums of large kernels are large.
  private static func sumCut(_ operands: DepthwiseOperands) -> (channels: Int, pieces: Int) {
    let channels = operands.shape.outputChannels
    let pixels = operands.shape.batch * operands.shape.output.count
    let pieces = max(1, min(manyPieces, pixels / sumPixels))
    let share = ceilDivide(channels, ceilDivide(manyPieces, pieces) * 16) * 16
    let together = min(channelsTogether(operands), max(sumChannels, share))
    return (together, min(pieces, ceilDivide(manyPieces, ceilDivide(channels, together))))
  }
}

private func add(
  _ sums: UnsafeMutableRawPointer, _ terms: UnsafeMutableRawPointer, _ count: Int, _ scalar: RealFormat
) {
  if scalar == .float32 {
    martlet_add_float(
      sums.assumingMemoryBound(to: Float.self), terms.assumingMemoryBound(to: Float.self), count)
  } else {
    martlet_add_double(
      sums.assumingMemoryBound(to: Double.self), terms.assumingMemoryBound(to: Double.self), count)
  }
}
