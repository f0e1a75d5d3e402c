import Foundation
import Martlet
import MartletModels
import SwiftProtobuf
import Testing

@testable import MartletONNX

@Suite("An exported model computes the same when it is read again")
struct ExportRoundTripTests {
  @Test("of segmentation networks, at sizes that were not recorded", arguments: ExportedModel.all)
  func segmentation(model: ExportedModel) throws {
    let network = try model.make()
    try settle(network)
    let imported = try ONNXModel(model.export(network).model.serializedBytes())
    for (batch, steps) in [(1, [0, 1, 2]), (3, [2, 1, 0])] {
      let size = steps.prefix(model.axes).map { model.smallest + $0 * model.multiple }
      let type = TensorType([batch, 3] + size, .float32, .channelsLast)
      let images = try Tensor.uniform(type, from: -1, to: 1, seed: 5, stream: UInt64(batch))
      let expected = try Function([type], numerics: .direct) { [try network($0[0])] }([images])[0]
      let given = try imported.recorded(for: ["image": images], numerics: .direct)(["image": images])
      try compare(#require(given["logits"]), expected)
    }
  }

  @Test("of recommenders, for batches that were not recorded", arguments: ExportedRecommender.all)
  func recommendation(model: ExportedRecommender) throws {
    let network = try model.make()
    let imported = try ONNXModel(model.export(network).model.serializedBytes())
    for batch in [1, 4] {
      var items: [Int32] = []
      var lengths: [Int32] = []
      for row in 0..<batch {
        let length = 1 + row * 11 / 3
        lengths.append(Int32(length))
        for place in 0..<12 { items.append(place < length ? Int32(1 + (row * 5 + place * 3) % 9) : 0) }
      }
      let inputs = [
        "items": try Tensor(shape: [batch, 12], scalars: items),
        "lengths": try Tensor(shape: [batch], scalars: lengths),
      ]
      let expected = try network.scores(
        network.represent(items: inputs["items"]!, lengths: inputs["lengths"]!))
      let given = try imported.recorded(for: inputs, numerics: .direct)(inputs)
      try compare(#require(given["scores"]), expected)
    }
  }

  @Test("also where outputs are one value by several names")
  func sameOutputs() throws {
    let conv = try withSeed(1) { try Conv2d(inputChannels: 2, outputChannels: 3, kernelSize: 3) }
    let type = TensorType([1, 2, 8, 8], .float32, .channelsLast)
    let export = try ONNXExport(conv, inputs: [ONNXInput("x", type)], outputs: ["y", "z", "again", "x2"]) {
      let y = try conv($0[0])
      return [y, try y.withoutGradient(), y, $0[0]]
    }
    let imported = try ONNXModel(export.model.serializedBytes())
    let image = try Tensor.normal(type, seed: 1, stream: 1)
    let given = try imported.recorded(for: ["x": image], numerics: .direct)(["x": image])
    let expected = try Function([type], numerics: .direct) { [try conv($0[0])] }([image])[0]
    for name in ["y", "z", "again"] { try compare(#require(given[name]), expected) }
    try compare(#require(given["x2"]), image)
  }

  @Test("and can be exported from what was read")
  func again() throws {
    let model = ExportedModel.all[0]
    let network = try model.make()
    let imported = try ONNXModel(model.export(network).model.serializedBytes())
    let type = TensorType([1, 3, 32, 32], .float32, .channelsLast)
    let input = ONNXInput(
      "image", type, dynamicAxes: [0: .init("batch"), 2: .init("h", step: 4), 3: .init("w", step: 4)])
    let export = try ONNXExport(imported, inputs: [input], outputs: ["logits"]) { inputs in
      let results = try imported(["image": inputs[0]])
      return [try #require(results["logits"])]
    }
    #expect(export.fixedAxes.isEmpty)
    let second = try ONNXModel(export.model.serializedBytes())
    let images = try Tensor.uniform(type, from: -1, to: 1, seed: 5, stream: 1)
    let (given, expected) = try (second(["image": images]), imported(["image": images]))
    try compare(#require(given["logits"]), #require(expected["logits"]))
  }

  /// Statistics that no layer has at first, so that none can be left out.
  private func settle(_ network: any Module) throws {
    for (number, (name, variable)) in network.variables.enumerated() where variable.type.scalar == .float32 {
      let range: (Double, Double)
      if name.hasSuffix("running_var") {
        range = (0.5, 1.5)
      } else if name.hasSuffix("running_mean") || name.hasSuffix("bias") {
        range = (-0.2, 0.2)
      } else if variable.type.rank == 1 {
        range = (0.8, 1.2)
      } else {
        continue
      }
      try variable.assign(
        .uniform(variable.type, from: range.0, to: range.1, seed: 11, stream: UInt64(number)))
    }
  }

  private func compare(
    _ given: Tensor, _ expected: Tensor, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    #expect(given.shape == expected.shape, sourceLocation: sourceLocation)
    guard given.shape == expected.shape else { return }
    let (a, b) = (try given.scalars(Float.self), try expected.scalars(Float.self))
    let size = largest(b.map(abs))
    let difference = largest(zip(a, b).map { abs($0 - $1) })
    #expect(size > 0 && size.isFinite, sourceLocation: sourceLocation)
    #expect(difference <= 1e-5 * size, "\(difference) of \(size)", sourceLocation: sourceLocation)
  }
}
