/// A convolution, or a transposed one, of float32 activations whose operands are rounded to bfloat16 where they are
/// multiplied. Products are exact, and are added up in float32.
///
/// The result differs from the exact sum by what rounding of the operands (2⁻⁸ of each at most) and float32 sums make
/// of it; Winograd's algorithm rounds the transformed operands, and `winograd(.four)` multiplies that error. Bytes are
/// the same on any number of threads.
public struct BFloat16Convolution: Hashable, Sendable {
  /// Direct, or Winograd's for the forward part.
  public let algorithm: ConvolutionAlgorithm
  /// Forward, or backward-data for a transposed convolution.
  public let part: ConvolutionPart
  /// That of a plain convolution, whose output a transposed one reads.
  public let shape: ConvolutionShape

  /// `nil` where the algorithm cannot compute the part of the convolution like that.
  ///
  /// - Parameter part: Forward, or backward-data for a transposed convolution.
  public init?(_ algorithm: ConvolutionAlgorithm, _ part: ConvolutionPart, _ shape: ConvolutionShape) {
    switch (algorithm, part) {
    case (.winograd(let tile), .forward): guard BFloat16Winograd.supports(shape, tile) else { return nil }
    case (.direct, .forward), (.direct, .backwardData):
      guard BFloat16Product.supports(part, shape) else { return nil }
    default: return nil
    }
    self.algorithm = algorithm
    self.part = part
    self.shape = shape
  }

  /// How its weights are prepared.
  public var weights: BFloat16Weights {
    switch algorithm {
    case .winograd(let tile): BFloat16Weights(order: .winograd(BFloat16WinogradWeights(shape, tile)))
    case .direct: BFloat16Weights(order: .panels(BFloat16Product(part, shape).panels))
    }
  }

  /// Scratch bytes of ``run(input:preparedWeight:bias:addend:rectified:output:workspace:)``.
  public var workspaceByteCount: Int {
    switch algorithm {
    case .winograd(let tile): BFloat16Winograd(shape, tile).workspaceByteCount
    case .direct: BFloat16Product(part, shape).workspaceByteCount
    }
  }

  /// As ``NarrowConvolution/addsInPlace``.
  var addsInPlace: Bool {
    switch algorithm {
    case .winograd: true
    case .direct: BFloat16Product(part, shape).addsInPlace
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
    precondition(input.allSatisfy { $0.normalization == nil }, "operands are rounded as they are")
    let operands = NarrowOperands(
      source: input, weights: preparedWeight, bias: bias, addend: addend, rectified: rectified, result: output
    )
    switch algorithm {
    case .winograd(let tile): BFloat16Winograd(shape, tile).run(operands, workspace: workspace)
    case .direct: BFloat16Product(part, shape).run(operands, workspace: workspace)
    }
  }
}

/// How a convolution's weights are rounded and brought into the order in which they are multiplied, once for many calls.
///
/// It depends on kernels and channels, not on the sizes of images, and holds for the instruction set that is in use
/// where it is made.
public struct BFloat16Weights: Hashable, Sendable {
  enum Order: Hashable {
    case panels(BFloat16Panels)
    case winograd(BFloat16WinogradWeights)
  }

  let order: Order

  /// Bytes of the prepared weights, which are aligned to 64.
  public var byteCount: Int {
    switch order {
    case .panels(let panels): panels.byteCount
    case .winograd(let weights): weights.byteCount
    }
  }

  /// Prepares weights that lie in PyTorch's order.
  public func prepare(_ weights: UnsafePointer<Float>, to prepared: UnsafeMutableRawPointer) {
    switch order {
    case .panels(let panels): panels.pack(weights, to: prepared)
    case .winograd(let order): order.prepare(weights, to: prepared)
    }
  }
}
