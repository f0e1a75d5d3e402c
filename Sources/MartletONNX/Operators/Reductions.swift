import Martlet

extension OperatorTable {
  /// Operators that make one number of many.
  static let reductions: [OperatorDefinition] = [
    reduction("ReduceSum", inputFrom: 13) { try $0.sum(axes: $1, keepDimensions: $2) },
    reduction("ReduceMean") { try $0.mean(axes: $1, keepDimensions: $2) },
    reduction("ReduceMax", ofNone: -.infinity) {
      try $0.max(axes: $1, keepDimensions: $2)
    },
    reduction("ReduceMin", ofNone: .infinity) {
      try $0.min(axes: $1, keepDimensions: $2)
    },
    reduction("ReduceProd", ofNone: 1) { try $0.product(axes: $1, keepDimensions: $2) },
    reduction("ReduceSumSquare", ofOne: square) {
      try $0.sumOfSquares(axes: $1, keepDimensions: $2)
    },
    reduction("ReduceL1", ofOne: magnitude) { try $0.l1Norm(axes: $1, keepDimensions: $2) },
    reduction("ReduceL2", ofOne: magnitude) { try $0.l2Norm(axes: $1, keepDimensions: $2) },
    reduction("ReduceLogSum", ofNone: -.infinity, ofOne: logarithm) {
      try $0.sum(axes: $1, keepDimensions: $2).log()
    },
    reduction("ReduceLogSumExp", ofNone: -.infinity) { try $0.logSumExp(axes: $1, keepDimensions: $2) },
    argument("ArgMax") { try $0.argmax(axis: $1, keepDimension: $2, selectsLast: $3) },
    argument("ArgMin") { try $0.argmin(axis: $1, keepDimension: $2, selectsLast: $3) },
    softmax("Softmax") { try $0.softmax(axis: $1) },
    softmax("LogSoftmax") { try $0.logSoftmax(axis: $1) },
    softmax("Hardmax") { try $0.hardmax(axis: $1) },
  ]

  /// - Parameters:
  ///   - version: Since when the axes are an input.
  ///   - none: What is left of no elements.
  ///   - one: What becomes of each element where none are joined.
  private static func reduction(
    _ name: String, inputFrom version: Int = 18, ofNone none: Double = 0,
    ofOne one: @escaping @Sendable (Tensor) throws -> Tensor = { $0 },
    _ function: @escaping @Sendable (_ x: Tensor, _ axes: [Int], _ keepDimensions: Bool) throws -> Tensor
  ) -> OperatorDefinition {
    OperatorDefinition(name, inputs: 1...2, known: [1]) { node in
      let axes = try node.integers("axes", inputFrom: version, at: 1)
      let keeps = try node.flag("keepdims", default: true)
      let passes = node.version >= version ? try node.flag("noop_with_empty_axes") : false
      return { inputs in
        let x = try inputs[0]
        let given = try checkedAxes(axes(inputs) ?? [], rank: x.rank)
        if given.isEmpty, passes { return [try one(x)] }
        let axes = given.isEmpty ? Array(0..<x.rank) : given.sorted()
        if axes.contains(where: { x.shape[$0] == 0 }) {
          let shape =
            keeps
            ? x.shape.indices.map { axes.contains($0) ? 1 : x.shape[$0] } : remaining(x.shape, axes)
          return [try neutral(none, x.scalar).broadcast(to: shape)]
        }
        return [try function(x, axes, keeps)]
      }
    }
  }

  /// The first or last place along an axis of what a function finds.
  private static func argument(
    _ name: String,
    _ function:
      @escaping @Sendable (_ x: Tensor, _ axis: Int, _ keepDimension: Bool, _ last: Bool) throws -> Tensor
  ) -> OperatorDefinition {
    OperatorDefinition(name) { node in
      let axis = try node.integer("axis", default: 0)
      let keeps = try node.flag("keepdims", default: true)
      let last = node.version >= 12 ? try node.flag("select_last_index") : false
      return { inputs in
        let x = try inputs[0]
        return [try function(x, checkedAxis(axis, rank: x.rank), keeps, last)]
      }
    }
  }

  /// A function along one axis, or in versions before 13 along all axes from one on.
  private static func softmax(
    _ name: String, _ function: @escaping @Sendable (_ x: Tensor, _ axis: Int) throws -> Tensor
  ) -> OperatorDefinition {
    OperatorDefinition(name) { node in
      let isOneAxis = node.version >= 13
      let axis = try node.integer("axis", default: isOneAxis ? -1 : 1)
      return { inputs in
        let x = try inputs[0]
        let first = try checkedAxis(axis, rank: x.rank, mayBeEnd: !isOneAxis)
        if isOneAxis || first == x.rank - 1 { return [try function(x, first)] }
        let rows = try x.reshaped(to: [x.shape[..<first].reduce(1, *), x.shape[first...].reduce(1, *)])
        return [try function(rows, 1).reshaped(to: x.shape)]
      }
    }
  }
}

/// A number that reductions begin with; an infinite one is the extreme of a type without infinities.
private func neutral(_ value: Double, _ scalar: ScalarType) throws -> Tensor {
  if scalar.isFloatingPoint || value.isFinite { return try Tensor.full(value, TensorType([], scalar)) }
  switch scalar {
  case .int64: return try Tensor(value < 0 ? Int64.min : Int64.max)
  case .int32: return try Tensor(value < 0 ? Int32.min : Int32.max)
  case .uint8: return try Tensor(value < 0 ? UInt8.min : UInt8.max)
  case .bool, .float32, .float64: return try Tensor(value > 0)
  }
}

/// The sizes of the axes that are not reduced.
private func remaining(_ shape: [Int], _ axes: [Int]) -> [Int] {
  shape.indices.filter { !axes.contains($0) }.map { shape[$0] }
}

private func square(_ x: Tensor) throws -> Tensor { try x * x }
private func magnitude(_ x: Tensor) throws -> Tensor { try x.abs() }
private func logarithm(_ x: Tensor) throws -> Tensor { try x.log() }
