/// How a Winograd convolution takes the slices of its volumes: the kernel's plane is transformed, its depth is a sum
/// of products. An image is a volume of one slice.
///
/// A dilated depth is as many plain ones on interleaved slices. The result's slices of one such phase are cut into
/// runs; a source slice is transformed once for all slices of a run that read it. What a phase has less than the
/// others is outside the image, like the padding.
struct WinogradSlices {
  /// Some of the result's slices, and what they read.
  struct Run {
    let first: Int
    let count: Int
    /// The taps along the depth that read inside the source for at least one of the slices.
    let taps: Range<Int>
    /// Slice s of the run reads for tap t of `taps` the source's slice number s + t − taps.lowerBound of these.
    let firstSource: Int
    var sourceCount: Int { taps.isEmpty ? 0 : count + taps.count - 1 }
  }

  private let sourceDepth: Int
  private let resultDepth: Int
  let kernelDepth: Int
  /// From one slice of a run to the next.
  let step: Int
  /// Result slice s reads source slices s + origin + t · step.
  private let origin: Int
  private let phases: Int
  /// Slices of a phase, and the runs they are cut into.
  private let phaseSlices: Int
  private var phaseRuns: Int

  /// A run for each slice.
  init(sourceDepth: Int, resultDepth: Int, kernelDepth: Int, dilation: Int, origin: Int) {
    self.sourceDepth = sourceDepth
    self.resultDepth = resultDepth
    self.kernelDepth = kernelDepth
    self.origin = origin
    step = dilation
    phases = max(1, min(dilation, resultDepth))
    phaseSlices = ceilDivide(resultDepth, dilation)
    phaseRuns = max(1, phaseSlices)
  }

  /// The same in longer runs, of as many slices as there may be, but no more than are worthwhile: at twice the
  /// kernel's depth less than half of the source is transformed again, and a longer run leaves a chunk fewer
  /// neighbours in the plane.
  func cut(longest: Int) -> WinogradSlices {
    var slices = self
    slices.phaseRuns = max(1, ceilDivide(phaseSlices, min(longest, 2 * kernelDepth)))
    return slices
  }

  /// Slices in all, with those that a phase has less.
  var count: Int { phases * phaseSlices }
  var runCount: Int { phases * phaseRuns }
  /// Slices of the longest run, and those that it reads.
  var longestRun: Int { max(1, ceilDivide(phaseSlices, phaseRuns)) }
  var longestSource: Int { longestRun + max(1, taps.count) - 1 }

  /// Source slices that all runs read, and pairs of a slice and a tap.
  var sourceCount: Int { (0..<runCount).reduce(0) { $0 + run($1).sourceCount } }
  var productCount: Int {
    (0..<runCount).reduce(0) { sum, number in
      let run = run(number)
      return sum + run.count * run.taps.count
    }
  }

  func run(_ number: Int) -> Run {
    let (phase, part) = (number / phaseRuns, number % phaseRuns)
    let slices = (phaseSlices * part / phaseRuns)..<(phaseSlices * (part + 1) / phaseRuns)
    let first = phase + slices.lowerBound * step
    // Slices that a phase has less read nothing that matters.
    let taps = taps(ofSlicesFrom: first, to: min(resultDepth - 1, first + (slices.count - 1) * step))
    return Run(
      first: first, count: slices.count, taps: taps, firstSource: first + origin + taps.lowerBound * step)
  }

  /// The same that reads for `taps`, whether inside or not.
  func run(_ number: Int, taps: Range<Int>) -> Run {
    let run = run(number)
    return Run(
      first: run.first, count: run.count, taps: taps,
      firstSource: run.first + origin + taps.lowerBound * step)
  }

  /// The taps that read inside the source for any slice.
  var taps: Range<Int> { taps(ofSlicesFrom: 0, to: resultDepth - 1) }

  private func taps(ofSlicesFrom first: Int, to last: Int) -> Range<Int> {
    let lower = (0..<kernelDepth).first { last + origin + $0 * step >= 0 } ?? kernelDepth
    let upper = (lower..<kernelDepth).last { first + origin + $0 * step < sourceDepth }.map { $0 + 1 }
    return lower..<(upper ?? lower)
  }
}
