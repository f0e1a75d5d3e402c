import CMartletKernels

/// The weights of a convolution of stride 2 as those of one of stride 1 on its input's polyphase components:
/// [output channels, component, input channels, depth, r, r], with zeros for the taps that a kernel has not.
struct WinogradPolyphase: Hashable {
  private let outputChannels: Int
  private let inputChannels: Int
  private let kernel: SpatialExtent
  /// r, the taps of a component's kernel along a side.
  private let taps: Int

  /// Nil where the tile takes the weights as they are.
  init?(_ shape: ConvolutionShape, _ tile: WinogradTile) {
    guard tile.stride > 1 else { return nil }
    (outputChannels, inputChannels, kernel) = (shape.outputChannels, shape.inputChannels, shape.kernel)
    taps = tile.taps
  }

  private var filterElements: Int { inputChannels * kernel.count }
  private var splitFilterElements: Int { 4 * taps * taps * inputChannels * kernel.depth }
  /// Elements of the components' weights.
  var elementCount: Int { outputChannels * splitFilterElements }
  var byteCount: Int { elementCount * MemoryLayout<Float>.stride }

  func split(_ weights: UnsafePointer<Float>, to components: UnsafeMutablePointer<Float>) {
    ThreadPool.parallelFor(outputChannels) { filter in
      martlet_winograd_split(
        weights + filter * filterElements, inputChannels, kernel.depth, kernel.height, kernel.width, taps,
        components + filter * splitFilterElements)
    }
  }

  /// The reverse of ``split(_:to:)``.
  func join(_ components: UnsafePointer<Float>, to weights: UnsafeMutablePointer<Float>) {
    ThreadPool.parallelFor(outputChannels) { filter in
      martlet_winograd_join(
        components + filter * splitFilterElements, inputChannels, kernel.depth, kernel.height, kernel.width,
        taps,
        weights + filter * filterElements)
    }
  }
}
