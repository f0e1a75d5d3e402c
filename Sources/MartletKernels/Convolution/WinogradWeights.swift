import CMartletKernels

/// How weights are brought into the order in which a Winograd convolution transforms them,
/// [panel][source channel][tap along the depth][r × r][panel width]: for all tiles of a kernel and any size of image, on
/// the instruction set that they were ordered for. Those of a convolution of stride 2 are split into the components'.
///
/// Transformed weights are not kept: F(4×4)'s are four times as many bytes, and to read them takes longer than to
/// transform these again.
struct WinogradWeights: Hashable {
  private let resultChannels: Int
  private let sourceChannels: Int
  /// Numbers of a kernel.
  private let taps: Int
  /// Whether source channels, rather than result channels, are the weights' first axis.
  private let isTransposed: Bool
  private let width: Int
  private let polyphase: WinogradPolyphase?

  init(_ shape: ConvolutionShape, _ tile: WinogradTile, isTransposed: Bool) {
    let inputChannels = WinogradComponents(shape, tile).channelCount
    resultChannels = isTransposed ? inputChannels : shape.outputChannels
    sourceChannels = isTransposed ? shape.outputChannels : inputChannels
    taps = tile.taps * tile.taps * shape.kernel.depth
    self.isTransposed = isTransposed
    width = Int(gemmKernels(.float32).width)
    polyphase = WinogradPolyphase(shape, tile, isTransposed: isTransposed)
  }

  private var panelCount: Int { ceilDivide(resultChannels, width) }
  /// Elements from one source channel of a panel to the next.
  var stepStride: Int { taps * width }
  private var panelElements: Int { sourceChannels * stepStride }
  var byteCount: Int { panelCount * panelElements * MemoryLayout<Float>.stride }

  /// Where the weights of a source channel start, in the panel that begins with a result channel.
  func start(column: Int, step: Int) -> Int { column / width * panelElements + step * stepStride }

  func order(_ weights: UnsafeRawPointer, to ordered: UnsafeMutableRawPointer) {
    guard let polyphase else { return orderComponents(weights, to: ordered) }
    withComponents(of: polyphase) { components in
      polyphase.split(weights.assumingMemoryBound(to: Float.self), to: components)
      orderComponents(components, to: ordered)
    }
  }

  /// The reverse of ``order(_:to:)``.
  func restore(_ ordered: UnsafeRawPointer, to weights: UnsafeMutableRawPointer) {
    guard let polyphase else { return restoreComponents(ordered, to: weights) }
    withComponents(of: polyphase) { components in
      restoreComponents(ordered, to: components)
      polyphase.join(components, to: weights.assumingMemoryBound(to: Float.self))
    }
  }

  private func withComponents(
    of polyphase: WinogradPolyphase, _ body: (UnsafeMutablePointer<Float>) -> Void
  ) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: polyphase.elementCount) { body($0.baseAddress!) }
  }

  private func orderComponents(_ weights: UnsafeRawPointer, to ordered: UnsafeMutableRawPointer) {
    forEachRun { run in
      let to = ordered + run.ordered
      // Columns that are missing are zero.
      if run.columns < width {
        to.initializeMemory(as: UInt8.self, repeating: 0, count: run.count * width * 4)
      }
      martlet_transpose_4(weights + run.plain, run.pitch, to, width, run.columns, run.count)
    }
  }

  private func restoreComponents(_ ordered: UnsafeRawPointer, to weights: UnsafeMutableRawPointer) {
    forEachRun { run in
      martlet_transpose_4(
        ordered + run.ordered, width, weights + run.plain, run.pitch, run.count, run.columns)
    }
  }

  /// Columns whose weights are rows of `count` elements, `pitch` elements apart; bytes to the first of them on either
  /// side.
  private struct Run {
    var plain: Int
    var ordered: Int
    var pitch: Int
    var columns: Int
    var count: Int
  }

  /// Source channels of a run of the transposed order are far apart; those of the other are one run, cut for threads.
  private static let runSteps = 64

  private func forEachRun(_ body: (Run) -> Void) {
    let steps = isTransposed ? 1 : Self.runSteps
    let runs = ceilDivide(sourceChannels, steps)
    ThreadPool.parallelFor(panelCount * runs) { piece in
      let (column, step) = (piece / runs * width, piece % runs * steps)
      let plain = isTransposed ? step * resultChannels + column : column * sourceChannels + step
      body(
        Run(
          plain: plain * taps * 4, ordered: start(column: column, step: step) * 4,
          pitch: isTransposed ? taps : sourceChannels * taps, columns: min(width, resultChannels - column),
          count: min(steps, sourceChannels - step) * taps))
    }
  }
}
