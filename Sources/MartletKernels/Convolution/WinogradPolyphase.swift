import CMartletKernels

/// The weights of a convolution of stride 2 as those of one of stride 1 on its input's polyphase components:
/// [output channels, component, input channels, depth, r, r], with zeros for the taps that a kernel has not.
struct WinogradPolyphase: Hashable {
  private let outputChannels: Int
  /// Kernels of an output channel: of all input channels, slice by slice.
  private let kernelCount: Int
  /// Taps of a kernel, and of all that it is split into.
  private let taps: Int
  private let splitTaps: Int
  /// Where each tap of the first of an output channel's kernels goes; those of the next go a component's kernel further.
  private let places: [Int]
  private let componentTaps: Int

  /// Nil where the tile takes the weights as they are.
  ///
  /// - Parameter isTransposed: Whether the weights are used in reverse order. Missing taps are then the first of a kernel,
  ///   so that they are the last when it is reversed.
  init?(_ shape: ConvolutionShape, _ tile: WinogradTile, isTransposed: Bool) {
    guard tile.stride > 1 else { return nil }
    let components = WinogradComponents(shape, tile)
    let (r, stride) = (tile.taps, tile.stride)
    outputChannels = shape.outputChannels
    kernelCount = shape.inputChannels * shape.kernel.depth
    (taps, componentTaps) = (shape.kernel.height * shape.kernel.width, r * r)
    splitTaps = components.count * componentTaps
    let kernels = (kernelCount, componentTaps)
    places = (0..<taps).map { tap in
      let (row, column) = (tap / shape.kernel.width, tap % shape.kernel.width)
      let start = WinogradComponents.Start(row: row % stride, column: column % stride)
      let missing = isTransposed ? components.missingTaps(start) : (0, 0)
      let component = components.starts.firstIndex(of: start)!
      return component * kernels.0 * kernels.1 + (row / stride + missing.0) * r + column / stride + missing.1
    }
  }

  private var filterElements: Int { kernelCount * taps }
  private var splitFilterElements: Int { kernelCount * splitTaps }
  /// Elements of the components' weights.
  var elementCount: Int { outputChannels * splitFilterElements }
  var byteCount: Int { elementCount * MemoryLayout<Float>.stride }

  func split(_ weights: UnsafePointer<Float>, to components: UnsafeMutablePointer<Float>) {
    ThreadPool.parallelFor(outputChannels) { filter in
      let split = components + filter * splitFilterElements
      if taps < splitTaps { split.update(repeating: 0, count: splitFilterElements) }
      martlet_winograd_split(
        weights + filter * filterElements, kernelCount, taps, places, componentTaps, split)
    }
  }

  /// The reverse of ``split(_:to:)``.
  func join(_ components: UnsafePointer<Float>, to weights: UnsafeMutablePointer<Float>) {
    ThreadPool.parallelFor(outputChannels) { filter in
      martlet_winograd_join(
        components + filter * splitFilterElements, kernelCount, taps, places, componentTaps,
        weights + filter * filterElements)
    }
  }
}
