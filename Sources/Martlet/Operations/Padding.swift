extension Tensor {
  /// Pads the last axes, one amount an axis on either side.
  ///
  /// Negative amounts crop, before the others pad. A reflection must be shorter than its axis. As
  /// `torch.nn.functional.pad`, with the amounts in the order of the axes.
  public func padded(before: [Int], after: [Int], mode: PaddingMode = .constant(0)) throws -> Tensor {
    try require(
      before.count == after.count && before.count <= rank, "pad",
      "expected as many amounts before as after, and at most \(rank), got \(before) and \(after)")
    if before.allSatisfy({ $0 == 0 }) && after.allSatisfy({ $0 == 0 }) { return self }
    let untouched = [Int](repeating: 0, count: rank - before.count)
    let (before, after) = (untouched + before, untouched + after)
    switch mode {
    case .constant(let value):
      return try Tensor.apply(Pad(before: before, after: after, value: value), [self])[0]
    case .reflect: return try continued(before, after, .reflect)
    case .replicate: return try continued(before, after, .replicate)
    case .wrap: return try continued(before, after, .wrap)
    }
  }

  /// Images or volumes [N, C, space…] continued at their borders by reflection, as often as it takes where one is
  /// smaller than what is added. One amount an axis of space on either side.
  public func paddedByReflection(before: [Int], after: [Int]) throws -> Tensor {
    try require(
      before.count == rank - 2 && after.count == rank - 2, "pad",
      "expected \(rank - 2) amounts on either side, got \(before) and \(after) (\(type))")
    if before.allSatisfy({ $0 == 0 }) && after.allSatisfy({ $0 == 0 }) { return self }
    return try Tensor.apply(
      PadSpace(before: before, after: after, continuation: .reflect), [try converted(to: .channelsLast)])[0]
  }

  /// One amount for every axis on either side.
  private func continued(
    _ before: [Int], _ after: [Int], _ continuation: Continuation
  ) throws -> Tensor {
    try checkAmounts(before + after, "pad")
    let crop = Pad(before: before.map { Swift.min($0, 0) }, after: after.map { Swift.min($0, 0) })
    let x = (crop.before + crop.after).contains { $0 != 0 } ? try Tensor.apply(crop, [self])[0] : self
    let (before, after) = (before.map { Swift.max($0, 0) }, after.map { Swift.max($0, 0) })
    let axes = x.shape.indices.filter { before[$0] + after[$0] > 0 }
    for axis in axes {
      let size = x.shape[axis]
      try require(size > 0, "pad", "expected an axis \(axis) that is not empty, got \(x.type)")
      try require(
        continuation != .reflect || Swift.max(before[axis], after[axis]) < size, "pad",
        "a reflection must be shorter than its axis of \(size), got \(before[axis]) and \(after[axis]) (\(type))"
      )
    }
    try x.type.with(shape: x.shape.indices.map { x.shape[$0] + before[$0] + after[$0] }).requireCountable(
      "pad")
    if (3...5).contains(rank), scalar.isFloatingPoint, axes.allSatisfy({ $0 >= 2 }) {
      let pad = PadSpace(
        before: Array(before[2...]), after: Array(after[2...]), continuation: continuation)
      return try Tensor.apply(pad, [x.converted(to: .channelsLast)])[0]
    }
    return try axes.reduce(x) { padded, axis in
      let size = x.shape[axis]
      let places = (-before[axis]..<size + after[axis]).map { Int64(continuation.source($0, size: size)) }
      return try padded.selecting(Tensor(shape: [places.count], scalars: places), axis: axis)
    }
  }
}
