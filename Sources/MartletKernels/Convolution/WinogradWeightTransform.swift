import CMartletKernels

/// Transforms weights to panels of right operands,
/// [frequency][panel][tap along the depth][source channel][panel width].
struct WinogradWeightTransform {
  private let plan: WinogradPlan
  private let panelWidth: Int
  private let transform: @convention(c) (UnsafePointer<martlet_winograd_weights>?) -> Void

  init(_ plan: WinogradPlan) {
    self.plan = plan
    panelWidth = Int(gemmKernels(.float32).width)
    transform = winogradKernels(plan.tile).transform_weights
  }

  /// All of them, in parallel.
  func transformAll(_ weights: UnsafePointer<Float>, to transformed: UnsafeMutablePointer<Float>) {
    let (panels, channels) = (ceilDivide(plan.resultChannels, panelWidth), plan.sourceChannels)
    let (stepBlocks, taps) = (ceilDivide(channels, WinogradBlocking.earlySteps), plan.kernelDepth)
    ThreadPool.parallelFor(panels * taps * stepBlocks) { piece in
      let column = piece / stepBlocks / taps * panelWidth
      let tap = piece / stepBlocks % taps
      let step = piece % stepBlocks * WinogradBlocking.earlySteps
      transformPanel(
        weights, columns: column..<min(plan.resultChannels, column + panelWidth), tap: tap,
        steps: step..<min(channels, step + WinogradBlocking.earlySteps),
        to: transformed + column * taps * channels + (tap * channels + step) * panelWidth,
        frequencyStride: plan.weightFrequencyStride)
    }
  }

  /// The panels of some result channels (from a panel's first on), taps and source channels, one panel after the
  /// other.
  func transformBlock(
    _ weights: UnsafePointer<Float>, columns: Range<Int>, taps: Range<Int>, steps: Range<Int>,
    to block: UnsafeMutablePointer<Float>, frequencyStride: Int
  ) {
    var panel = block
    for column in stride(from: columns.lowerBound, to: columns.upperBound, by: panelWidth) {
      for tap in taps {
        transformPanel(
          weights, columns: column..<min(columns.upperBound, column + panelWidth), tap: tap, steps: steps,
          to: panel, frequencyStride: frequencyStride)
        panel += steps.count * panelWidth
      }
    }
  }

  private func transformPanel(
    _ weights: UnsafePointer<Float>, columns: Range<Int>, tap: Int, steps: Range<Int>,
    to panel: UnsafeMutablePointer<Float>, frequencyStride: Int
  ) {
    var call = martlet_winograd_weights()
    call.weights =
      weights + columns.lowerBound * plan.weightColumnStride + steps.lowerBound * plan.weightStepStride
      + 9 * (plan.flipsWeights ? plan.kernelDepth - 1 - tap : tap)
    call.columns = columns.count
    call.column_stride = plan.weightColumnStride
    call.steps = steps.count
    call.step_stride = plan.weightStepStride
    call.flipped = plan.flipsWeights ? 1 : 0
    call.panel = panel
    call.width = panelWidth
    call.frequency_stride = frequencyStride
    transform(&call)
  }
}

/// The transforms of the instruction set in use on the calling thread.
func winogradKernels(_ tile: WinogradTile) -> martlet_winograd_kernels {
  martlet_winograd_table(InstructionSet.current.cValue, Int32(tile.rawValue)).pointee
}
