import CMartletKernels

/// A copy of a strided convolution's input, [image, depth, row, column, channel], in which the polyphase components are
/// channels side by side, with zeros up to a whole block of channels.
///
/// For channels that fill no block of 16: each component would have vectors, and blocks of the weights' gradient, of which
/// some is empty.
struct WinogradGatheredComponents {
  private let shape: ConvolutionShape
  private let tile: WinogradTile
  private let components: WinogradComponents
  /// Pixels of the components.
  let grid: SpatialExtent
  /// From one pixel to the next.
  private let pitch: Int

  /// Nil where there is one component only, or where none would waste anything.
  init?(_ shape: ConvolutionShape, _ tile: WinogradTile) {
    guard tile.stride > 1, shape.inputChannels % convolutionPartAlignment != 0 else { return nil }
    self.shape = shape
    self.tile = tile
    components = WinogradComponents(shape, tile)
    // Those of the largest component, padding before it included.
    grid = SpatialExtent(
      shape.input.depth, ceilDivide(shape.input.height + shape.paddingBefore.height, tile.stride),
      ceilDivide(shape.input.width + shape.paddingBefore.width, tile.stride))
    pitch = roundUp(components.channelCount, convolutionPartAlignment)
  }

  var elementCount: Int { shape.batch * grid.count * pitch }

  func take(_ cursor: inout WorkspaceCursor) -> UnsafeMutablePointer<Float> {
    cursor.take(elementCount * MemoryLayout<Float>.stride).assumingMemoryBound(to: Float.self)
  }

  /// The copy as a source of whole blocks of channels.
  func part(_ gathered: UnsafePointer<Float>) -> ConvolutionInputPart {
    ConvolutionInputPart(gathered, channels: pitch)
  }

  /// - Parameter parts: The input's channels.
  func gather(_ parts: [ConvolutionInputPart], to gathered: UnsafeMutablePointer<Float>) {
    let rowElements = grid.width * pitch
    let kernels = winogradKernels(tile)
    ThreadPool.parallelFor(shape.batch * grid.depth * grid.height) { piece in
      let (slice, row) = (piece / grid.height, piece % grid.height)
      let to = gathered + piece * rowElements
      to.update(repeating: 0, count: rowElements)
      var first = 0
      for part in parts {
        gather(part, slice, row, kernels, to: to + first)
        first += part.channels
      }
    }
  }

  /// A row of the components. Slices are counted through all images.
  private func gather(
    _ part: ConvolutionInputPart, _ slice: Int, _ row: Int, _ kernels: martlet_winograd_kernels,
    to components: UnsafeMutablePointer<Float>
  ) {
    func inputRow(_ component: Int) -> UnsafePointer<Float>? {
      let number = 2 * row + component - shape.paddingBefore.height
      guard (0..<shape.input.height).contains(number) else { return nil }
      return part.elements + (slice * shape.input.height + number) * shape.input.width * part.channels
    }
    var call = martlet_winograd_component_row()
    call.rows = (inputRow(0), inputRow(1))
    call.width = shape.input.width
    call.first = -shape.paddingBefore.width
    call.channels = part.channels
    call.columns = grid.width
    call.column_stride = pitch
    func start(_ row: Int, _ column: Int) -> Int {
      let start = WinogradComponents.Start(row: row, column: column)
      return self.components.starts.firstIndex(of: start)! * shape.inputChannels
    }
    call.starts = ((start(0, 0), start(0, 1)), (start(1, 0), start(1, 1)))
    call.mean = part.normalization?.mean
    call.scale = part.normalization?.scale
    call.shift = part.normalization?.shift
    call.rectify = part.normalization?.rectified == true ? 1 : 0
    kernels.gather_components(&call, components)
  }
}
