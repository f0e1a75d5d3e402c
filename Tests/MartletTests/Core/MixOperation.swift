import Martlet

/// An operation for tests of the core: each output is the inputs' weighted sum plus a number of its own. It can be told
/// to write over an input, to be recomputable, or to need scratch memory.
struct Mix: Martlet.Operation {
  var name: String { "mix" }
  var weights: [Float]
  var outputCount = 1
  var overwrites: Int?
  var isRecomputable = false
  var workspaceElements = 0

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try require(inputs.count == weights.count, name, "expected \(weights.count) inputs, got \(inputs.count)")
    return Array(repeating: inputs[0], count: outputCount)
  }

  func run(_ call: OperationCall) throws {
    let count = call.outputs[0].type.elementCount
    // Scratch is written to, so that scratch which overlaps a value shows.
    let scratch = call.workspace.assumingMemoryBound(to: Float.self)
    for index in 0..<workspaceElements { scratch[index] = .nan }
    for element in 0..<count {
      var sum: Float = 0
      for (weight, input) in zip(weights, call.inputs) { sum += weight * input.elements(Float.self)[element] }
      for (position, output) in call.outputs.enumerated() {
        output.elements(Float.self)[element] = sum + Float(position)
      }
    }
  }

  func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int { workspaceElements * 4 }
  func inPlacePairs(inputs: [TensorType], outputs: [TensorType]) -> [InPlacePair] {
    overwrites.map { [InPlacePair(output: 0, input: $0)] } ?? []
  }

  func recomputation(ofOutput output: Int, inputs: [TensorType]) -> Recomputation? {
    guard isRecomputable, output == 0 else { return nil }
    return Recomputation(Mix(weights: weights), weights.indices.map { .input($0) })
  }
}

/// A view of its input under another shape.
struct Relabel: Martlet.Operation {
  var name: String { "relabel" }
  var shape: [Int]
  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] { [inputs[0].with(shape: shape)] }
  func run(_ call: OperationCall) throws {}
  var viewedInput: Int? { 0 }
}

/// Adds its second input to its first, which is state.
struct AddToState: Martlet.Operation {
  var name: String { "add_to_state" }
  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] { [] }
  func run(_ call: OperationCall) throws {
    for element in 0..<call.inputs[0].type.elementCount {
      call.inputs[0].elements(Float.self)[element] += call.inputs[1].elements(Float.self)[element]
    }
  }
  var mutatedInputs: [Int] { [0] }
}

/// Numbers for tests, the same in every run.
struct TestGenerator: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
