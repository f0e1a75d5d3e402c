import Martlet

extension OperatorTable {
  /// Operators along an axis that go by its order, or by that of its elements.
  static let orderings: [OperatorDefinition] = [
    OperatorDefinition("CumSum", from: 11, inputs: 2...2, known: [1]) { node in
      let isExclusive = try node.flag("exclusive")
      let isReversed = try node.flag("reverse")
      return { inputs in
        let axis = try inputs.integer(1) ?? 0
        return [
          try inputs[0].cumulativeSum(axis: axis, isExclusive: isExclusive, isReversed: isReversed)
        ]
      }
    },
    OperatorDefinition("TopK", inputs: 1...2, outputs: 2...2, known: [1]) { node in
      let count = node.version < 10 ? try node.integer("k") : nil
      let axis = try node.integer("axis", default: -1)
      let largest = node.version >= 11 ? try node.flag("largest", default: true) : true
      // In order is one of the ways of being in any.
      node.ignore("sorted")
      return { inputs in
        guard let count = try count ?? inputs.integer(1) else {
          throw MartletError("topk", "expected a number of elements, got none")
        }
        let (values, indices) = try inputs[0].top(count, axis: axis, largest: largest)
        return [values, indices]
      }
    },
  ]
}
