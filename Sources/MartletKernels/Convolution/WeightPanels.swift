import CMartletKernels

/// How the weights of implicit products lie in panels, [product][group][chunk][panel][tap][channel][width], and where
/// each of them comes from.
///
/// It depends on kernels and channels alone, not on the sizes of images: what was packed once serves all of them, on the
/// instruction set that it was packed for.
struct WeightPanels: Hashable {
  let scalar: RealFormat
  let groups: Int
  /// Channels summed over and columns made, in each group.
  let channels: Int
  let columns: Int
  /// Where in a group's weights each column and each channel lies.
  let columnOffsets: [Int]
  let channelOffsets: [Int]
  /// For each product, the offsets of its taps' weights.
  let taps: [[Int]]
  /// Whether a column's weights are one run, in the order channel, tap.
  let areRuns: Bool
  /// Elements between groups.
  let groupStride: Int
  /// Elements of a vector.
  private let lanes: Int
  /// Columns of a panel.
  let width: Int
  /// Whether vectors run along the channels: where there are so few columns that they would leave much of a vector
  /// empty. To add up a vector's lanes costs about as much as ten products of vectors.
  let usesDots: Bool

  /// - Parameters:
  ///   - sharesSources: Whether taps read one source row together: the vectors then run along the columns.
  ///   - kernels: What will multiply, where it is not what multiplies numbers of this type.
  init(
    _ scalar: RealFormat, groups: Int, channels: Int, columns: Int, columnOffsets: [Int],
    channelOffsets: [Int], taps: [[Int]], areRuns: Bool, groupStride: Int, sharesSources: Bool = false,
    kernels: martlet_gemm_kernels? = nil
  ) {
    self.scalar = scalar
    self.groups = groups
    self.channels = channels
    self.columns = columns
    self.columnOffsets = columnOffsets
    self.channelOffsets = channelOffsets
    self.taps = taps
    self.areRuns = areRuns
    self.groupStride = groupStride
    let kernels = kernels ?? gemmKernels(scalar)
    lanes = Int(kernels.lanes)
    let terms = channels * taps.reduce(0) { max($0, $1.count) }
    usesDots =
      !sharesSources && kernels.multiply_dots != nil && channels % lanes == 0 && columns <= lanes / 2
      && columns * (terms + 10 * lanes) < terms * lanes
    width = usesDots ? 1 : Int(kernels.width)
  }

  /// Terms of a sum taken in one go. A panel of that many rows lies in the second cache.
  static let chunkTerms = 1024
  /// Panels are at most this wide, whatever the instruction set: workspaces are measured with it.
  static let widest = 32

  var panelCount: Int { ceilDivide(columns, width) }

  /// Channels of each chunk, equal but for the last. The sum over channels is cut so that the weights that a
  /// block reads again and again stay in cache.
  func chunkChannels(taps: Int) -> Int {
    // Panels of one column are small.
    if usesDots { return channels }
    let largest = max(16, Self.chunkTerms / max(1, taps) / 16 * 16)
    let chunks = ceilDivide(channels, largest)
    return ceilDivide(channels, chunks)
  }

  /// Elements of a group of a product of so many taps.
  private func groupElements(taps: Int) -> Int { channels * taps * panelCount * width }

  /// The element with which a product's panels start.
  func start(ofProduct product: Int) -> Int {
    taps[..<product].reduce(0) { $0 + groups * groupElements(taps: $1.count) }
  }

  /// The element with which the panels of a chunk of channels start, among those of their product.
  func start(ofGroup group: Int, channel: Int, taps: Int) -> Int {
    group * groupElements(taps: taps) + taps * channel * panelCount * width
  }

  /// Weights in the panels, without what fills them up.
  var elementCount: Int { groups * channels * columns * taps.reduce(0) { $0 + $1.count } }

  var byteCount: Int { start(ofProduct: taps.count) * scalar.byteCount }

  /// As many bytes as the panels take at most, on any instruction set.
  static func largestByteCount(groups: Int, channels: Int, columns: Int, taps: Int, _ scalar: RealFormat)
    -> Int
  {
    groups * channels * taps * ceilDivide(columns, widest) * widest * scalar.byteCount
  }

  func pack(_ weights: UnsafeRawPointer, to packed: UnsafeMutableRawPointer) {
    let packPanel = scalar == .float32 ? martlet_pack_weights_4 : martlet_pack_weights_8
    pack(weights, to: packed) { panel, _ in packPanel(panel) }
  }

  /// The same with what packs one panel of one chunk, whose first column has a number among those of all groups.
  func pack(
    _ weights: UnsafeRawPointer, to packed: UnsafeMutableRawPointer,
    by packPanel: (_ panel: UnsafePointer<martlet_weight_panel>, _ column: Int) -> Void
  ) {
    forEachPanel { panel, taps, group in
      var copy = martlet_weight_panel()
      copy.width = width
      copy.columns = panel.columns
      copy.taps = taps.count
      copy.is_run = areRuns ? 1 : 0
      copy.weights = weights + group * groupStride * scalar.byteCount
      copy.tap_offsets = taps.baseAddress
      copy.column_offsets = panel.columnOffsets
      copy.channel_offsets = panel.channelOffsets
      copy.channels = panel.channels
      copy.panel = packed + panel.start * scalar.byteCount
      packPanel(&copy, group * columns + panel.firstColumn)
    }
  }

  /// The reverse of ``pack(_:to:)``.
  func unpack(_ packed: UnsafeRawPointer, to weights: UnsafeMutableRawPointer) {
    forEachPanel { panel, taps, group in
      var sums = martlet_weight_sums()
      sums.sums = packed + panel.start * scalar.byteCount
      sums.pitch = width
      sums.weights = weights + group * groupStride * scalar.byteCount
      sums.columns = panel.columns
      sums.column_offsets = panel.columnOffsets
      sums.rows = panel.channels
      sums.row_offsets = panel.channelOffsets
      sums.taps = taps.count
      sums.tap_offsets = taps.baseAddress
      if scalar == .float32 { martlet_unpack_sums_4(&sums) } else { martlet_unpack_sums_8(&sums) }
    }
  }

  /// One panel of one chunk: [tap][channel][width].
  private struct Panel {
    /// Its first element.
    var start: Int
    var firstColumn: Int
    var columns: Int
    var columnOffsets: UnsafePointer<Int>
    var channels: Int
    var channelOffsets: UnsafePointer<Int>
  }

  private func forEachPanel(
    _ body: (_ panel: Panel, _ taps: UnsafeBufferPointer<Int>, _ group: Int) -> Void
  ) {
    let panels = panelCount
    ThreadPool.parallelFor(taps.count * groups * panels) { piece in
      let (panel, group, product) = (piece % panels, piece / panels % groups, piece / (panels * groups))
      guard !taps[product].isEmpty else { return }
      let count = taps[product].count
      let chunk = chunkChannels(taps: count)
      taps[product].withUnsafeBufferPointer { taps in
        columnOffsets.withUnsafeBufferPointer { columnOffsets in
          channelOffsets.withUnsafeBufferPointer { channelOffsets in
            guard let firstColumn = columnOffsets.baseAddress, let firstChannel = channelOffsets.baseAddress
            else { return }
            for channel in stride(from: 0, to: channels, by: chunk) {
              let channels = min(chunk, channels - channel)
              let start =
                start(ofProduct: product) + start(ofGroup: group, channel: channel, taps: count)
                + panel * count * channels * width
              body(
                Panel(
                  start: start, firstColumn: panel * width, columns: min(width, columns - panel * width),
                  columnOffsets: firstColumn + panel * width, channels: channels,
                  channelOffsets: firstChannel + channel), taps, group)
            }
          }
        }
      }
    }
  }
}
