import CMartletKernels

/// Whether this machine multiplies whole numbers of 8 bits, on the instruction set in use on the calling thread.
///
/// Where it does not, ``Int8Convolution`` computes the same sums with portable kernels, which are slow: there for tests,
/// not to be chosen.
public var hasInt8Kernels: Bool { martlet_int8_supported(InstructionSet.current.cValue) != 0 }

/// The kernels of the instruction set in use on the calling thread.
private func int8Kernels() -> martlet_int8_kernels {
  martlet_int8_table(InstructionSet.current.cValue).pointee
}

/// A convolution, or a transposed one, of float32 activations whose operands are rounded to whole numbers where they are
/// multiplied: activations by a ``Quantization``, the weights of each output channel to -127…127 by their largest. Sums
/// are exact in the whole numbers, and results float32.
///
/// What is not a number becomes the range's lower end. Bytes are the same on any number of threads and on every
/// instruction set.
public struct Int8Convolution: Hashable, Sendable {
  /// Forward, or backward-data for a transposed convolution.
  public let part: ConvolutionPart
  /// That of a plain convolution, whose output a transposed one reads.
  public let shape: ConvolutionShape
  /// Of the activations; weights have scales of their own.
  public let quantization: Quantization

  private static let numbersInElement = 4
  private static let largestProduct = 255 * 127

  /// `nil` where the part of the convolution cannot be computed like that.
  ///
  /// - Parameter part: Forward, or backward-data for a transposed convolution.
  public init?(_ part: ConvolutionPart, _ shape: ConvolutionShape, _ quantization: Quantization) {
    guard
      part != .backwardWeights,
      NarrowProduct.supports(part, shape, numbersInElement: Self.numbersInElement)
    else { return nil }
    (self.part, self.shape, self.quantization) = (part, shape, quantization)
    guard panels.fitSums(of: Self.largestProduct) else { return nil }
    // What stands for 0 adds to a sum with each weight of its column. Columns of several products have several such sums.
    guard quantization.zeroPoint == 0 || panels.elements.taps.count == 1 else { return nil }
  }

  private var product: NarrowProduct {
    var product = NarrowProduct(
      part, shape, numbersInElement: Self.numbersInElement, int8Kernels().products)
    // And it is known beforehand only when all weights of a column take part.
    product.leavesPaddingOut = quantization.zeroPoint == 0
    return product
  }

  private var panels: NarrowPanels { product.panels }

  /// How its weights are prepared.
  public var weights: Int8Weights { Int8Weights(panels: panels) }

  private func takeScratch(_ product: NarrowProduct, _ cursor: inout WorkspaceCursor) -> (
    scales: UnsafeMutablePointer<Float>, bias: UnsafeMutablePointer<Float>, own: UnsafeMutableRawPointer
  ) {
    let bytes = weights.columnCount * MemoryLayout<Float>.stride
    return (
      cursor.take(bytes).assumingMemoryBound(to: Float.self),
      cursor.take(bytes).assumingMemoryBound(to: Float.self), cursor.take(product.workspaceByteCount)
    )
  }

  /// Scratch bytes of ``run(input:preparedWeight:bias:addend:rectified:output:workspace:)``.
  public var workspaceByteCount: Int {
    var cursor = WorkspaceCursor()
    _ = takeScratch(product, &cursor)
    return cursor.byteCount
  }

  /// As ``NarrowConvolution/addsInPlace``.
  var addsInPlace: Bool { product.addsInPlace }

  /// output = input ⋆ weight + bias + addend, negative results replaced by zero if `rectified`.
  ///
  /// - Parameters:
  ///   - input: The channels summed over, in one plain part or several.
  ///   - addend: The output's memory only where ``addsInPlace``.
  ///   - workspace: ``workspaceByteCount`` bytes, aligned to 64.
  public func run(
    input: [ConvolutionInputPart], preparedWeight: UnsafeRawPointer, bias: UnsafePointer<Float>?,
    addend: UnsafePointer<Float>? = nil, rectified: Bool = false, output: UnsafeMutablePointer<Float>,
    workspace: UnsafeMutableRawPointer
  ) {
    precondition(input.allSatisfy { $0.normalization == nil }, "operands are rounded as they are")
    let product = product
    var cursor = WorkspaceCursor(workspace)
    let scratch = takeScratch(product, &cursor)
    let (scale, zero) = (quantization.scale, quantization.zeroPoint)
    let (scales, sums) = weights.columns(preparedWeight)
    let biasCount = part == .forward ? shape.outputChannels : shape.inputChannels
    for column in 0..<weights.columnCount {
      scratch.scales[column] = scale * scales[column]
      scratch.bias[column] =
        (bias?[column % biasCount] ?? 0) - scratch.scales[column] * Float(Int(zero) * Int(sums[column]))
    }
    let quantize = int8Kernels().quantize_rows
    let inverse = 1 / scale
    product.run(
      NarrowOperands(
        source: input, weights: preparedWeight, bias: scratch.bias, addend: addend, rectified: rectified,
        result: output),
      scales: scratch.scales, padding: quantization.zeroPoint, workspace: scratch.own
    ) { from, rows, channels, to, pitch in
      quantize?(from, rows, channels, to.assumingMemoryBound(to: UInt8.self), pitch, inverse, Int32(zero))
    }
  }
}

/// How a convolution's weights are rounded to whole numbers and brought into the order in which they are multiplied, once
/// for many calls: the panels, then each column's scale, then the sum of each column's weights.
///
/// It depends on kernels and channels, not on the sizes of images, and holds for the instruction set that is in use
/// where it is made.
public struct Int8Weights: Hashable, Sendable {
  let panels: NarrowPanels

  private var elements: WeightPanels { panels.elements }
  var columnCount: Int { elements.groups * elements.columns }
  private var panelBytes: Int { roundUp(panels.byteCount, 64) }

  /// Bytes of the prepared weights, which are aligned to 64.
  public var byteCount: Int {
    panelBytes + columnCount * (MemoryLayout<Float>.stride + MemoryLayout<Int32>.stride)
  }

  func columns(_ prepared: UnsafeRawPointer) -> (scales: UnsafePointer<Float>, sums: UnsafePointer<Int32>) {
    let scales = prepared + panelBytes
    return (
      scales.assumingMemoryBound(to: Float.self),
      (scales + columnCount * MemoryLayout<Float>.stride).assumingMemoryBound(to: Int32.self)
    )
  }

  private static let largest: Float = 127

  /// Prepares weights that lie in PyTorch's order.
  public func prepare(_ weights: UnsafePointer<Float>, to prepared: UnsafeMutableRawPointer) {
    let (scales, sums) = columns(prepared)
    nonisolated(unsafe) let (toScales, toSums) = (
      UnsafeMutablePointer(mutating: scales), UnsafeMutablePointer(mutating: sums)
    )
    nonisolated(unsafe) let weights = weights
    ThreadPool.parallelFor(columnCount) { column in
      let first =
        weights + column / elements.columns * elements.groupStride
        + elements.columnOffsets[column % elements.columns]
      var largest: Float = 0
      forEachOffset { largest = max(largest, abs(first[$0])) }
      toScales[column] = largest / Self.largest
      let inverse = Self.inverse(largest / Self.largest)
      var sum: Int32 = 0
      forEachOffset { sum += martlet_quantized_weight(first[$0], inverse) }
      toSums[column] = sum
    }
    let inverses = (0..<columnCount).map { Self.inverse(scales[$0]) }
    inverses.withUnsafeBufferPointer { inverses in
      nonisolated(unsafe) let inverses = inverses
      elements.pack(UnsafeRawPointer(weights), to: prepared) { panel, column in
        inverses.baseAddress.map { martlet_pack_weights_int8(panel, panels.neighbour, $0 + column) }
      }
    }
  }

  /// Of weights that are all zero any number does.
  private static func inverse(_ scale: Float) -> Float { scale > 0 ? 1 / scale : 0 }

  /// Where a column's weights lie, of all products.
  private func forEachOffset(_ body: (Int) -> Void) {
    for taps in elements.taps {
      for channel in elements.channelOffsets {
        for number in 0..<panels.numbersInElement {
          for tap in taps { body(channel + number * panels.neighbour + tap) }
        }
      }
    }
  }
}
