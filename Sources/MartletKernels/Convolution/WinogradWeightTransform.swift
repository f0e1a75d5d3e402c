import CMartletKernels

/// Transforms weights to panels of right operands,
/// [frequency][panel][tap along the depth][source channel][panel width].
struct WinogradWeightTransform {
  /// Weights before they are transformed.
  enum Source {
    /// In PyTorch's order.
    case plain(UnsafePointer<Float>)
    /// By ``WinogradWeights``.
    case ordered(UnsafePointer<Float>, WinogradWeights)
  }

  private let plan: WinogradPlan
  private let source: Source
  private let panelWidth: Int
  private let kernels: martlet_winograd_kernels

  init(_ plan: WinogradPlan, _ source: Source) {
    self.plan = plan
    self.source = source
    panelWidth = Int(gemmKernels(.float32).width)
    kernels = winogradKernels(plan.tile)
  }

  /// All of them, in parallel.
  func transformAll(to transformed: UnsafeMutablePointer<Float>) {
    let (panels, channels) = (ceilDivide(plan.resultChannels, panelWidth), plan.sourceChannels)
    let (stepBlocks, taps) = (ceilDivide(channels, WinogradBlocking.earlySteps), plan.kernelDepth)
    ThreadPool.parallelFor(panels * taps * stepBlocks) { piece in
      let column = piece / stepBlocks / taps * panelWidth
      let tap = piece / stepBlocks % taps
      let step = piece % stepBlocks * WinogradBlocking.earlySteps
      transformPanel(
        columns: column..<min(plan.resultChannels, column + panelWidth), tap: tap,
        steps: step..<min(channels, step + WinogradBlocking.earlySteps),
        to: transformed + column * taps * channels + (tap * channels + step) * panelWidth,
        frequencyStride: plan.weightFrequencyStride)
    }
  }

  /// The panels of some result channels (from a panel's first on), taps and source channels, one panel after the
  /// other.
  func transformBlock(
    columns: Range<Int>, taps: Range<Int>, steps: Range<Int>, to block: UnsafeMutablePointer<Float>,
    frequencyStride: Int
  ) {
    var panel = block
    for column in stride(from: columns.lowerBound, to: columns.upperBound, by: panelWidth) {
      for tap in taps {
        transformPanel(
          columns: column..<min(columns.upperBound, column + panelWidth), tap: tap, steps: steps,
          to: panel, frequencyStride: frequencyStride)
        panel += steps.count * panelWidth
      }
    }
  }

  private func transformPanel(
    columns: Range<Int>, tap: Int, steps: Range<Int>, to panel: UnsafeMutablePointer<Float>,
    frequencyStride: Int
  ) {
    let kernel = plan.tile.taps * plan.tile.taps * (plan.flipsWeights ? plan.kernelDepth - 1 - tap : tap)
    switch source {
    case .plain(let weights):
      var call = martlet_winograd_weights()
      call.weights =
        weights + columns.lowerBound * plan.weightColumnStride + steps.lowerBound * plan.weightStepStride
        + kernel
      call.columns = columns.count
      call.column_stride = plan.weightColumnStride
      call.steps = steps.count
      call.step_stride = plan.weightStepStride
      call.flipped = plan.flipsWeights ? 1 : 0
      call.panel = panel
      call.width = panelWidth
      call.frequency_stride = frequencyStride
      kernels.transform_weights(&call)
    case .ordered(let weights, let order):
      var call = martlet_winograd_ordered_weights()
      call.weights =
        weights + order.start(column: columns.lowerBound, step: steps.lowerBound) + kernel * panelWidth
      call.steps = steps.count
      call.step_stride = order.stepStride
      call.flipped = plan.flipsWeights ? 1 : 0
      call.panel = panel
      call.width = panelWidth
      call.frequency_stride = frequencyStride
      kernels.transform_ordered_weights(&call)
    }
  }
}

/// The transforms of the instruction set in use on the calling thread.
func winogradKernels(_ tile: WinogradTile) -> martlet_winograd_kernels {
  martlet_winograd_table(InstructionSet.current.cValue, Int32(tile.outputs), Int32(tile.taps)).pointee
}
