import CMartletKernels

/// How a convolution of a Winograd tile's stride is one of stride 1: its input's polyphase components, each the pixels whose
/// rows and columns are alike modulo the stride, are channels, and its kernel's taps are those of the components' kernels,
/// of r × r taps, or one less along an axis. Of stride 1 there is one component, all of the input.
///
/// Where a component's kernel lacks a tap along an axis it is taken as one of r with zero for the last. The last frequency
/// along the axis is that of the point at infinity, which the last tap alone has a part in. There is nothing to multiply
/// there, for that component: of the 100 products of F(4×4, 2×2) for kernels of 3×3 there are 81 left, of the 144 of
/// F(3×3, 4×4) for 7×7 there are 121.
struct WinogradComponents: Hashable {
  /// Where a component begins: the first row and column of it, and of the kernel's taps that it has.
  struct Start: Hashable {
    let row: Int
    let column: Int
  }

  private let tile: WinogradTile
  private let inputChannels: Int
  private let kernel: SpatialExtent
  /// In the order of their channels: those whose kernels lack no taps along an axis follow each other, for either axis.
  let starts: [Start]

  private static let plain = [Start(row: 0, column: 0)]
  private static let strided = [
    Start(row: 0, column: 1), Start(row: 0, column: 0), Start(row: 1, column: 0), Start(row: 1, column: 1),
  ]

  init(_ shape: ConvolutionShape, _ tile: WinogradTile) {
    self.tile = tile
    (inputChannels, kernel) = (shape.inputChannels, shape.kernel)
    starts = tile.stride == 1 ? Self.plain : Self.strided
  }

  var count: Int { starts.count }
  /// Those of all components.
  var channelCount: Int { count * inputChannels }

  /// Taps that a component's kernel has less than r along the rows and columns: none or one.
  func missingTaps(_ start: Start) -> (rows: Int, columns: Int) {
    func missing(_ kernel: Int, _ start: Int) -> Int { tile.taps - ceilDivide(kernel - start, tile.stride) }
    return (missing(kernel.height, start.row), missing(kernel.width, start.column))
  }

  // MARK: Frequencies

  /// The channels of all components whose products are not zero, for each frequency.
  func channelsAtFrequencies() -> [Range<Int>] {
    (0..<tile.frequencyCount).map { frequency in
      let last = tile.edge - 1
      func isMultiplied(_ start: Start) -> Bool {
        let missing = missingTaps(start)
        return (missing.rows == 0 || frequency / tile.edge < last)
          && (missing.columns == 0 || frequency % tile.edge < last)
      }
      // A kernel of 2r - 1 taps or more has a component without a missing one.
      let first = starts.firstIndex(where: isMultiplied)!
      let end = starts.lastIndex(where: isMultiplied)! + 1
      return (first * inputChannels)..<(end * inputChannels)
    }
  }

  /// Of the products at all frequencies, the part that is not zero.
  var multipliedShare: Double {
    let channels = channelsAtFrequencies().reduce(0) { $0 + $1.count }
    return Double(channels) / Double(tile.frequencyCount * channelCount)
  }

  // MARK: The input's gradient

  /// Where tiles of the input's gradient lie. Pixel p of them is, of a component, the pixel q = p + `first` less the
  /// missing taps: a kernel in reverse order lacks its first tap, and is shifted, with its result, to lack the last.
  struct GradientGrid {
    var first: (row: Int, column: Int)
    var size: SpatialExtent
  }

  func gradientGrid(_ shape: ConvolutionShape) -> GradientGrid {
    let rows = pixels(
      shape.input.height, shape.paddingBefore.height, starts.map { ($0.row, missingTaps($0).rows) })
    let columns = pixels(
      shape.input.width, shape.paddingBefore.width, starts.map { ($0.column, missingTaps($0).columns) })
    return GradientGrid(
      first: (rows.lowerBound, columns.lowerBound),
      size: SpatialExtent(shape.input.depth, rows.count, columns.count))
  }

  /// Those along an axis that hold the components' pixels within an input of a size.
  private func pixels(_ size: Int, _ padding: Int, _ components: [(start: Int, missing: Int)]) -> Range<Int> {
    let ranges = components.map { component in
      // Pixel q is the input's q · stride + start − padding.
      let first = ceilDivide(padding - component.start, tile.stride)
      let end = max(first, ceilDivide(size + padding - component.start, tile.stride))
      return (first + component.missing)..<(end + component.missing)
    }.filter { !$0.isEmpty }
    let first = ranges.map(\.lowerBound).min() ?? 0
    return first..<(ranges.map(\.upperBound).max() ?? first)
  }
}
