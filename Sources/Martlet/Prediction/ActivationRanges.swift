/// What the inputs of a network's convolutions were seen to be, on some samples: what int8 rounds them by.
///
/// It is for the network that it was made with, frozen in the same way. Sizes of images may differ.
public struct ActivationRanges: Hashable, Sendable {
  /// For each convolution with constant weights, in the order in which they are recorded, the least and the largest
  /// element of its input; `nil` where that is never in memory as it is.
  public var ranges: [ClosedRange<Float>?]

  public init(ranges: [ClosedRange<Float>?]) { self.ranges = ranges }

  /// That of the current task, for ``Precision/int8``: none unless set by ``withPrecision(_:calibration:_:)``.
  @TaskLocal public static var current: ActivationRanges?
}

extension Predictor {
  /// Runs the computation on some samples, and sees what its convolutions' inputs are.
  ///
  /// - Parameter samples: The arguments of each run.
  /// - Throws: ``MartletError`` when there are no samples, or elements that are not finite; whatever the computation
  ///   throws.
  public func activationRanges(on samples: some Sequence<[Tensor]>) throws -> ActivationRanges {
    var samples = samples.makeIterator()
    return try activationRanges { samples.next() }
  }

  /// The same of samples that are made one at a time.
  ///
  /// - Parameter next: The arguments of the next run; `nil` after the last.
  /// - Throws: Also what `next` throws.
  public func activationRanges(on next: () throws -> [Tensor]?) throws -> ActivationRanges {
    var calibration: ActivationRanges?
    var plans: [[TensorType]: (plan: PreparedPlan, observed: [Bool])] = [:]
    while let arguments = try next() {
      let types = arguments.map(\.type)
      try check(types)
      let known = try plans[types] ?? withRecorder { try $0.observingPlan(for: types) }
      plans[types] = known
      let (plan, observed) = known
      let seen = try plan.run(arguments).suffix(2 * observed.count { $0 }).map { try $0.item(Float.self) }
      var ranges = calibration?.ranges ?? observed.map { _ in nil }
      let indices = observed.indices.filter { observed[$0] }
      for (position, index) in indices.enumerated() {
        let (low, high) = (seen[2 * position], seen[2 * position + 1])
        try require(
          low.isFinite && high.isFinite, "calibration",
          "expected finite inputs of convolutions, got numbers from \(low) to \(high) in convolution \(index)"
        )
        ranges[index] =
          min(low, ranges[index]?.lowerBound ?? low)...max(high, ranges[index]?.upperBound ?? high)
      }
      calibration = ActivationRanges(ranges: ranges)
    }
    guard let calibration else { throw MartletError("calibration", "expected samples, got none") }
    return calibration
  }
}
