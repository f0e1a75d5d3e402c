import Foundation
import Martlet
import Testing

@testable import MartletONNX

@Suite("An imported network is trained further")
struct TrainingTests {
  /// One step's outputs, gradients and running statistics.
  @Test func aStepIsThatOfPyTorch() throws {
    let fixture = try Fixture("onnx_networks")
    let layer = try fixture.model("residual/model.plain").layer()
    let (image, seed) = (try fixture["residual/input.image"], try fixture["residual/training.seed"])
    let parameters = layer.parameters
    let step = try Function([image.type, seed.type], mode: .training, numerics: .direct) { arguments in
      let scores = try layer(arguments[0])
      let loss = try (scores * arguments[1]).sum()
      return [scores] + (try gradients(of: loss, withRespectTo: parameters.map(\.parameter.value)))
    }
    let results = try step([image, seed])
    #expect(
      try excess(results[0], fixture["residual/training.scores"], absolute: 1e-4, relative: 1e-4) <= 1)
    let expected = fixture.tensors("residual/gradient.")
    #expect(Set(expected.keys) == Set(parameters.map(\.name)))
    for ((name, _), gradient) in zip(parameters, results.dropFirst()) {
      let wanted = try #require(expected[name])
      let size = try wanted.abs().max().item(Float.self)
      #expect(
        try excess(gradient, wanted, absolute: Double(size) * 1e-4 + 1e-5, relative: 1e-4) <= 1, "\(name)")
    }
    let buffers = fixture.tensors("residual/buffer.")
    #expect(buffers.count == 6)
    for (name, wanted) in buffers {
      let got = try #require(layer.stateDict[name])
      #expect(try excess(got, wanted, absolute: 1e-5, relative: 1e-5) <= 1, "\(name)")
    }
  }

  @Test func trainingLowersTheLoss() throws {
    let fixture = try Fixture("onnx_networks")
    let layer = try fixture.model("residual/model.plain").layer()
    let image = try fixture["residual/input.image"]
    let labels = try Tensor(shape: [2], scalars: [1, 4] as [Int64])
    let step = try Function([image.type, labels.type], mode: .training) { arguments in
      let loss = try Loss.crossEntropy(layer(arguments[0]), arguments[1])
      let values = layer.parameters.map(\.parameter.value)
      return [loss] + (try gradients(of: loss, withRespectTo: values))
    }
    var losses: [Float] = []
    for _ in 0..<8 {
      let results = try step([image, labels])
      losses.append(try results[0].item())
      for ((_, parameter), gradient) in zip(layer.parameters, results.dropFirst()) {
        try parameter.assign(parameter.concrete - gradient * 0.05)
      }
    }
    #expect(try #require(losses.last) < losses[0] / 2, "\(losses)")
  }

  @Test func dropoutDropsInTrainingOnly() throws {
    let wire = model(
      [node("Dropout", ["x", "ratio"], ["y"])], inputs: [value("x", [64])], outputs: [value("y", [64])],
      initializers: [initializer("ratio", [], [0.5])])
    let network = try wire.load()
    #expect(network.stateDict.isEmpty)
    let x = try Tensor.ones([64])
    #expect(try network.run(x).scalars() == [Float](repeating: 1, count: 64))
    let function = try Function([x.type], mode: .training) { [try network.run($0[0])] }
    let dropped = try function([x])[0].scalars(Float.self)
    #expect(Set(dropped) == [0, 2])
  }
}
