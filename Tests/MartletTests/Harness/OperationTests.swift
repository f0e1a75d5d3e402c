import Martlet
import MartletKernels
import Testing

/// Every operation, forward and backward, against PyTorch and against finite differences, on every instruction set of
/// this machine and on one and two threads.
@Suite("Operations", .serialized)
struct OperationTests {
  static let rows: [OperationRow] = OperationRow.all

  @Test(
    "agree with PyTorch on every instruction set, in the same bytes on any number of threads", arguments: rows
  )
  func agreesWithPyTorch(_ row: OperationRow) throws {
    let fixture = try row.fixture()
    for set in InstructionSet.available {
      try InstructionSet.with(set) {
        for layout in [Layout.rowMajor, .channelsLast] {
          var placed = fixture
          placed.inputs = try fixture.inputs.map {
            try $0.scalar.isFloatingPoint ? $0.converted(to: layout) : $0
          }
          let onOne = try ThreadPool.withThreadCount(1) { try evaluate(row, placed) }
          let onTwo = try ThreadPool.withThreadCount(2) { try evaluate(row, placed) }
          #expect(try bytes(onOne) == bytes(onTwo), "\(set): one and two threads differ")
          try compare(onOne, fixture, row, "\(set), \(layout)")
        }
      }
    }
  }

  @Test("give the same when run at once as when recorded", arguments: rows)
  func runsAtOnce(_ row: OperationRow) throws {
    let fixture = try row.fixture()
    let direct = try row.body(fixture.inputs)
    #expect(direct.count == fixture.outputs.count)
    for (index, (got, expected)) in zip(direct, fixture.outputs).enumerated() {
      try expectClose(got, expected, row.tolerance, floor: row.scaleFloor, "output \(index)")
    }
  }

  @Test("agree with finite differences in float64", arguments: rows.filter(\.checksFiniteDifferences))
  func agreesWithFiniteDifferences(_ row: OperationRow) throws {
    let fixture = try row.fixture().widened()
    let got = try evaluate(row, fixture)
    let wanted = fixture.gradients.keys.sorted()
    for (position, index) in wanted.enumerated() {
      let gradient = try got.gradients[position].scalars(Double.self)
      let values = try fixture.inputs[index].scalars(Double.self)
      // Spread over the tensor when it is too large to try every element.
      let step = max(1, values.count / 24)
      let scale = gradient.map(abs).max() ?? 0
      for element in Swift.stride(from: 0, to: values.count, by: step) {
        func objective(_ value: Double) throws -> Double {
          var changed = values
          changed[element] = value
          var inputs = fixture.inputs
          inputs[index] = try Tensor(shape: inputs[index].shape, scalars: changed)
          let outputs = try row.body(inputs)
          return try fixture.outputGradients.reduce(0) { sum, entry in
            try zip(outputs[entry.key].scalars(Double.self), entry.value.scalars(Double.self))
              .reduce(sum) { $0 + $1.0 * $1.1 }
          }
        }
        let h = 1e-5 * max(1, abs(values[element]))
        let slope = try (objective(values[element] + h) - objective(values[element] - h)) / (2 * h)
        let difference = abs(slope - gradient[element])
        // Rounding moves slopes: by 1e-11 where the objective is near 1, by 1e-9 where it is near 100.
        #expect(
          difference <= 1e-6 * max(scale, 1e-3),
          "gradient \(index)[\(element)]: \(gradient[element]), finite differences give \(slope)")
      }
    }
  }

  private func compare(_ got: Evaluation, _ fixture: Fixture, _ row: OperationRow, _ what: String) throws {
    for (index, (tensor, expected)) in zip(got.outputs, fixture.outputs).enumerated() {
      try expectClose(
        tensor, expected, row.tolerance, floor: row.scaleFloor, "\(what): output \(index)")
    }
    for (tensor, index) in zip(got.gradients, fixture.gradients.keys.sorted()) {
      try expectClose(
        tensor, fixture.gradients[index]!, row.tolerance, floor: row.scaleFloor,
        "\(what): gradient \(index)")
    }
  }
}

/// What a row gives: its outputs and the gradients of its inputs, in the fixture's order.
struct Evaluation {
  var outputs: [Tensor]
  var gradients: [Tensor]
}

/// Records the row with its gradients as one function and runs it.
func evaluate(_ row: OperationRow, _ fixture: Fixture) throws -> Evaluation {
  let wanted = fixture.gradients.keys.sorted()
  let function = try Function(fixture.inputs.map(\.type), numerics: row.numerics) { arguments in
    let outputs = try row.body(arguments)
    let tops = fixture.outputGradients.sorted { $0.key < $1.key }
    let slopes =
      wanted.isEmpty
      ? []
      : try gradients(
        of: tops.map { outputs[$0.key] },
        seeds: tops.map { try $0.value.converted(to: outputs[$0.key].layout) },
        withRespectTo: wanted.map { arguments[$0] })
    return outputs + slopes
  }
  let results = try function(fixture.inputs)
  try #require(results.count == fixture.outputs.count + wanted.count)
  return Evaluation(
    outputs: Array(results.prefix(fixture.outputs.count)), gradients: Array(results.suffix(wanted.count)))
}

extension Fixture {
  /// The same numbers in float64.
  func widened() throws -> Fixture {
    var wide = self
    wide.inputs = try inputs.map { try $0.scalar == .float32 ? $0.cast(to: .float64) : $0 }
    wide.outputGradients = try outputGradients.mapValues { try $0.cast(to: .float64) }
    return wide
  }
}

/// The elements of all results as bytes, for comparing runs.
func bytes(_ evaluation: Evaluation) throws -> [[UInt8]] {
  try (evaluation.outputs + evaluation.gradients).map { tensor in
    switch tensor.scalar {
    case .float32:
      try tensor.withElements { (e: UnsafeBufferPointer<Float>) in Array(UnsafeRawBufferPointer(e)) }
    case .float64:
      try tensor.withElements { (e: UnsafeBufferPointer<Double>) in Array(UnsafeRawBufferPointer(e)) }
    case .int32:
      try tensor.withElements { (e: UnsafeBufferPointer<Int32>) in Array(UnsafeRawBufferPointer(e)) }
    case .int64:
      try tensor.withElements { (e: UnsafeBufferPointer<Int64>) in Array(UnsafeRawBufferPointer(e)) }
    case .uint8: try tensor.withElements { (e: UnsafeBufferPointer<UInt8>) in Array(e) }
    case .bool: try tensor.withElements { (e: UnsafeBufferPointer<Bool>) in e.map { $0 ? 1 : 0 } }
    }
  }
}

/// Expects equal shapes, element types and elements; floating-point elements within `tolerance` of the largest
/// expected magnitude, or of `floor` where all are smaller.
func expectClose(
  _ got: Tensor, _ expected: Tensor, _ tolerance: Double, floor: Double = 1e-4, _ what: String,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  guard got.shape == expected.shape, got.scalar == expected.scalar else {
    Issue.record("\(what): expected \(expected.type), got \(got.type)", sourceLocation: sourceLocation)
    return
  }
  guard expected.scalar.isFloatingPoint else {
    let gotWide = try got.cast(to: .int64).scalars(Int64.self)
    let expectedWide = try expected.cast(to: .int64).scalars(Int64.self)
    #expect(gotWide == expectedWide, "\(what)", sourceLocation: sourceLocation)
    return
  }
  let a = try got.cast(to: .float64).scalars(Double.self)
  let b = try expected.cast(to: .float64).scalars(Double.self)
  let scale = max(b.filter(\.isFinite).map(abs).max() ?? 0, floor)
  for (index, (x, y)) in zip(a, b).enumerated() {
    let agrees = x == y || (x.isNaN && y.isNaN) || abs(x - y) <= tolerance * scale
    if !agrees {
      Issue.record(
        "\(what)[\(index)]: expected \(y), got \(x) (scale \(scale))", sourceLocation: sourceLocation)
      return
    }
  }
}
