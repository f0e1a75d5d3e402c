/// The computations that make up a convolution layer. A transposed convolution's forward pass is a backward-data.
public enum ConvolutionPart: Hashable, Sendable {
  case forward, backwardData, backwardWeights
}

/// How a part of a convolution is computed.
public enum ConvolutionAlgorithm: Hashable, Sendable, CaseIterable {
  /// Sums as in the definition: implicit GEMM, or the kernels for one channel a group.
  case direct
  /// Winograd's minimal filtering in float32, for kernels of 3×3 and stride 1, and of 3×3, 4×4, 7×7 or 8×8 and stride 2, of any
  /// depth: those that a ``WinogradTile`` supports.
  case winograd(WinogradTile)

  public static var allCases: [ConvolutionAlgorithm] {
    [.direct] + WinogradTile.allCases.map { .winograd($0) }
  }

  /// Whether it can compute the convolution.
  public func supports(_ shape: ConvolutionShape, _ scalar: RealFormat) -> Bool {
    switch self {
    case .direct: true
    case .winograd(let tile): scalar == .float32 && tile.supports(shape)
    }
  }

  /// Bytes of scratch memory that a part needs.
  public func workspaceByteCount(
    _ part: ConvolutionPart, _ shape: ConvolutionShape, _ scalar: RealFormat, weightIsPrepared: Bool = false
  ) -> Int {
    switch (self, part) {
    case (.direct, .forward):
      ImplicitGEMM.forwardWorkspace(shape, scalar, weightIsPrepared: weightIsPrepared)
    case (.direct, .backwardData):
      ImplicitGEMM.backwardDataWorkspace(shape, scalar, weightIsPrepared: weightIsPrepared)
    case (.direct, .backwardWeights): ImplicitGEMM.backwardWeightsWorkspace(shape, scalar)
    case (.winograd(let tile), .forward):
      Winograd.forwardWorkspace(shape, tile, weightIsPrepared: weightIsPrepared)
    case (.winograd(let tile), .backwardData):
      Winograd.backwardDataWorkspace(shape, tile, weightIsPrepared: weightIsPrepared)
    case (.winograd(let tile), .backwardWeights):
      WinogradWeightGradient.workspace(shape, tile: tile)
    }
  }

  /// Whether ``forward(_:_:input:weight:weightIsPrepared:bias:addend:rectified:output:workspace:)`` can add a tensor.
  public func supportsAddend(_ shape: ConvolutionShape) -> Bool { !shape.isDepthwise }

  /// Whether that tensor may lie where the output does, and be overwritten: where each result is written once, on the
  /// instruction set in use.
  public func addsInPlace(_ shape: ConvolutionShape, _ scalar: RealFormat) -> Bool {
    switch self {
    case .direct: supportsAddend(shape) && ImplicitGEMM.forwardPlan(shape, scalar).sumsAtOnce
    case .winograd: true
    }
  }

  /// output = input ⋆ weight + bias + addend, negative results replaced by zero if `rectified`.
  ///
  /// - Parameters:
  ///   - weightIsPrepared: Whether the weight is as ``PreparedWeights`` leaves it, not in PyTorch's order.
  ///   - addend: As large as the output, or nil; only where it is supported. The output's memory only where
  ///     ``addsInPlace(_:_:)``.
  public func forward(
    _ shape: ConvolutionShape, _ scalar: RealFormat, input: UnsafeRawPointer, weight: UnsafeRawPointer,
    weightIsPrepared: Bool = false, bias: UnsafeRawPointer?, addend: UnsafeRawPointer? = nil,
    rectified: Bool = false, output: UnsafeMutableRawPointer,
    workspace: UnsafeMutableRawPointer
  ) {
    switch self {
    case .direct:
      ImplicitGEMM.forward(
        shape, scalar, input: input, weight: weight, weightIsPrepared: weightIsPrepared, bias: bias,
        addend: addend, rectified: rectified, output: output, workspace: workspace)
    case .winograd(let tile):
      Winograd.forward(
        shape, tile,
        input: [
          ConvolutionInputPart(input.assumingMemoryBound(to: Float.self), channels: shape.inputChannels)
        ],
        weight: weight.assumingMemoryBound(to: Float.self), weightIsPrepared: weightIsPrepared,
        bias: bias?.assumingMemoryBound(to: Float.self), addend: addend?.assumingMemoryBound(to: Float.self),
        rectified: rectified, output: output.assumingMemoryBound(to: Float.self), workspace: workspace)
    }
  }

  /// The gradient with respect to the input, or the forward pass of the transposed convolution.
  public func backwardData(
    _ shape: ConvolutionShape, _ scalar: RealFormat, outputGradient: UnsafeRawPointer,
    weight: UnsafeRawPointer, weightIsPrepared: Bool = false, bias: UnsafeRawPointer? = nil,
    rectified: Bool = false, inputGradient: UnsafeMutableRawPointer, workspace: UnsafeMutableRawPointer
  ) {
    switch self {
    case .direct:
      ImplicitGEMM.backwardData(
        shape, scalar, outputGradient: outputGradient, weight: weight, weightIsPrepared: weightIsPrepared,
        bias: bias, rectified: rectified, inputGradient: inputGradient, workspace: workspace)
    case .winograd(let tile):
      Winograd.backwardData(
        shape, tile, outputGradient: outputGradient.assumingMemoryBound(to: Float.self),
        weight: weight.assumingMemoryBound(to: Float.self), weightIsPrepared: weightIsPrepared,
        bias: bias?.assumingMemoryBound(to: Float.self), rectified: rectified,
        inputGradient: [
          ConvolutionOutputPart(
            inputGradient.assumingMemoryBound(to: Float.self), channels: shape.inputChannels)
        ], workspace: workspace)
    }
  }

  /// The gradient with respect to the weights.
  public func backwardWeights(
    _ shape: ConvolutionShape, _ scalar: RealFormat, input: UnsafeRawPointer,
    outputGradient: UnsafeRawPointer, weightGradient: UnsafeMutableRawPointer,
    workspace: UnsafeMutableRawPointer
  ) {
    switch self {
    case .direct:
      ImplicitGEMM.backwardWeights(
        shape, scalar, input: input, outputGradient: outputGradient, weightGradient: weightGradient,
        workspace: workspace)
    case .winograd(let tile):
      WinogradWeightGradient.run(
        shape, tile: tile,
        input: [
          ConvolutionInputPart(input.assumingMemoryBound(to: Float.self), channels: shape.inputChannels)
        ],
        outputGradient: outputGradient.assumingMemoryBound(to: Float.self),
        weightGradient: weightGradient.assumingMemoryBound(to: Float.self), workspace: workspace)
    }
  }
}

extension ConvolutionAlgorithm: CustomStringConvertible {
  public var description: String {
    switch self {
    case .direct: "direct"
    case .winograd(let tile): "winograd \(tile)"
    }
  }
}
