import CMartletKernels

/// Batch normalisation over `rows` × `channels`: every channel has one mean and variance over all rows.
///
/// Pointers are to elements of `format`; statistics are summed in double.
public struct BatchNormalization {
  let cut: NormalizationCut
  let format: RealFormat
  let channels: Int
  let rows: Int

  /// - Parameters:
  ///   - rows: Pixels of all images together, each with its channels side by side.
  ///   - format: Of activations, parameters and statistics.
  public init(rows: Int, channels: Int, format: RealFormat) {
    cut = NormalizationCut(segments: 1, rows: rows, channels: channels, format: format)
    self.format = format
    self.channels = channels
    self.rows = rows
  }

  private var doublesByteCount: Int { ScratchCursor.padded(channels * 8) }

  /// Scratch bytes of ``statistics(_:epsilon:mean:variance:inverseDeviation:workspace:)``.
  public var statisticsWorkspaceByteCount: Int { 2 * doublesByteCount + cut.partialsByteCount }
  /// Scratch bytes of ``apply(_:mean:inverseDeviation:weight:bias:relu:output:workspace:)``.
  public var applyWorkspaceByteCount: Int { 3 * ChannelFactors.byteCount(cut) }
  /// Scratch bytes of ``gradient(_:outputGradient:mean:inverseDeviation:weight:bias:relu:usesBatchStatistics:inputGradient:weightGradient:biasGradient:workspace:)``.
  public var gradientWorkspaceByteCount: Int {
    5 * ChannelFactors.byteCount(cut) + 4 * doublesByteCount + cut.partialsByteCount
  }

  /// Each channel's mean, variance (divided by the number of rows) and 1/√(variance + epsilon).
  public func statistics(
    _ x: UnsafeRawPointer, epsilon: Double, mean: UnsafeMutableRawPointer, variance: UnsafeMutableRawPointer,
    inverseDeviation: UnsafeMutableRawPointer, workspace: UnsafeMutableRawPointer
  ) {
    var scratch = ScratchCursor(workspace)
    let means = scratch.takeDoubles(channels)
    let deviations = scratch.takeDoubles(channels)
    let partials = scratch.take(cut.partialsByteCount)
    let table = cut.table
    cut.forEachSlot { segment, slot, offset, rows, width in
      let part = cut.partials(in: partials, segment, slot)
      table.pointee.moments(x + offset, rows, width, part.first, part.second, part.scratch)
    }
    cut.joinMoments(partials, segment: 0, mean: means, deviations: deviations)
    table.pointee.statistics(
      means, deviations, Double(rows), epsilon, channels, mean, variance, inverseDeviation)
  }

  /// 1/√(variance + epsilon) of each channel.
  public func inverseDeviations(
    ofVariance variance: UnsafeRawPointer, epsilon: Double, output: UnsafeMutableRawPointer
  ) {
    cut.table.pointee.inverse_deviations(variance, epsilon, channels, output)
  }

  /// y = (x − mean) · (inverseDeviation · weight) + bias, clipped at zero where `relu` is set.
  public func apply(
    _ x: UnsafeRawPointer, mean: UnsafeRawPointer, inverseDeviation: UnsafeRawPointer,
    weight: UnsafeRawPointer, bias: UnsafeRawPointer, relu: Bool, output: UnsafeMutableRawPointer,
    workspace: UnsafeMutableRawPointer
  ) {
    var scratch = ScratchCursor(workspace)
    let means = ChannelFactors(cut, &scratch)
    let scales = ChannelFactors(cut, &scratch)
    let shifts = ChannelFactors(cut, &scratch)
    means.set(to: mean)
    scales.set(to: inverseDeviation, times: weight)
    shifts.set(to: bias)
    cut.apply(x, means, scales, shifts, relu: relu, output: output)
  }

  /// The gradients of ``apply(_:mean:inverseDeviation:weight:bias:relu:output:workspace:)``, through the batch's
  /// statistics too where `usesBatchStatistics` is set. What relu let through is computed again from x.
  public func gradient(
    _ x: UnsafeRawPointer, outputGradient dy: UnsafeRawPointer, mean: UnsafeRawPointer,
    inverseDeviation: UnsafeRawPointer, weight: UnsafeRawPointer, bias: UnsafeRawPointer, relu: Bool,
    usesBatchStatistics: Bool, inputGradient dx: UnsafeMutableRawPointer,
    weightGradient: UnsafeMutableRawPointer, biasGradient: UnsafeMutableRawPointer,
    workspace: UnsafeMutableRawPointer
  ) {
    var scratch = ScratchCursor(workspace)
    let means = ChannelFactors(cut, &scratch)
    let scales = ChannelFactors(cut, &scratch)
    let shifts = ChannelFactors(cut, &scratch)
    let offsets = ChannelFactors(cut, &scratch)
    let slopes = ChannelFactors(cut, &scratch)
    let sums = scratch.takeDoubles(channels)
    let products = scratch.takeDoubles(channels)
    let inverse = scratch.takeDoubles(channels)
    let scale = scratch.takeDoubles(channels)
    let partials = scratch.take(cut.partialsByteCount)
    let table = cut.table
    means.set(to: mean)
    scales.set(to: inverseDeviation, times: weight)
    shifts.set(to: bias)

    cut.gradientSums(x, dy, means, scales, shifts, relu: relu, partials: partials)
    cut.addSums(partials, segment: 0, into: sums, products)

    table.pointee.widen(inverseDeviation, channels, inverse)
    table.pointee.widen(scales[0], channels, scale)
    table.pointee.narrow(sums, channels, biasGradient)
    for c in 0..<channels { products[c] *= inverse[c] }
    table.pointee.narrow(products, channels, weightGradient)
    let share = usesBatchStatistics ? 1 / Double(rows) : 0
    for c in 0..<channels {
      sums[c] *= scale[c] * share
      products[c] *= scale[c] * inverse[c] * share
    }
    offsets.set(rounding: sums)
    slopes.set(rounding: products)
    cut.gradientInput(x, dy, means, scales, shifts, relu: relu, offsets, slopes, output: dx)
  }

  /// One step of running statistics: running ← (1 − momentum)·running + momentum·batch, with the unbiased variance
  /// of `count` values a channel.
  public static func updateRunning(
    mean runningMean: UnsafeMutableRawPointer, variance runningVariance: UnsafeMutableRawPointer,
    batchMean: UnsafeRawPointer, batchVariance: UnsafeRawPointer, count: Int, momentum: Double,
    channels: Int, format: RealFormat
  ) {
    let cut = NormalizationCut(segments: 1, rows: 1, channels: channels, format: format)
    let correction = Double(count) / Double(max(count - 1, 1))
    cut.table.pointee.update_running(
      runningMean, runningVariance, batchMean, batchVariance, momentum, correction, channels)
  }
}

extension NormalizationCut {
  func apply(
    _ x: UnsafeRawPointer, _ means: ChannelFactors, _ scales: ChannelFactors, _ shifts: ChannelFactors,
    relu: Bool, of segments: Range<Int>? = nil, output: UnsafeMutableRawPointer
  ) {
    let table = table
    forEachSlot(of: segments, backwards: true) { segment, _, offset, rows, width in
      table.pointee.apply(
        x + offset, rows, width, means[segment], scales[segment], shifts[segment], relu ? 1 : 0,
        streams ? 1 : 0, output + offset)
    }
  }

  /// Leaves each slot's Σ g and Σ g·(x − mean) in `partials`.
  func gradientSums(
    _ x: UnsafeRawPointer, _ dy: UnsafeRawPointer, _ means: ChannelFactors, _ scales: ChannelFactors,
    _ shifts: ChannelFactors, relu: Bool, of segments: Range<Int>? = nil, partials: UnsafeMutableRawPointer
  ) {
    let table = table
    forEachSlot(of: segments) { segment, slot, offset, rows, width in
      let part = self.partials(in: partials, segment, slot)
      part.first.update(repeating: 0, count: width)
      part.second.update(repeating: 0, count: width)
      table.pointee.gradient_sums(
        x + offset, dy + offset, rows, width, means[segment], scales[segment], shifts[segment], relu ? 1 : 0,
        part.first, part.second, part.scratch)
    }
  }

  func gradientInput(
    _ x: UnsafeRawPointer, _ dy: UnsafeRawPointer, _ means: ChannelFactors, _ scales: ChannelFactors,
    _ shifts: ChannelFactors, relu: Bool, _ offsets: ChannelFactors, _ slopes: ChannelFactors,
    of segments: Range<Int>? = nil, output dx: UnsafeMutableRawPointer
  ) {
    let table = table
    forEachSlot(of: segments, backwards: true) { segment, _, offset, rows, width in
      table.pointee.gradient_input(
        x + offset, dy + offset, rows, width, means[segment], scales[segment], shifts[segment], relu ? 1 : 0,
        offsets[segment], slopes[segment], streams ? 1 : 0, dx + offset)
    }
  }
}
