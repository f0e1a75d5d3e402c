/// Each channel's mean and variance over a convolution's output, from sums that are gathered as the output is written:
/// a pass over memory less.
///
/// Every chunk of tiles leaves Σ (y − pivot) and Σ (y − pivot)² in float, the pivot being one of its own results. Those
/// are joined in double, in order (Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing
/// Sample Variances", 1979).
public struct ConvolutionMoments {
  private let plan: WinogradPlan

  /// - Parameter shape: Of a convolution with a result that is not empty.
  public init(forward shape: ConvolutionShape, _ tile: WinogradTile) {
    plan = WinogradPlan(forward: shape, tile)
    precondition(!plan.isEmpty, "an empty result has no moments: \(shape)")
  }

  /// Floats that the convolution leaves.
  public var elementCount: Int { 3 * plan.chunkCount * plan.resultChannels }

  /// Scratch bytes of ``statistics(_:epsilon:mean:variance:inverseDeviation:workspace:)``.
  public var workspaceByteCount: Int { 2 * ScratchCursor.padded(plan.resultChannels * 8) }

  /// Each channel's mean, variance (divided by the number of pixels) and 1/√(variance + epsilon).
  ///
  /// - Parameter moments: As the convolution left them.
  public func statistics(
    _ moments: UnsafePointer<Float>, epsilon: Double, mean: UnsafeMutableRawPointer,
    variance: UnsafeMutableRawPointer, inverseDeviation: UnsafeMutableRawPointer,
    workspace: UnsafeMutableRawPointer
  ) {
    let channels = plan.resultChannels
    let pixels = plan.resultPixelCount
    var scratch = ScratchCursor(workspace)
    let means = scratch.takeDoubles(channels)
    let deviations = scratch.takeDoubles(channels)
    for c in 0..<channels { (means[c], deviations[c]) = (0, 0) }
    forEachChunk(of: moments) { count, pivots, sums, _ in
      let share = Double(count) / Double(pixels)
      for c in 0..<channels {
        means[c] += share * (Double(pivots[c]) + Double(sums[c]) / Double(count))
      }
    }
    forEachChunk(of: moments) { count, pivots, sums, squares in
      for c in 0..<channels {
        let offset = Double(sums[c]) / Double(count)
        let delta = Double(pivots[c]) + offset - means[c]
        let own = max(0, Double(squares[c]) - Double(sums[c]) * offset)
        deviations[c] += own + Double(count) * delta * delta
      }
    }
    NormalizationCut(segments: 1, rows: pixels, channels: channels, format: .float32).table.pointee
      .statistics(
        means, deviations, Double(pixels), epsilon, channels, mean, variance, inverseDeviation)
  }

  /// Chunks with pixels, in order: a chunk whose tiles all lie beyond the image has none.
  private func forEachChunk(
    of moments: UnsafePointer<Float>,
    _ body: (
      _ pixels: Int, _ pivots: UnsafePointer<Float>, _ sums: UnsafePointer<Float>,
      _ squares: UnsafePointer<Float>
    ) -> Void
  ) {
    let channels = plan.resultChannels
    for chunk in 0..<plan.chunkCount {
      let pixels = plan.pixelCount(of: plan.blocking.chunk(chunk))
      guard pixels > 0 else { continue }
      let pivots = moments + 3 * chunk * channels
      body(pixels, pivots, pivots + channels, pivots + 2 * channels)
    }
  }
}
