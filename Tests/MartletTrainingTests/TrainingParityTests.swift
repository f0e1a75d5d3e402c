import Foundation
import Martlet
import MartletInterchange
import MartletModels
import MartletTraining
import Testing

/// Twenty steps from the same weights on the same batches as PyTorch.
@Suite("Training parity")
struct TrainingParityTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures")

  static let cases: [(name: String, optimizer: any Optimizer, rate: Double)] = [
    ("sgd", SGD(momentum: 0.9, weightDecay: 1e-4, nesterov: true), 0.05), ("adam", Adam(), 1e-3),
  ]

  @Test("losses and weights follow PyTorch's", arguments: [0, 1])
  func follows(_ index: Int) throws {
    let (name, optimizer, rate) = Self.cases[index]
    let tensors = try loadSafetensors(Self.folder.appending(path: "training_\(name).safetensors"))
    func part(_ prefix: String) -> [String: Tensor] {
      Dictionary(
        uniqueKeysWithValues: tensors.filter { $0.key.hasPrefix(prefix) }
          .map { (String($0.key.dropFirst(prefix.count)), $0.value) })
    }
    var configuration = UNet.Configuration()
    configuration.baseChannels = 4
    configuration.depth = 2
    configuration.classCount = 3
    let network = try UNet(configuration)
    try network.loadStateDict(part("initial/"))
    let images = try #require(tensors["images"])
    let masks = try #require(tensors["masks"])
    let losses = try #require(tensors["loss.float64"]).scalars(Double.self)
    let state = try OptimizerState(optimizer, for: network)
    var step: TrainingStep?
    for index in losses.indices {
      let image = try (images.selecting(Tensor(shape: [1], scalars: [Int64(index)])).squeezed(0).cast(to: .float32) / 255)
        .converted(to: .channelsLast)
      let mask = try masks.selecting(Tensor(shape: [1], scalars: [Int64(index)])).squeezed(0)
      let made = try step ?? TrainingStep(
        model: network, optimizer: optimizer, state: state, batch: [image.type, mask.type]
      ) { try Loss.crossEntropy(network($0[0]), $0[1]) }
      step = made
      let result = try made([image, mask], learningRate: rate, step: index, seed: 0)
      #expect(abs(result.loss - losses[index]) <= 1e-4 * losses[index], "step \(index): \(result.loss), \(losses[index])")
    }
    for (name, expected) in part("final/") where expected.scalar == .float32 {
      let got = try #require(network.stateDict[name]).scalars(Float.self)
      for (a, b) in try zip(got, expected.scalars(Float.self)) { #expect(abs(a - b) <= 2e-4, "\(name)") }
    }
  }
}
