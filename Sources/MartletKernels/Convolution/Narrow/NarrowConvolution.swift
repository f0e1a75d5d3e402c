/// What a convolution's operands are rounded to where they are multiplied.
public enum NarrowFormat: Hashable, Sendable {
  case bfloat16
  /// Whole numbers of 8 bits; activations by a quantization.
  case int8(Quantization)

  /// The convolution with such operands; `nil` where the algorithm cannot compute the part like that.
  ///
  /// - Parameter part: Forward, or backward-data for a transposed convolution.
  public func convolution(
    _ algorithm: ConvolutionAlgorithm, _ part: ConvolutionPart, _ shape: ConvolutionShape
  ) -> NarrowConvolution? {
    switch self {
    case .bfloat16: BFloat16Convolution(algorithm, part, shape).map(NarrowConvolution.bfloat16)
    case .int8(let quantization):
      algorithm == .direct ? Int8Convolution(part, shape, quantization).map(NarrowConvolution.int8) : nil
    }
  }
}

/// A convolution, or a transposed one, of float32 activations whose operands are rounded where they are multiplied.
public enum NarrowConvolution: Hashable, Sendable {
  case bfloat16(BFloat16Convolution)
  case int8(Int8Convolution)

  /// Always direct with operands of 8 bits.
  public var algorithm: ConvolutionAlgorithm {
    switch self {
    case .bfloat16(let convolution): convolution.algorithm
    case .int8: .direct
    }
  }

  /// How its weights are prepared.
  public var weights: NarrowWeights {
    switch self {
    case .bfloat16(let convolution): .bfloat16(convolution.weights)
    case .int8(let convolution): .int8(convolution.weights)
    }
  }

  /// Scratch bytes of ``run(input:preparedWeight:bias:addend:rectified:output:workspace:)``.
  public var workspaceByteCount: Int {
    switch self {
    case .bfloat16(let convolution): convolution.workspaceByteCount
    case .int8(let convolution): convolution.workspaceByteCount
    }
  }

  /// Whether the addend may lie where the output does, and be overwritten; on the instruction set in use.
  public var addsInPlace: Bool {
    switch self {
    case .bfloat16(let convolution): convolution.addsInPlace
    case .int8(let convolution): convolution.addsInPlace
    }
  }

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
    switch self {
    case .bfloat16(let convolution):
      convolution.run(
        input: input, preparedWeight: preparedWeight, bias: bias, addend: addend, rectified: rectified,
        output: output, workspace: workspace)
    case .int8(let convolution):
      convolution.run(
        input: input, preparedWeight: preparedWeight, bias: bias, addend: addend, rectified: rectified,
        output: output, workspace: workspace)
    }
  }

  /// Of some convolutions of one shape and part that are faster than an algorithm in float32, the fastest, or the one of the
  /// smallest weights among those that take no more than a tenth longer; `nil` if there are none. All by a model of their
  /// costs; weights are prepared in either case.
  ///
  /// On images of a few pixels the weights are what a predictor's memory is for, and a larger tile gains little.
  public static func fastest(
    of candidates: [NarrowConvolution], orExactly algorithm: ConvolutionAlgorithm
  ) -> NarrowConvolution? {
    let faster = candidates.filter { $0.cost < $0.costModel.ofPrepared(algorithm) }
    guard let least = faster.map(\.cost).min() else { return nil }
    return faster.filter { $0.cost <= 1.1 * least }.min { $0.weights.byteCount < $1.weights.byteCount }
  }
}

/// How a convolution's weights are rounded and brought into the order in which they are multiplied.
public enum NarrowWeights: Hashable, Sendable {
  case bfloat16(BFloat16Weights)
  case int8(Int8Weights)

  /// Bytes of the prepared weights, which are aligned to 64.
  public var byteCount: Int {
    switch self {
    case .bfloat16(let weights): weights.byteCount
    case .int8(let weights): weights.byteCount
    }
  }

  /// Prepares weights that lie in PyTorch's order.
  public func prepare(_ weights: UnsafePointer<Float>, to prepared: UnsafeMutableRawPointer) {
    switch self {
    case .bfloat16(let order): order.prepare(weights, to: prepared)
    case .int8(let order): order.prepare(weights, to: prepared)
    }
  }
}
