import Martlet

extension OperatorTable {
  /// Operators that add to the ends of axes.
  static let paddings: [OperatorDefinition] = [
    OperatorDefinition("Pad", inputs: 1...4, known: [1, 2, 3]) { node in
      enum Mode: String, CaseIterable { case constant, reflect, edge, wrap }
      let mode = try node.word("mode", default: Mode.constant)
      let amounts = try node.integers("pads", inputFrom: 11, at: 1)
      let value = node.version < 11 ? try node.number("value", default: 0) : 0
      return { inputs in
        let x = try inputs[0]
        let axes = try checkedAxes(inputs.integers(3) ?? Array(0..<x.rank), rank: x.rank)
        let given = try amounts(inputs) ?? []
        try require(
          given.count == 2 * axes.count, "pad",
          "expected \(2 * axes.count) amounts, got \(given)")
        var (before, after) = (x.shape.map { _ in 0 }, x.shape.map { _ in 0 })
        for (position, axis) in axes.enumerated() {
          before[axis] = given[position]
          after[axis] = given[axes.count + position]
        }
        let continuation: PaddingMode =
          switch mode {
          case .constant: .constant(try inputs.number(2) ?? value)
          case .reflect: .reflect
          case .edge: .replicate
          case .wrap: .wrap
          }
        return [try x.padded(before: before, after: after, mode: continuation)]
      }
    }
  ]
}
