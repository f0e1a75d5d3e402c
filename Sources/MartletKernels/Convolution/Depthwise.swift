import CMartletKernels

/// Convolutions with one input channel for each group, vectorised over channels.
///
/// With a channel multiplier m, output channel c · m + j reads input channel c. The input is then copied with
/// each channel repeated m times, and the plain kernels run on as many channels as the output has.
enum Depthwise {
  private static let blockRows = 192
  private static let blockColumns = 512
  private static let weightPieces = 64

  static func forwardWorkspace(_ shape: ConvolutionShape, _ scalar: RealFormat) -> Int {
    var cursor = WorkspaceCursor()
    _ = Parts(shape, scalar, &cursor, repeatsInput: true)
    return cursor.byteCount
  }

  static func backwardDataWorkspace(_ shape: ConvolutionShape, _ scalar: RealFormat) -> Int {
    forwardWorkspace(shape, scalar)
  }

  static func backwardWeightsWorkspace(_ shape: ConvolutionShape, _ scalar: RealFormat) -> Int {
    var cursor = WorkspaceCursor()
    _ = Parts(shape, scalar, &cursor, repeatsInput: true)
    _ = cursor.take(weightPieces * shape.kernel.count * shape.outputChannels * scalar.byteCount)
    return cursor.byteCount
  }

  static func forward(
    _ shape: ConvolutionShape, _ scalar: RealFormat, input: UnsafeRawPointer, weight: UnsafeRawPointer,
    bias: UnsafeRawPointer?, rectified: Bool, output: UnsafeMutableRawPointer,
    workspace: UnsafeMutableRawPointer
  ) {
    var cursor = WorkspaceCursor(workspace)
    let parts = Parts(shape, scalar, &cursor, repeatsInput: true)
    parts.packWeights(weight)
    let source = parts.repeated(input)
    let product = shape.repeatingInput.forwardProduct(scalar)
    run(
      [product], shape.repeatingInput, scalar, parts, sourceSize: shape.input,
      sourceStrides: shape.repeatingInput.inputStrides(scalar), source: source, bias: bias,
      rectified: rectified, output: output)
  }

  static func backwardData(
    _ shape: ConvolutionShape, _ scalar: RealFormat, outputGradient: UnsafeRawPointer,
    weight: UnsafeRawPointer, bias: UnsafeRawPointer?, rectified: Bool,
    inputGradient: UnsafeMutableRawPointer, workspace: UnsafeMutableRawPointer
  ) {
    var cursor = WorkspaceCursor(workspace)
    let parts = Parts(shape, scalar, &cursor, repeatsInput: true)
    parts.packWeights(weight)
    let repeating = shape.repeatingInput
    let multiplier = shape.outputChannels / shape.inputChannels
    run(
      repeating.backwardDataProducts(scalar), repeating, scalar, parts, sourceSize: shape.output,
      sourceStrides: shape.outputStrides(scalar), source: outputGradient,
      bias: multiplier == 1 ? bias : nil, rectified: multiplier == 1 && rectified,
      output: parts.repeatedInput ?? inputGradient)
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
    let parts = Parts(shape, scalar, &cursor, repeatsInput: true)
    let (channels, taps) = (shape.outputChannels, shape.kernel.count)
    let sumBytes = taps * channels * scalar.byteCount
    let partial = cursor.take(weightPieces * sumBytes)
    partial.initializeMemory(as: UInt8.self, repeating: 0, count: weightPieces * sumBytes)
    parts.clearZeros()
    let source = parts.repeated(input)
    let product = shape.repeatingInput.forwardProduct(scalar)
    let map = PixelMap(
      product, sourceSize: shape.input, sourceStrides: shape.repeatingInput.inputStrides(scalar))
    let kernels = kernels(scalar)
    let blocks = ceilDivide(product.pixelCount, blockRows)
    let pieces = min(blocks, weightPieces)
    // The gradient takes the place of the output: it is only read.
    let gradient = UnsafeMutableRawPointer(mutating: outputGradient)
    ThreadPool.parallelFor(pieces) { piece in
      for index in (blocks * piece / pieces)..<(blocks * (piece + 1) / pieces) {
        let first = index * blockRows
        let count = min(blockRows, product.pixelCount - first)
        let table = map.rows(
          first: first, count: count, source: source, output: gradient, zeros: parts.zeros,
          in: threadScratch(map.byteCount(rows: count)))
        var block = martlet_depthwise_sums()
        block.rows = count
        block.channels = channels
        block.taps = taps
        block.sources = table.sources
        block.source_pitch = count
        block.gradients = UnsafeRawPointer(table.outputs)
          .assumingMemoryBound(to: UnsafeRawPointer?.self)
        block.sums = partial + piece * sumBytes
        kernels.add_weight_products(&block)
      }
    }
    for piece in 1..<max(1, pieces) { add(partial, partial + piece * sumBytes, taps * channels, scalar) }
    transpose(partial, to: weightGradient, rows: taps, columns: channels, pitch: taps, scalar)
  }

  private static func run(
    _ products: [IndirectProduct], _ shape: ConvolutionShape, _ scalar: RealFormat, _ parts: Parts,
    sourceSize: SpatialExtent, sourceStrides: (Int, Int, Int, Int), source: UnsafeRawPointer,
    bias: UnsafeRawPointer?, rectified: Bool, output: UnsafeMutableRawPointer
  ) {
    let kernels = kernels(scalar)
    let channels = shape.outputChannels
    for product in products {
      let map = PixelMap(product, sourceSize: sourceSize, sourceStrides: sourceStrides)
      let rows = product.grid.0 * product.grid.1 * product.grid.2
      // Blocks of a few short rows, or parts of long ones.
      let cuts = max(1, product.grid.3 / blockColumns)
      let rowsTogether = max(1, blockRows / max(1, product.grid.3))
      ThreadPool.parallelFor(ceilDivide(rows, rowsTogether) * cuts) { piece in
        let cut = piece % cuts
        var block = martlet_depthwise_rows()
        block.first_row = piece / cuts * rowsTogether
        block.rows = min(rowsTogether, rows - block.first_row)
        block.first_column = product.grid.3 * cut / cuts
        block.columns = product.grid.3 * (cut + 1) / cuts - block.first_column
        block.channels = channels
        block.weights = UnsafeRawPointer(parts.weights)
        block.weight_count = shape.kernel.count
        block.bias = bias
        block.rectify = rectified ? 1 : 0
        block.taps = threadScratch(product.weightTaps.count * MemoryLayout<martlet_depthwise_tap>.stride)
          .assumingMemoryBound(to: martlet_depthwise_tap.self)
        product.weightTaps.withUnsafeBufferPointer { weights in
          map.withAddresses(source: source, output: output) {
            block.map = $0
            block.weight_of_tap = weights.baseAddress
            kernels.multiply(&block)
          }
        }
      }
    }
  }

  private static func kernels(_ scalar: RealFormat) -> martlet_depthwise_kernels {
    martlet_depthwise_table(InstructionSet.current.cValue, scalar == .float64 ? 1 : 0).pointee
  }

  /// Packed weights, zeros, and the input with its channels repeated.
  private struct Parts {
    let shape: ConvolutionShape
    let scalar: RealFormat
    let weights: UnsafeMutableRawPointer
    let zeros: UnsafeMutableRawPointer
    let repeatedInput: UnsafeMutableRawPointer?
    let multiplier: Int

    init(
      _ shape: ConvolutionShape, _ scalar: RealFormat, _ cursor: inout WorkspaceCursor, repeatsInput: Bool
    ) {
      self.shape = shape
      self.scalar = scalar
      multiplier = shape.outputChannels / shape.inputChannels
      let rowBytes = shape.outputChannels * scalar.byteCount
      let widest = IndirectProductPlan.widestPanel
      weights = cursor.take(
        shape.kernel.count * ceilDivide(shape.outputChannels, widest) * widest * scalar.byteCount)
      zeros = cursor.take(rowBytes)
      repeatedInput =
        multiplier > 1 && repeatsInput ? cursor.take(shape.batch * shape.input.count * rowBytes) : nil
    }

    func clearZeros() {
      zeros.initializeMemory(as: UInt8.self, repeating: 0, count: shape.outputChannels * scalar.byteCount)
    }

    /// Packs the weights as [channels / lanes][tap][lanes].
    func packWeights(_ weight: UnsafeRawPointer) {
      let lanes = Int(kernels(scalar).lanes)
      let (channels, taps) = (shape.outputChannels, shape.kernel.count)
      ThreadPool.parallelFor(ceilDivide(channels, lanes)) { block in
        let start = block * lanes * taps * scalar.byteCount
        transpose(
          weight + start, to: weights + start, rows: min(lanes, channels - block * lanes), columns: taps,
          pitch: lanes, scalar)
      }
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
  _ from: UnsafeRawPointer, to: UnsafeMutableRawPointer, rows: Int, columns: Int, pitch: Int,
  _ scalar: RealFormat
) {
  if scalar == .float32 {
    martlet_transpose_4(from, columns, to, pitch, rows, columns)
  } else {
    martlet_transpose_8(from, columns, to, pitch, rows, columns)
  }
}
