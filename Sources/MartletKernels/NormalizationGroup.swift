import CMartletKernels

/// Group normalisation of `images` × `rows` × `channels`: in every image, `groups` runs of neighbouring channels
/// have one mean and variance each, over all rows.
///
/// Pointers are to elements of `format`; means and inverse deviations are `images` × `groups`.
public struct GroupNormalization {
  let cut: NormalizationCut
  let images: Int
  let rows: Int
  let channels: Int
  let groups: Int
  let format: RealFormat

  /// - Parameters:
  ///   - rows: Pixels of an image, each with its channels side by side.
  ///   - groups: They divide the channels.
  ///   - format: Of activations, parameters and statistics.
  public init(images: Int, rows: Int, channels: Int, groups: Int, format: RealFormat) {
    cut = NormalizationCut(segments: images, rows: rows, channels: channels, format: format)
    self.images = images
    self.rows = rows
    self.channels = channels
    self.groups = groups
    self.format = format
  }

  private var groupSize: Int { channels / groups }
  private var channelDoubles: Int { ScratchCursor.padded(channels * 8) }
  private var groupDoubles: Int { ScratchCursor.padded(images * groups * 8) }

  /// Scratch bytes of ``forward(_:weight:bias:epsilon:output:mean:inverseDeviation:workspace:)``.
  public var forwardWorkspaceByteCount: Int {
    3 * ChannelFactors.byteCount(cut) + 5 * channelDoubles + 2 * groupDoubles + cut.partialsByteCount
  }
  /// Scratch bytes of the gradient.
  public var gradientWorkspaceByteCount: Int {
    5 * ChannelFactors.byteCount(cut) + 9 * channelDoubles + 2 * groupDoubles + cut.partialsByteCount
  }

  /// y = (x − mean) / √(variance + epsilon) · weight + bias.
  public func forward(
    _ x: UnsafeRawPointer, weight: UnsafeRawPointer, bias: UnsafeRawPointer, epsilon: Double,
    output: UnsafeMutableRawPointer, mean: UnsafeMutableRawPointer, inverseDeviation: UnsafeMutableRawPointer,
    workspace: UnsafeMutableRawPointer
  ) {
    var scratch = ScratchCursor(workspace)
    let means = ChannelFactors(cut, &scratch)
    let scales = ChannelFactors(cut, &scratch)
    let shifts = ChannelFactors(cut, &scratch)
    let channelMean = scratch.takeDoubles(channels)
    let channelDeviations = scratch.takeDoubles(channels)
    let weights = scratch.takeDoubles(channels)
    let factorMean = scratch.takeDoubles(channels)
    let factorScale = scratch.takeDoubles(channels)
    let groupMean = scratch.takeDoubles(images * groups)
    let groupInverse = scratch.takeDoubles(images * groups)
    let partials = scratch.take(cut.partialsByteCount)
    let table = cut.table
    table.pointee.widen(weight, channels, weights)

    cut.forEachCachedRun { run in
      cut.forEachSlot(of: run) { segment, slot, offset, rows, width in
        let part = cut.partials(in: partials, segment, slot)
        table.pointee.moments(x + offset, rows, width, part.first, part.second, part.scratch)
      }
      for image in run {
        cut.joinMoments(partials, segment: image, mean: channelMean, deviations: channelDeviations)
        for group in 0..<groups {
          let members = group * groupSize..<(group + 1) * groupSize
          var sum = 0.0
          for c in members { sum += channelMean[c] }
          let mean = sum / Double(groupSize)
          var deviations = 0.0
          for c in members {
            let delta = channelMean[c] - mean
            deviations += channelDeviations[c] + Double(rows) * delta * delta
          }
          let variance = deviations / Double(rows * groupSize)
          let inverse = 1 / (variance + epsilon).squareRoot()
          groupMean[image * groups + group] = mean
          groupInverse[image * groups + group] = inverse
          for c in members {
            factorMean[c] = mean
            factorScale[c] = inverse * weights[c]
          }
        }
        means.set(image, rounding: factorMean)
        scales.set(image, rounding: factorScale)
        shifts.set(image, to: bias)
      }
      cut.apply(x, means, scales, shifts, relu: false, of: run, output: output)
    }
    table.pointee.narrow(groupMean, images * groups, mean)
    table.pointee.narrow(groupInverse, images * groups, inverseDeviation)
  }

  /// The gradients of ``forward(_:weight:bias:epsilon:output:mean:inverseDeviation:workspace:)``.
  public func gradient(
    _ x: UnsafeRawPointer, outputGradient dy: UnsafeRawPointer, mean: UnsafeRawPointer,
    inverseDeviation: UnsafeRawPointer, weight: UnsafeRawPointer, inputGradient dx: UnsafeMutableRawPointer,
    weightGradient: UnsafeMutableRawPointer, biasGradient: UnsafeMutableRawPointer,
    workspace: UnsafeMutableRawPointer
  ) {
    var scratch = ScratchCursor(workspace)
    let means = ChannelFactors(cut, &scratch)
    let scales = ChannelFactors(cut, &scratch)
    let shifts = ChannelFactors(cut, &scratch)
    let offsets = ChannelFactors(cut, &scratch)
    let slopes = ChannelFactors(cut, &scratch)
    let weights = scratch.takeDoubles(channels)
    let sums = scratch.takeDoubles(channels)
    let products = scratch.takeDoubles(channels)
    let weightSums = scratch.takeDoubles(channels)
    let biasSums = scratch.takeDoubles(channels)
    let factorMean = scratch.takeDoubles(channels)
    let factorScale = scratch.takeDoubles(channels)
    let factorOffset = scratch.takeDoubles(channels)
    let factorSlope = scratch.takeDoubles(channels)
    let groupMean = scratch.takeDoubles(images * groups)
    let groupInverse = scratch.takeDoubles(images * groups)
    let partials = scratch.take(cut.partialsByteCount)
    let table = cut.table
    table.pointee.widen(weight, channels, weights)
    table.pointee.widen(mean, images * groups, groupMean)
    table.pointee.widen(inverseDeviation, images * groups, groupInverse)
    for image in 0..<images {
      for c in 0..<channels {
        factorMean[c] = groupMean[image * groups + c / groupSize]
        factorScale[c] = groupInverse[image * groups + c / groupSize] * weights[c]
      }
      means.set(image, rounding: factorMean)
      scales.set(image, rounding: factorScale)
      shifts.set(image, to: weight)  // Only read where relu is fused.
    }

    weightSums.update(repeating: 0, count: channels)
    biasSums.update(repeating: 0, count: channels)
    let share = 1 / Double(rows * groupSize)
    cut.forEachCachedRun { run in
      cut.gradientSums(x, dy, means, scales, shifts, relu: false, of: run, partials: partials)
      for image in run {
        cut.addSums(partials, segment: image, into: sums, products)
        for group in 0..<groups {
          let inverse = groupInverse[image * groups + group]
          let members = group * groupSize..<(group + 1) * groupSize
          var sum = 0.0
          var product = 0.0
          for c in members {
            sum += weights[c] * sums[c]
            product += weights[c] * products[c]
            biasSums[c] += sums[c]
            weightSums[c] += products[c] * inverse
          }
          for c in members {
            factorOffset[c] = inverse * sum * share
            factorSlope[c] = inverse * inverse * inverse * product * share
          }
        }
        offsets.set(image, rounding: factorOffset)
        slopes.set(image, rounding: factorSlope)
      }
      cut.gradientInput(
        x, dy, means, scales, shifts, relu: false, offsets, slopes, of: run, output: dx)
    }
    table.pointee.narrow(biasSums, channels, biasGradient)
    table.pointee.narrow(weightSums, channels, weightGradient)
  }
}
