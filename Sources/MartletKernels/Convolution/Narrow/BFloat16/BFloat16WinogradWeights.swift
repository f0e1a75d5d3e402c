import CMartletKernels

/// The weights of a Winograd convolution with bfloat16 products: transformed in float32, then rounded,
/// [frequency][panel][tap along the depth][source channel / 2][panel width][2].
///
/// They hold for any batch and image size, on the instruction set that they were made on.
struct BFloat16WinogradWeights: Hashable {
  private let tile: WinogradTile
  private let sourceChannels: Int
  private let resultChannels: Int
  private let kernelDepth: Int
  private let width: Int

  init(_ shape: ConvolutionShape, _ tile: WinogradTile) {
    self.tile = tile
    sourceChannels = shape.inputChannels
    resultChannels = shape.outputChannels
    kernelDepth = shape.kernel.depth
    width = Int(bfloat16Kernels().products.width)
  }

  /// Pairs of a panel's tap, and of a panel.
  private var tapElements: Int { sourceChannels / 2 * width }
  var panelStride: Int { kernelDepth * tapElements }
  private var panelCount: Int { ceilDivide(resultChannels, width) }
  var frequencyStride: Int { panelCount * panelStride + WinogradBlocking.frequencyPad }
  var byteCount: Int { tile.frequencyCount * frequencyStride * bfloat16PairBytes }

  /// Where the panels from a result channel on, and in each of them a tap, start. The channel is a panel's first.
  func start(column: Int, tap: Int) -> Int { column / width * panelStride + tap * tapElements }

  /// Source channels that are transformed at once.
  private static let steps = 32

  func prepare(_ weights: UnsafePointer<Float>, to prepared: UnsafeMutableRawPointer) {
    let transform = winogradKernels(tile).transform_weights
    let blocks = ceilDivide(sourceChannels, Self.steps)
    let exactStride = Self.steps * width
    ThreadPool.parallelFor(panelCount * kernelDepth * blocks) { piece in
      let (block, tap, panel) = (
        piece % blocks, piece / blocks % kernelDepth, piece / (blocks * kernelDepth)
      )
      let steps = (block * Self.steps)..<min(sourceChannels, (block + 1) * Self.steps)
      let column = panel * width
      let exact = threadScratch(tile.frequencyCount * exactStride * MemoryLayout<Float>.stride)
        .assumingMemoryBound(to: Float.self)
      var call = martlet_winograd_weights()
      call.column_stride = 9 * kernelDepth * sourceChannels
      call.step_stride = 9 * kernelDepth
      call.weights = weights + column * call.column_stride + steps.lowerBound * call.step_stride + 9 * tap
      call.columns = min(width, resultChannels - column)
      call.steps = steps.count
      call.panel = exact
      call.width = width
      call.frequency_stride = exactStride
      transform?(&call)
      for frequency in 0..<tile.frequencyCount {
        let start =
          frequency * frequencyStride + self.start(column: column, tap: tap) + steps.lowerBound / 2 * width
        let to = (prepared + start * bfloat16PairBytes).assumingMemoryBound(to: UInt16.self)
        for pair in 0..<(steps.count / 2) {
          let from = exact + frequency * exactStride + 2 * pair * width
          martlet_round_pairs(from, from + width, to + 2 * pair * width, width)
        }
      }
    }
  }
}
