import Martlet

extension OperatorTable {
  /// Operators that add to the ends of axes.
  static let paddings: [OperatorDefinition] = [
    OperatorDefinition("Pad", inputs: 1...4, known: [1, 3], constant: [2]) { node in
      enum Mode: String, CaseIterable { case constant, reflect, edge, wrap }
      let mode = try node.word("mode", default: Mode.constant)
      let amounts = try node.integers("pads", inputFrom: 11, at: 1)
      let value = node.version < 11 ? try node.number("value", default: 0) : 0
      return { inputs in
        let x = try inputs[0]
        let axes = try checkedAxes(inputs.integers(3) ?? Array(0..<x.rank), rank: x.rank)
        let given = try amounts(inputs) ?? []
        try require(
          given.count == 2 * axes.count && given.allSatisfy { abs($0) < 1 << 31 }, "pad",
          "expected \(2 * axes.count) amounts, got \(given)")
        var (before, after) = (x.shape.map { _ in 0 }, x.shape.map { _ in 0 })
        for (position, axis) in axes.enumerated() {
          before[axis] = given[position]
          after[axis] = given[axes.count + position]
        }
        switch mode {
        case .constant:
          return [
            try x.padded(before: before, after: after, mode: .constant(inputs.number(2) ?? value))
          ]
        case .reflect: return [try continued(x, before, after, .reflect, mirrored)]
        case .edge: return [try continued(x, before, after, .replicate) { min(max($0, 0), $1 - 1) }]
        case .wrap: return [try continued(x, before, after, nil) { ($0 % $1 + $1) % $1 }]
        }
      }
    }
  ]
}

/// Axes continued beyond their ends by their own elements.
///
/// - Parameter place: The element for a position, which may lie outside, along an axis of a size.
private func continued(
  _ x: Tensor, _ before: [Int], _ after: [Int], _ mode: PaddingMode?,
  _ place: (_ position: Int, _ size: Int) -> Int
) throws -> Tensor {
  // Space has a kernel that keeps the layout.
  if let mode, (3...5).contains(x.rank), x.scalar.isFloatingPoint, (before + after).allSatisfy({ $0 >= 0 }),
    before[..<2] + after[..<2] == [0, 0, 0, 0]
  {
    return try x.padded(before: Array(before.dropFirst(2)), after: Array(after.dropFirst(2)), mode: mode)
  }
  var result = x
  for (axis, size) in x.shape.enumerated() where before[axis] != 0 || after[axis] != 0 {
    let range = -before[axis]..<max(size + after[axis], -before[axis])
    try require(
      (size > 0 || range.isEmpty) && range.count <= 1 << 24, "pad",
      "expected an axis with elements to continue, got \(x.type) and \(before) before and \(after) after")
    let picked = range.map { Int64(place($0, size)) }
    result = try result.selecting(Tensor(shape: [picked.count], scalars: picked), axis: axis)
  }
  return result
}

/// Forth and back between the outermost elements, which are not repeated.
private func mirrored(_ position: Int, _ size: Int) -> Int {
  let period = max(2 * (size - 1), 1)
  let phase = (position % period + period) % period
  return min(phase, period - phase, size - 1)
}
