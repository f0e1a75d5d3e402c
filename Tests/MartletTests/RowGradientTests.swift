import Martlet
import Testing

/// Tables of which a step looks up some rows, and optimizers that read the gradients of these alone.
@Suite("Gradients of rows")
struct RowGradientTests {
  enum Rule: String, CaseIterable, Sendable {
    case sgd, momentum, nesterov, adam, adamw, sparseAdam

    func apply(
      _ parameter: Tensor, _ gradient: Tensor, _ state: [Tensor], _ scalars: Tensor, _ scale: Tensor
    ) throws {
      func sgd(momentum: Double, isNesterov: Bool = false) throws {
        try applySGDStep(
          parameter: parameter, gradient: gradient, momentumBuffer: momentum == 0 ? nil : state[0],
          scalars: scalars, gradientScale: scale, momentum: momentum, isNesterov: isNesterov, weightDecay: 0.1
        )
      }
      func adam(isDecoupled: Bool) throws {
        try applyAdamStep(
          parameter: parameter, gradient: gradient, firstMoment: state[0], secondMoment: state[1],
          scalars: scalars, gradientScale: scale, weightDecay: 0.05, isDecoupled: isDecoupled)
      }
      switch self {
      case .sgd: try sgd(momentum: 0)
      case .momentum: try sgd(momentum: 0.9)
      case .nesterov: try sgd(momentum: 0.9, isNesterov: true)
      case .adam: try adam(isDecoupled: false)
      case .adamw: try adam(isDecoupled: true)
      case .sparseAdam:
        try applySparseAdamStep(
          parameter: parameter, gradient: gradient, firstMoment: state[0], secondMoment: state[1],
          scalars: scalars, gradientScale: scale)
      }
    }
  }

  /// A step on a table that is looked up three times, with a row that gets no gradient in the first and the last.
  private struct Step {
    let table: Parameter
    let state: [Buffer]
    let function: Function
    let shapes: [[Int]]

    init(
      rows: Int, width: Int, shapes: [[Int]], _ rule: Rule, _ scalar: ScalarType = .float32,
      indices: ScalarType = .int32, clip: Double = .infinity, readsElsewhere: Bool = false,
      without names: [String] = []
    ) throws {
      self.shapes = shapes
      let table = try Parameter(RowGradientTests.numbers([rows, width], seed: 1, scalar))
      let state = try (0..<2).map { _ in try Buffer(Tensor.zeros([rows, width], scalar)) }
      (self.table, self.state) = (table, state)
      let types = shapes.map { TensorType($0, indices) } + shapes.map { TensorType($0 + [width], scalar) }
      function = try Function(
        [TensorType([2], .float64)] + types, mode: .training, passes: defaultPasses.without(names)
      ) { arguments in
        let (lookups, factors) = (arguments[1...shapes.count], arguments[(shapes.count + 1)...])
        var loss = try Tensor.full(0, TensorType([], scalar))
        for (index, (lookup, factor)) in zip(lookups, factors).enumerated() {
          let found = try table.value.embedding(lookup, paddingIndex: index == 1 ? nil : 0)
          loss = try loss + (found * found * factor).sum()
        }
        let gradient = try #require(definedGradients(of: loss, withRespectTo: [table.value])[0])
        let (norm, scale) = try clipCoefficient(of: [gradient], maximumNorm: clip)
        try rule.apply(table.value, gradient, state.map(\.value), arguments[0], scale)
        return [norm] + (readsElsewhere ? [gradient] : [])
      }
    }

    var operations: [String] { function.listing().rows.map(\.operation) }

    /// Some steps on indices of whichever rows; afterwards the table and the state, and the last gradients' norm.
    func run(_ steps: Int, _ scalar: ScalarType = .float32, indices: ScalarType = .int32) throws -> (
      tensors: [Tensor], norm: Double
    ) {
      var norm = 0.0
      for step in 0..<steps {
        let scalars = try Tensor(shape: [2], scalars: [0.1, Double(step + 1)])
        let lookups = try shapes.enumerated().map { lookup, shape in
          var random = TestGenerator(state: UInt64(7 * step + lookup))
          let count = shape.reduce(1, *)
          // Few of the rows, so that many come again; and that which has no gradient.
          let values = (0..<count).map { _ in
            Int64.random(in: 0..<Int64(max(table.type.shape[0] / 3, 1)), using: &random)
          }
          return try Tensor(shape: shape, scalars: values).cast(to: indices)
        }
        let factors = try shapes.enumerated().map { lookup, shape in
          try RowGradientTests.numbers(
            shape + [table.type.shape[1]], seed: UInt64(100 + 7 * step + lookup), scalar)
        }
        norm = try function([scalars] + lookups + factors)[0].item(Double.self)
      }
      return ([table.concrete] + state.map(\.concrete), norm)
    }
  }

  private static func numbers(_ shape: [Int], seed: UInt64, _ scalar: ScalarType) throws -> Tensor {
    var random = TestGenerator(state: seed)
    return try Tensor(
      shape: shape, scalars: (0..<shape.reduce(1, *)).map { _ in Double.random(in: -1...1, using: &random) }
    ).cast(to: scalar)
  }

  @Test("change a table as one of its size does, byte for byte", arguments: Rule.allCases)
  func keepBytes(_ rule: Rule) throws {
    for (rows, width, shapes) in [
      (97, 5, [[4, 6], [7], [2, 1, 3]]), (40, 1, [[30], [3], [6]]), (300, 64, [[1], [1], [1]]),
      (2000, 33, [[20, 50], [300], [300]]), (11, 16, [[0], [5], [0, 3]]),
    ] {
      for scalar in [ScalarType.float32, .float64] {
        for indices in [ScalarType.int32, .int64] {
          func step(without names: [String] = []) throws -> Step {
            try Step(rows: rows, width: width, shapes: shapes, rule, scalar, indices: indices, without: names)
          }
          let (small, whole) = (try step(), try step(without: ["coalesce-rows"]))
          #expect(small.operations.contains("coalesce"), "\(small.operations)")
          #expect(!small.operations.contains { $0.hasPrefix("index_add") })
          #expect(whole.operations.contains { $0.hasPrefix("index_add") })
          let (a, b) = (
            try small.run(4, scalar, indices: indices), try whole.run(4, scalar, indices: indices)
          )
          for (x, y) in zip(a.tensors, b.tensors) {
            #expect(
              try x.scalarBits == y.scalarBits, "\(rule), \(rows)×\(width), \(shapes), \(scalar), \(indices)")
          }
          #expect(abs(a.norm - b.norm) <= 1e-6 * b.norm)
        }
      }
    }
  }

  @Test("are clipped by the norm of all")
  func clip() throws {
    func step(_ names: [String] = []) throws -> (tensors: [Tensor], norm: Double) {
      try Step(rows: 97, width: 5, shapes: [[4, 6], [7]], .sgd, clip: 0.5, without: names).run(3)
    }
    let (a, b) = (try step(), try step(["coalesce-rows"]))
    #expect(b.norm > 0.5)
    try expectClose(a.tensors[0], b.tensors[0], 1e-6, "clipped")
  }

  @Test("are made where that is less than the table, and nothing else reads them")
  func whereTheyAreMade() throws {
    func operations(rows: Int, _ shapes: [[Int]], readsElsewhere: Bool = false) throws -> [String] {
      try Step(rows: rows, width: 3, shapes: shapes, .adam, readsElsewhere: readsElsewhere).operations
    }
    #expect(try operations(rows: 31, [[10], [20]]).contains("coalesce"))
    #expect(try operations(rows: 31, [[10], [20]]).contains("adam_step of rows"))
    #expect(try !operations(rows: 30, [[10], [20]]).contains("coalesce"))
    #expect(try !operations(rows: 31, [[10], [20]], readsElsewhere: true).contains("coalesce"))
  }

  @Test("take memory by the rows that are looked up, not by those there are")
  func memory() throws {
    func bytes(_ names: [String] = []) throws -> Int {
      try Step(rows: 100_000, width: 16, shapes: [[20, 10], [20]], .adam, without: names)
        .function.plan.arenaByteCount
    }
    let table = 100_000 * 16 * 4
    #expect(try bytes(["coalesce-rows"]) > table)
    #expect(try bytes() < table / 10)
  }

  @Test("change nothing when they are not finite")
  func notFinite() throws {
    for rule in Rule.allCases {
      let step = try Step(rows: 20, width: 4, shapes: [[3]], rule)
      let before = try step.table.concrete.scalarBits
      let scalars = try Tensor(shape: [2], scalars: [0.1, 1])
      let lookups = try Tensor(shape: [3], scalars: [1, 2, 3] as [Int32])
      let factors = try Tensor(shape: [3, 4], scalars: [Float](repeating: .infinity, count: 12))
      _ = try step.function([scalars, lookups, factors])
      #expect(try step.table.concrete.scalarBits == before, "\(rule)")
      #expect(step.operations.contains("coalesce"))
    }
  }

  @Test("refuse rows that there are not")
  func outOfRange() throws {
    let step = try Step(rows: 20, width: 4, shapes: [[3]], .adam)
    let scalars = try Tensor(shape: [2], scalars: [0.1, 1])
    let factors = try Tensor(shape: [3, 4], scalars: [Float](repeating: 1, count: 12))
    let error = #expect(throws: MartletError.self) {
      try step.function([scalars, Tensor(shape: [3], scalars: [1, 20, 3] as [Int32]), factors])
    }
    #expect(
      error?.message.contains("expected indices from 0 to 19, got 20 at [1]") == true, "\(error as Any)")
  }

  @Test("are taken by SparseAdam as PyTorch's takes them", arguments: [false, true])
  func sparseAdam(ofRows: Bool) throws {
    let tensors = try Fixtures.tensors("optimizer")
    func tensor(_ name: String) throws -> Tensor { try #require(tensors["sparse_adam/\(name)"]) }
    let table = try Parameter(tensor("parameter"))
    let state = try (0..<2).map { _ in try Buffer(Tensor.zeros(table.type.shape, .float32)) }
    let (lookups, rows) = (try tensor("lookups"), try tensor("gradients"))
    let count = lookups.shape[1]
    let step = try Function(
      [TensorType([2], .float64), TensorType([count], .int32), TensorType([count, table.type.shape[1]])],
      passes: defaultPasses.without(ofRows ? [] : ["coalesce-rows"])
    ) { arguments in
      let loss = try (table.value.embedding(arguments[1]) * arguments[2]).sum()
      let gradient = try gradients(of: loss, withRespectTo: [table.value])[0]
      try applySparseAdamStep(
        parameter: table.value, gradient: gradient, firstMoment: state[0].value, secondMoment: state[1].value,
        scalars: arguments[0], epsilon: 1e-3)
      return []
    }
    #expect(step.listing().rows.map(\.operation).contains("coalesce") == ofRows)
    for (index, rate) in [0.1, 0.1, 0.05, 0.02, 0.01].enumerated() {
      func part(_ tensor: Tensor) throws -> Tensor {
        try tensor.sliced(axis: 0, from: index, to: index + 1).reshaped(to: Array(tensor.shape.dropFirst()))
      }
      let scalars = try Tensor(shape: [2], scalars: [rate, Double(index + 1)])
      _ = try step([scalars, part(lookups), part(rows)])
      try expectClose(table.concrete, part(tensor("after")), 1e-6, "after step \(index + 1)")
    }
  }
}

extension Tensor {
  /// The elements' bits, which tell zeros of either sign apart.
  fileprivate var scalarBits: [UInt64] {
    get throws {
      scalar == .float64
        ? try scalars(Double.self).map(\.bitPattern) : try scalars(Float.self).map { UInt64($0.bitPattern) }
    }
  }
}
