import CMartletKernels

/// Convolutions with one input channel for each group, vectorised over channels.
///
/// With a channel multiplier m, output channel c · m + j reads input channel c. The input is then copied with
/// each channel repeated m times, and the plain kernels run on as many channels as the output has.
enum Depthwise {
  /// Pixels of a piece, where there are enough for many pieces: the rows at its ends are read by two.
  private static let piecePixels = 1024
  private static let manyPieces = 32
  /// Bytes of weights, or of their sums, that stay in the nearer caches while rows pass by.
  private static let weightBytes = 32 << 10
  private static let weightPieces = 64
  private static let weightPiecePixels = 256

  static func forwardWorkspace(_ shape: ConvolutionShape, _ scalar: RealFormat) -> Int {
    var cursor = WorkspaceCursor()
    _ = Parts(shape, scalar, &cursor)
    return cursor.byteCount
  }

  static func backwardDataWorkspace(_ shape: ConvolutionShape, _ scalar: RealFormat) -> Int {
    forwardWorkspace(shape, scalar)
  }

  static func backwardWeightsWorkspace(_ shape: ConvolutionShape, _ scalar: RealFormat) -> Int {
    var cursor = WorkspaceCursor()
    let parts = Parts(shape, scalar, &cursor)
    _ = cursor.take((sumPieces(parts) - 1) * parts.packedBytes)
    return cursor.byteCount
  }

  static func forward(
    _ shape: ConvolutionShape, _ scalar: RealFormat, input: UnsafeRawPointer, weight: UnsafeRawPointer,
    bias: UnsafeRawPointer?, rectified: Bool, output: UnsafeMutableRawPointer,
    workspace: UnsafeMutableRawPointer
  ) {
    var cursor = WorkspaceCursor(workspace)
    let parts = Parts(shape, scalar, &cursor)
    parts.packWeights(weight)
    run(
      parts.forwardProducts, parts, source: parts.repeated(input), bias: bias, rectified: rectified,
      output: output)
  }

  static func backwardData(
    _ shape: ConvolutionShape, _ scalar: RealFormat, outputGradient: UnsafeRawPointer,
    weight: UnsafeRawPointer, bias: UnsafeRawPointer?, rectified: Bool,
    inputGradient: UnsafeMutableRawPointer, workspace: UnsafeMutableRawPointer
  ) {
    var cursor = WorkspaceCursor(workspace)
    let parts = Parts(shape, scalar, &cursor)
    parts.packWeights(weight)
    let isPlain = parts.repeatedInput == nil
    run(
      parts.backwardDataProducts, parts, source: outputGradient, bias: isPlain ? bias : nil,
      rectified: isPlain && rectified, output: parts.repeatedInput ?? inputGradient)
    if let sums = parts.repeatedInput {
      parts.addRepeats(sums, bias: bias, rectified: rectified, to: inputGradient)
    }
  }

  static func backwardWeights(
    _ shape: ConvolutionShape, _ scalar: RealFormat, input: UnsafeRawPointer,
    outputGradient: UnsafeRawPointer, weightGradient: UnsafeMutableRawPointer,
    workspace: UnsafeMutableRawPointer
  ) {
    var cursor = WorkspaceCursor(workspace)
    let parts = Parts(shape, scalar, &cursor)
    let pieces = sumPieces(parts)
    _ = cursor.take((pieces - 1) * parts.packedBytes)
    // The first piece's sums lie where the other passes have the weights, the others' after them.
    let sums = parts.weights
    let source = parts.repeated(input)
    // The gradient takes the place of the output: it is only read.
    let gradient = UnsafeMutableRawPointer(mutating: outputGradient)
    let products = parts.forwardProducts
    let groups = channelGroups(parts)
    ThreadPool.parallelFor(groups * pieces) { index in
      let (group, piece) = (index / pieces, index % pieces)
      var block = parts.block(channels: group * channelsTogether(parts), channelsTogether(parts))
      block.weights = sums + piece * parts.packedBytes
      let first = block.weights + block.first_vector * parts.vectorBytes
      first.initializeMemory(as: UInt8.self, repeating: 0, count: block.vectors * parts.vectorBytes)
      for product in products {
        let units = product.unitCount
        product.run(
          parts.kernels.add_weight_products, (units * piece / pieces)..<(units * (piece + 1) / pieces), block,
          source: source, output: gradient)
      }
    }
    ThreadPool.parallelFor(parts.vectorCount) { vector in
      let first = sums + vector * parts.vectorBytes
      for piece in 1..<max(1, pieces) {
        add(first, first + piece * parts.packedBytes, parts.vectorBytes / scalar.byteCount, scalar)
      }
      parts.unpackSums(vector, to: weightGradient)
    }
  }

  /// Channels that pass together over a piece's rows.
  private static func channelsTogether(_ parts: Parts) -> Int {
    max(1, weightBytes / (16 * parts.shape.kernel.count * parts.scalar.byteCount)) * 16
  }

  private static func channelGroups(_ parts: Parts) -> Int {
    ceilDivide(parts.shape.outputChannels, channelsTogether(parts))
  }

  /// Parts of the pixels that have sums of their own: as few as give every thread some, because sums of large kernels
  /// are large.
  private static func sumPieces(_ parts: Parts) -> Int {
    let pixels = parts.shape.batch * parts.shape.output.count
    return max(1, min(weightPieces / channelGroups(parts), pixels / weightPiecePixels))
  }

  private static func run(
    _ products: [DepthwiseProduct], _ parts: Parts, source: UnsafeRawPointer, bias: UnsafeRawPointer?,
    rectified: Bool, output: UnsafeMutableRawPointer
  ) {
    let groups = channelGroups(parts)
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
      var block = parts.block(channels: group * channelsTogether(parts), channelsTogether(parts))
      block.bias = bias
      block.rectify = rectified ? 1 : 0
      let end = min(first + unitsTogether, product.unitCount)
      guard first < end else { return }
      product.run(parts.kernels.multiply, first..<end, block, source: source, output: output)
    }
  }

  /// Packed weights, and the input with its channels repeated.
  private struct Parts {
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
