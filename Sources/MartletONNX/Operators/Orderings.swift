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
    }
  ]
}
