import Testing

@testable import Martlet

/// Convolutions of joined tensors, which read the parts where they are.
@Suite("A joined input of a convolution")
struct JoinedInputTests {
  @Test("may have parts without channels", arguments: [[0, 64], [64, 0], [0, 0, 64], [32, 0, 32]])
  func emptyParts(_ channels: [Int]) throws {
    func normal(_ shape: [Int], _ stream: UInt64, _ layout: Layout = .rowMajor) throws -> Tensor {
      try .normal(TensorType(shape, .float32, layout), seed: 4, stream: stream)
    }
    let image = try normal([1, 64, 24, 24], 1, .channelsLast)
    let weight = try normal([32, 64, 3, 3], 2)
    var (start, parts) = (0, [Tensor]())
    for count in channels {
      parts.append(try image.sliced(axis: 1, from: start, to: start + count).converted(to: .channelsLast))
      start += count
    }
    func results(_ inputs: [Tensor]) throws -> [[Float]] {
      try Function((inputs + [weight]).map(\.type), mode: .training) { arguments in
        let parts = Array(arguments.dropLast())
        let joined = parts.count > 1 ? try concatenated(parts, axis: 1) : parts[0]
        let output = try joined.convolution(arguments[parts.count], ConvolutionOptions(padding: 1))
        let loss = try (output * output).mean()
        return [output] + (try gradients(of: loss, withRespectTo: [arguments[parts.count]]))
      }(inputs + [weight]).map { try $0.scalars() }
    }
    #expect(try results(parts) == results([image]))
  }

  @Test("is joined after all where a part changes before it is read")
  func changedInBetween() throws {
    let type = TensorType([1, 32, 12, 12], .float32, .channelsLast)
    func values(_ type: TensorType, _ stream: UInt64) throws -> Tensor {
      try .normal(type, standardDeviation: 0.5, seed: 6, stream: stream)
    }
    let arguments = [try values(type, 1), try values(TensorType([16, 64, 3, 3]), 2)]
    func function(without names: [String] = [], changes: Bool = true) throws -> Function {
      let state = try Buffer(values(type, 3))
      return try Function(arguments.map(\.type), mode: .training, passes: defaultPasses.without(names)) {
        let joined = try concatenated([state.value, $0[0]], axis: 1)
        if changes { _ = try Tensor.apply(AddToState(), [state.value, $0[0]]) }
        return [try joined.convolution($0[1], ConvolutionOptions(padding: 1))]
      }
    }
    func joins(_ function: Function) -> Bool {
      function.listing().rows.contains { $0.operation.hasPrefix("concatenate") }
    }
    let (fused, others) = (try function(), try function(without: ["fuse-concatenation"]))
    #expect(joins(fused))
    #expect(try !joins(function(changes: false)))
    for _ in 0..<2 {
      #expect(try fused(arguments)[0].scalars(Float.self) == others(arguments)[0].scalars(Float.self))
    }
  }
}
