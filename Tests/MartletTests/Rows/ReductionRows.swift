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

  private static let overAxes: [OperationRow] = axes.flatMap { name, axes -> [OperationRow] in
    [
      row("prod.\(name)") { try $0.product(axes: axes) },
      row("logsumexp.\(name)") { try $0.logSumExp(axes: axes) },
    ]
  }

  private static let more: [OperationRow] =
    overAxes + [
      row("prod.kept") { try $0.product(axes: [1, 3], keepDimensions: true) },
      row("prod.long") { try $0.product(axes: [0]) },
      row("prod.zeros") { try $0.product(axes: [1]) },
      row("logsumexp.infinite") { try $0.logSumExp(axes: [1]) },
      row("l1.mixed") { try $0.l1Norm(axes: [1, 3]) },
      row("l2.mixed") { try $0.l2Norm(axes: [1, 3]) },
      row("squares.space") { try $0.sumOfSquares(axes: [2, 3], keepDimensions: true) },
      row("amax.bool") { try $0.max(axes: [1, 2]) },
      row("amin.bool") { try $0.min(axes: [3]) },
      row("argmax.last") { try $0.argmax(axis: 1, selectsLast: true) },
      row("argmin.last") { try $0.argmin(axis: 0, keepDimension: true, selectsLast: true) },
      row("cumsum.1") { try $0.cumulativeSum(axis: 1) },
      row("cumsum.2") { try $0.cumulativeSum(axis: -2) },
      row("cumsum.exclusive") { try $0.cumulativeSum(axis: 3, isExclusive: true) },
      row("cumsum.reversed") { try $0.cumulativeSum(axis: 0, isReversed: true) },
      row("cumsum.both") { try $0.cumulativeSum(axis: 1, isExclusive: true, isReversed: true) },
      // Finite differences see what gradients do not.
      row("detach", checksFiniteDifferences: false) { try $0 * $0.withoutGradient() },
    ]

  private static let integers: [OperationRow] = ["int32", "int64"].flatMap { kind -> [OperationRow] in
    let some = axes.filter { ["all", "channels", "last", "mixed", "outer"].contains($0.name) }
    let sums = some.map { name, axes in row("sum.\(name).\(kind)") { try $0.sum(axes: axes) } }
    let largest = some.map { name, axes in
      row("amax.\(name).\(kind)") { try $0.max(axes: axes, keepDimensions: true) }
    }
    return sums + largest + [
      row("amin.batch.\(kind)") { try $0.min(axes: [0]) },
      row("prod.last.\(kind)") { try $0.product(axes: [3]) },
      row("argmax.\(kind)") { try $0.argmax(axis: 1) },
      row("argmin.\(kind)") { try $0.argmin(axis: 3, keepDimension: true) },
      row("cumsum.\(kind)") { try $0.cumulativeSum(axis: 1) },
    ]
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
    ] + more + integers + (0..<4).map { axis in row("argmax.\(axis)") { try $0.argmax(axis: axis) } }
}
