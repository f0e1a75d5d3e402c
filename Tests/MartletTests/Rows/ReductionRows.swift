import Martlet

extension OperationRow {
  private static let axes: [(name: String, axes: [Int])] = [
    ("all", [0, 1, 2, 3]), ("channels", [1]), ("per_channel", [0, 2, 3]), ("space", [2, 3]), ("batch", [0]),
    ("last", [3]), ("height", [2]), ("mixed", [1, 3]), ("outer", [0, 2]),
  ]

  private static func row(
    _ name: String, checksFiniteDifferences: Bool = true,
    _ body: @escaping @Sendable (Tensor) throws -> Tensor
  ) -> OperationRow {
    OperationRow("reduction/\(name)", checksFiniteDifferences: checksFiniteDifferences) { [try body($0[0])] }
  }

  static let reduction: [OperationRow] =
    axes.flatMap { name, axes in
      [
        row("sum.\(name)") { try $0.sum(axes: axes) },
        row("sum.\(name).kept") { try $0.sum(axes: axes, keepDimensions: true) },
        row("amax.\(name)") { try $0.max(axes: axes) },
      ]
        + (name == "per_channel" || name == "mixed"
          ? [
            row("mean.\(name)") { try $0.mean(axes: axes) },
            row("amin.\(name)") { try $0.min(axes: axes) },
          ] : [])
    } + [
      row("amax.per_channel.kept") { try $0.max(axes: [0, -2, -1], keepDimensions: true) },
      row("sum.rows") { try $0.sum(axes: [1]) },
      row("sum.columns") { try $0.sum(axes: [0]) },
      row("sum.few_columns") { try $0.sum(axes: [0]) },
      row("mean.all") { try $0.mean() },
      row("sum.vector") { try $0.sum() },
      row("amax.tied", checksFiniteDifferences: false) { try $0.max(axes: [1]) },
      row("amin.tied", checksFiniteDifferences: false) { try $0.min(axes: [0]) },
      row("var.per_channel") { try $0.variance(axes: [0, 2, 3]) },
      row("var.population") { try $0.variance(axes: [1], keepDimensions: true, correction: 0) },
      row("sum_of_squares") { x in try x.sumOfSquares().cast(to: x.scalar) },
      row("expand.channel") { try $0.broadcast(to: [2, 3, 4, 5]) },
      row("expand.pixel") { try $0.broadcast(to: [2, 3, 4, 5]) },
      row("expand.lower_rank") { try $0.broadcast(to: [2, 3, 4, 5]) },
      row("expand.scalar") { try $0.broadcast(to: [3, 2]) },
      row("argmax.kept") { try $0.argmax(axis: 1, keepDimension: true) },
      row("argmin.1") { try $0.argmin(axis: 1) },
      row("argmin.2") { try $0.argmin(axis: -2) },
      row("argmax.first") { try $0.argmax(axis: 1) },
    ] + (0..<4).map { axis in row("argmax.\(axis)") { try $0.argmax(axis: axis) } }
}
