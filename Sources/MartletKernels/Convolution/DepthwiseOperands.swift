import CMartletKernels

/// Packed weights, and the input with its channels repeated, as depthwise kernels take them.
struct DepthwiseOperands {
  let shape: ConvolutionShape
  let scalar: RealFormat
  let kernels: martlet_depthwise_kernels
  let weights: UnsafeMutableRawPointer
  let repeatedInput: UnsafeMutableRawPointer?
  let multiplier: Int

  init(_ shape: ConvolutionShape, _ scalar: RealFormat, _ cursor: inout WorkspaceCursor) {
    self.shape = shape
    self.scalar = scalar
    kernels = martlet_depthwise_table(InstructionSet.current.cValue, scalar == .float64 ? 1 : 0).pointee
    multiplier = shape.outputChannels / shape.inputChannels
    let rowBytes = shape.outputChannels * scalar.byteCount
    repeatedInput = multiplier > 1 ? cursor.take(shape.batch * shape.input.count * rowBytes) : nil
    weights = cursor.take(Self.packedBytes(shape, scalar))
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
  var vectorCount: Int { ceilDivide(shape.outputChannels, lanes) }
  /// Bytes of one vector's weights.
  var vectorBytes: Int { shape.kernel.count * lanes * scalar.byteCount }
  /// Bytes of all vectors' weights, with the widest vectors.
  var packedBytes: Int { Self.packedBytes(shape, scalar) }

  private static func packedBytes(_ shape: ConvolutionShape, _ scalar: RealFormat) -> Int {
    let widest = IndirectProductPlan.widestPanel
    return shape.kernel.count * ceilDivide(shape.outputChannels, widest) * widest * scalar.byteCount
  }

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

  /// The first channel of a vector. The last one ends with the last channel.
  private func firstChannel(_ vector: Int) -> Int {
    max(0, min(vector * lanes, shape.outputChannels - lanes))
  }

  /// Packs the weights as [vector][tap][lanes].
  func packWeights(_ weight: UnsafeRawPointer) {
    let (channels, taps) = (shape.outputChannels, shape.kernel.count)
    ThreadPool.parallelFor(vectorCount) { vector in
      transpose(
        weight + firstChannel(vector) * taps * scalar.byteCount, fromPitch: taps,
        to: weights + vector * vectorBytes, toPitch: lanes, rows: min(lanes, channels), columns: taps,
        scalar)
    }
  }

  /// The reverse, for the channels of one vector that the one before it has not.
  func unpackSums(_ vector: Int, to gradient: UnsafeMutableRawPointer) {
    let (channels, taps) = (shape.outputChannels, shape.kernel.count)
    let first = vector * lanes
    let sums = weights + vector * vectorBytes + (first - firstChannel(vector)) * scalar.byteCount
    transpose(
      sums, fromPitch: lanes, to: gradient + first * taps * scalar.byteCount, toPitch: taps, rows: taps,
      columns: min(lanes, channels - first), scalar)
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
