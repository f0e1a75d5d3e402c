import Martlet

extension OperatorTable {
  /// Operators that put tensors together, take them apart, or pick elements by their places.
  static let selections: [OperatorDefinition] = [
    OperatorDefinition("Concat", inputs: OperatorDefinition.many) { node in
      guard let axis = try node.integer("axis") else {
        throw MartletError("onnx", "expected attribute axis, got none")
      }
      return { inputs in [try concatenated(inputs.all, axis: axis)] }
    },
    OperatorDefinition("Split", inputs: 1...2, outputs: OperatorDefinition.many, known: [1]) { node in
      let axis = try node.integer("axis", default: 0)
      let sizes = try node.integers("split", inputFrom: 13, at: 1)
      let parts = node.version >= 18 ? try node.integer("num_outputs") : nil
      let count = node.node.outputs.count
      try require(
        (parts ?? count) == count, "onnx", "expected \(count) as num_outputs, got \(parts ?? 0)")
      return { inputs in
        let x = try inputs[0]
        let axis = try checkedAxis(axis, rank: x.rank)
        let size = x.shape[axis]
        // Equal parts, the last of which may be smaller.
        let part = (size + count - 1) / count
        let equal = (0..<count).map { max(min(part, size - $0 * part), 0) }
        let sizes = try sizes(inputs) ?? equal
        try require(
          sizes.count == count, "split", "expected a size for each of \(count) parts, got \(sizes)")
        return try x.split(sizes: sizes, axis: axis)
      }
    },
    OperatorDefinition("Slice", inputs: 1...5, known: [1, 2, 3, 4]) { node in
      let starts = try node.integers("starts", inputFrom: 10, at: 1)
      let ends = try node.integers("ends", inputFrom: 10, at: 2)
      let axes = try node.integers("axes", inputFrom: 10, at: 3)
      return { inputs in
        let x = try inputs[0]
        var starts = try starts(inputs) ?? []
        let axes = try axes(inputs) ?? Array(starts.indices)
        let steps = try inputs.integers(4)
        // Backwards from before the first element is from the first, where Python has nothing.
        for (position, (axis, step)) in zip(axes, steps ?? []).enumerated() where step < 0 {
          let size = x.shape[try checkedAxis(axis, rank: x.rank)]
          if position < starts.count, starts[position] < -size { starts[position] = 0 }
        }
        return [try x.sliced(axes: axes, from: starts, to: ends(inputs) ?? [], steps: steps)]
      }
    },
    OperatorDefinition("Gather", inputs: 2...2) { node in
      let axis = try node.integer("axis", default: 0)
      return { inputs in
        let x = try inputs[0]
        let axis = try checkedAxis(axis, rank: x.rank)
        return [try x.selecting(inputs[1].countedFromFront(of: x.shape[axis]), axis: axis)]
      }
    },
    OperatorDefinition("GatherElements", from: 11, inputs: 2...2) { node in
      let axis = try node.integer("axis", default: 0)
      return { inputs in
        let x = try inputs[0]
        let axis = try checkedAxis(axis, rank: x.rank)
        return [try x.gathered(inputs[1].countedFromFront(of: x.shape[axis]), axis: axis)]
      }
    },
    OperatorDefinition("GatherND", from: 11, inputs: 2...2) { node in
      let batchAxes = node.version >= 12 ? try node.integer("batch_dims", default: 0) : 0
      return { inputs in [try inputs[0].gatheredND(inputs[1], batchAxes: batchAxes)] }
    },
    scatter("Scatter", from: 9, to: 10),
    scatter("ScatterElements", from: 11),
    OperatorDefinition("ScatterND", from: 11, inputs: 3...3) { node in
      let reduction = try node.scatterReduction()
      return { inputs in [try inputs[0].scatteringND(inputs[2], at: inputs[1], reduction)] }
    },
    OperatorDefinition("Where", from: 9, inputs: 3...3) { _ in
      { inputs in [try Tensor.select(inputs[0], inputs[1], inputs[2])] }
    },
    OperatorDefinition("Trilu", from: 14, inputs: 1...2, known: [1]) { node in
      let upper = try node.flag("upper", default: true)
      return { inputs in
        return [try inputs[0].triangle(upper: upper, diagonal: inputs.integer(1) ?? 0)]
      }
    },
  ]

  private static func scatter(
    _ name: String, from first: Int, to last: Int = OperatorSets.understood.upperBound
  ) -> OperatorDefinition {
    OperatorDefinition(name, from: first, to: last, inputs: 3...3) { node in
      let axis = try node.integer("axis", default: 0)
      let reduction = try node.scatterReduction()
      return { inputs in
        let x = try inputs[0]
        let axis = try checkedAxis(axis, rank: x.rank)
        let indices = try inputs[1].countedFromFront(of: x.shape[axis])
        return [try x.scattering(inputs[2], at: indices, axis: axis, reduction)]
      }
    }
  }
}

extension NodeReader {
  /// What becomes of an element that another is scattered to.
  fileprivate mutating func scatterReduction() throws -> ScatterReduction {
    enum Reduction: String, CaseIterable { case none, add, mul, max, min }
    guard version >= 16 else { return .replace }
    switch try word("reduction", default: Reduction.none) {
    case .none: return .replace
    case .add: return .add
    case .mul: return .multiply
    case .max: return .maximum
    case .min: return .minimum
    }
  }
}
