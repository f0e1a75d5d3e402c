/// How a convolution's weights are brought into the order in which its kernels read them, once for many calls.
///
/// It depends on the algorithm, kernels and channels, not on the sizes of images, and holds for the instruction set that
/// is in use where it is made.
public struct PreparedWeights: Hashable, Sendable {
  private enum Order: Hashable {
    case panels(WeightPanels)
    case depthwise(DepthwiseWeights)
    case winograd(WinogradWeights)
  }

  private let order: Order
  /// Whether nothing is lost, so that ``restore(_:to:)`` gives the weights again. Lost are those of a transposed
  /// convolution to fewer pixels than its stride that no pixel reads.
  public let isReversible: Bool

  /// - Parameter part: Forward or backward-data.
  public init(
    _ algorithm: ConvolutionAlgorithm, _ part: ConvolutionPart, _ shape: ConvolutionShape,
    _ scalar: RealFormat
  ) {
    precondition(part != .backwardWeights, "a weight gradient reads no weights")
    switch algorithm {
    case .winograd(let tile):
      order = .winograd(WinogradWeights(shape, tile, isTransposed: part == .backwardData))
      isReversible = true
    case .direct where shape.isDepthwise:
      order = .depthwise(DepthwiseWeights(shape, scalar))
      isReversible = true
    case .direct:
      let panels =
        part == .forward
        ? ImplicitGEMM.forwardPanels(shape, scalar) : ImplicitGEMM.backwardDataPanels(shape, scalar)
      order = .panels(panels)
      isReversible = panels.elementCount == shape.weightElementCount
    }
  }

  /// Bytes of the prepared weights, which are aligned to 64.
  public var byteCount: Int {
    switch order {
    case .panels(let panels): panels.byteCount
    case .depthwise(let weights): weights.byteCount
    case .winograd(let weights): weights.byteCount
    }
  }

  /// Brings weights from PyTorch's order into this one.
  public func prepare(_ weights: UnsafeRawPointer, to prepared: UnsafeMutableRawPointer) {
    switch order {
    case .panels(let panels): panels.pack(weights, to: prepared)
    case .depthwise(let order): order.pack(weights, to: prepared)
    case .winograd(let order): order.order(weights, to: prepared)
    }
  }

  /// The reverse of ``prepare(_:to:)``, where it ``isReversible``.
  public func restore(_ prepared: UnsafeRawPointer, to weights: UnsafeMutableRawPointer) {
    switch order {
    case .panels(let panels): panels.unpack(prepared, to: weights)
    case .depthwise(let order): order.unpack(prepared, to: weights)
    case .winograd(let order): order.restore(prepared, to: weights)
    }
  }
}

extension PreparedWeights: CustomStringConvertible {
  public var description: String {
    switch order {
    case .panels(let panels): panels.usesDots ? "columns" : "panels of \(panels.width)"
    case .depthwise: "vectors"
    case .winograd: "winograd"
    }
  }
}
