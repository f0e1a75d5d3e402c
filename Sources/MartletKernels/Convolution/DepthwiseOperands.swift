import CMartletKernels

/// Packed weights, and the input with its channels repeated, as depthwise kernels take them.
struct DepthwiseOperands {
  let shape: ConvolutionShape
  let scalar: RealFormat
  let kernels: martlet_depthwise_kernels
  /// As ``DepthwiseWeights`` packs them.
  private(set) var weights: UnsafeMutableRawPointer
  let repeatedInput: UnsafeMutableRawPointer?
  let multiplier: Int

  /// - Parameter takesWeights: Whether the weights' memory is the cursor's; otherwise there are none yet.
  init(
    _ shape: ConvolutionShape, _ scalar: RealFormat, takesWeights: Bool = true,
    _ cursor: inout WorkspaceCursor
  ) {
    self.shape = shape
    self.scalar = scalar
    kernels = martlet_depthwise_table(InstructionSet.current.cValue, scalar == .float64 ? 1 : 0).pointee
    multiplier = shape.outputChannels / shape.inputChannels
    let rowBytes = shape.outputChannels * scalar.byteCount
    repeatedInput = multiplier > 1 ? cursor.take(shape.batch * shape.input.count * rowBytes) : nil
    weights = cursor.take(takesWeights ? DepthwiseWeights.largestByteCount(shape, scalar) : 0)
  }

  /// With weights that were packed before, or are now.
  init(
    _ shape: ConvolutionShape, _ scalar: RealFormat, weight: UnsafeRawPointer, isPrepared: Bool,
    _ cursor: inout WorkspaceCursor
  ) {
    self.init(shape, scalar, takesWeights: !isPrepared, &cursor)
    if isPrepared {
      // Only read.
      weights = UnsafeMutableRawPointer(mutating: weight)
    } else {
      DepthwiseWeights(shape, scalar).pack(weight, to: weights)
    }
  }

  var forwardProducts: [DepthwiseProduct] {
    let shape = shape.repeatingInput
    return products(
      [shape.forwardProduct(scalar)], sourceSize: shape.input, sourceStrides: shape.inputStrides(scalar))
  }

  var backwardDataProducts: [DepthwiseProduct] {
    let shape = shape.repeatingInput
    return products(
      shape.backwardDataProducts(scalar), sourceSize: shape.output,
      sourceStrides: shape.outputStrides(scalar))
  }

  private func products(
    _ products: [IndirectProduct], sourceSize: SpatialExtent, sourceStrides: (Int, Int, Int, Int)
  ) -> [DepthwiseProduct] {
    products.flatMap(\.columnPhases).map {
      DepthwiseProduct(
        $0, longestRun: Int(kernels.run_taps), sourceSize: sourceSize, sourceStrides: sourceStrides)
    }
  }

  private var lanes: Int { Int(kernels.lanes) }
  var vectorCount: Int { packing.vectorCount }
  /// Bytes of one vector's weights.
  var vectorBytes: Int { packing.vectorBytes }
  /// Bytes of all vectors' weights, with the widest vectors.
  var packedBytes: Int { DepthwiseWeights.largestByteCount(shape, scalar) }
  private var packing: DepthwiseWeights { DepthwiseWeights(shape, scalar) }

  /// Some channels, a whole number of vectors or up to the last, with the packed weights.
  func block(channels first: Int, _ count: Int) -> martlet_depthwise_block {
    var block = martlet_depthwise_block()
    block.channels = shape.outputChannels
    block.first_vector = first / lanes
    block.vectors = ceilDivide(min(count, shape.outputChannels - first), lanes)
    block.weights = weights
    block.weight_count = shape.kernel.count
    return block
  }

  /// Sums for the channels of one vector that the one before it has not, to a gradient in the weights' order.
  func unpackSums(_ vector: Int, to gradient: UnsafeMutableRawPointer) {
    packing.unpack(vector, of: weights, to: gradient)
  }

  /// The input, or its copy with every channel repeated.
  func repeated(_ input: UnsafeRawPointer) -> UnsafeRawPointer {
    guard let repeatedInput else { return input }
    switch scalar {
    case .float32: repeatElements(input, to: repeatedInput, Float.self)
    case .float64: repeatElements(input, to: repeatedInput, Double.self)
    }
    return UnsafeRawPointer(repeatedInput)
  }

  private func repeatElements<Scalar>(
    _ input: UnsafeRawPointer, to output: UnsafeMutableRawPointer, _: Scalar.Type
  ) {
    let from = input.assumingMemoryBound(to: Scalar.self)
    let to = output.assumingMemoryBound(to: Scalar.self)
    forEachBlock { range in
      for i in range { for j in 0..<multiplier { to[i * multiplier + j] = from[i] } }
    }
  }

  /// Adds up the gradients of a channel's copies.
  func addRepeats(
    _ sums: UnsafeRawPointer, bias: UnsafeRawPointer?, rectified: Bool, to output: UnsafeMutableRawPointer
  ) {
    switch scalar {
    case .float32: addElements(sums, bias, rectified, output, Float.self)
    case .float64: addElements(sums, bias, rectified, output, Double.self)
    }
  }

  private func addElements<Scalar: BinaryFloatingPoint>(
    _ sums: UnsafeRawPointer, _ bias: UnsafeRawPointer?, _ rectified: Bool,
    _ output: UnsafeMutableRawPointer, _: Scalar.Type
  ) {
    let from = sums.assumingMemoryBound(to: Scalar.self)
    let to = output.assumingMemoryBound(to: Scalar.self)
    let bias = bias?.assumingMemoryBound(to: Scalar.self)
    let channels = shape.inputChannels
    forEachBlock { range in
      for i in range {
        var sum = bias.map { $0[i % channels] } ?? 0
        for j in 0..<multiplier { sum += from[i * multiplier + j] }
        to[i] = rectified && sum < 0 ? 0 : sum
      }
    }
  }

  private func forEachBlock(_ body: (Range<Int>) -> Void) {
    let count = shape.inputElementCount
    let block = 1 << 14
    ThreadPool.parallelFor(ceilDivide(count, block)) { body($0 * block..<min(count, ($0 + 1) * block)) }
  }
}
