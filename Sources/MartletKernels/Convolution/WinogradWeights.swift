import CMartletKernels

/// How weights are brought into the order in which a Winograd convolution transforms them,
/// [panel][source channel][tap along the depth][3 × 3][panel width]: for both tiles and any size of image, on the
/// instruction set that they were ordered for.
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

  init(_ shape: ConvolutionShape, isTransposed: Bool) {
    resultChannels = isTransposed ? shape.inputChannels : shape.outputChannels
    sourceChannels = isTransposed ? shape.outputChannels : shape.inputChannels
    taps = shape.kernel.count
    self.isTransposed = isTransposed
    width = Int(gemmKernels(.float32).width)
  }

  private var panelCount: Int { ceilDivide(resultChannels, width) }
  /// Elements from one source channel of a panel to the next.
  var stepStride: Int { taps * width }
  private var panelElements: Int { sourceChannels * stepStride }
  var byteCount: Int { panelCount * panelElements * MemoryLayout<Float>.stride }

  /// Where the weights of a source channel start, in the panel that begins with a result channel.
  func start(column: Int, step: Int) -> Int { column / width * panelElements + step * stepStride }

  func order(_ weights: UnsafeRawPointer, to ordered: UnsafeMutableRawPointer) {
    forEachRun { run in
      let to = ordered + run.ordered
      // Columns that are missing are zero.
      if run.columns < width {
        to.initializeMemory(as: UInt8.self, repeating: 0, count: run.count * width * 4)
      }
      martlet_transpose_4(weights + run.plain, run.pitch, to, width, run.columns, run.count)
    }
  }

  /// The reverse of ``order(_:to:)``.
  func restore(_ ordered: UnsafeRawPointer, to weights: UnsafeMutableRawPointer) {
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
