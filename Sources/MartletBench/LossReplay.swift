import ArgumentParser
import Foundation
import Martlet
import MartletInterchange
import MartletModels
import MartletTraining

/// Takes the training steps that Benchmarks/peers/train_recommendation.py took, and compares the losses.
struct LossReplay: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "losses",
    abstract: "Compare a training's losses with those that PyTorch had of the same weights and batches.",
    discussion: """
      The folder is what train_recommendation.py was given as --save, with --losses: initial.safetensors, \
      batches.safetensors and losses.safetensors. Dropout is off.
      """)

  @Argument(help: "The folder.") var folder: String
  @Option(help: "The network: paup or sasrec.") var model = "paup"

  func run() throws {
    func tensors(_ name: String) throws -> [String: Tensor] {
      try loadSafetensors(URL(filePath: folder).appending(path: "\(name).safetensors"))
    }
    func tensor(_ name: String, _ tensors: [String: Tensor]) throws -> Tensor {
      guard let tensor = tensors[name] else { throw ValidationError("no \(name) in \(folder)") }
      return tensor
    }
    let initial = try tensors("initial")
    let network = try makeNetwork(itemCount: tensor("item_embedding.weight", initial).shape[0] - 1)
    try network.loadStateDict(initial, source: folder)
    let batches = try tensors("batches")
    let parts = try ["items", "lengths", "targets"].map { try tensor($0, batches) }
    let expected = try tensors("losses")
    let losses = try (expected["loss.float64"] ?? tensor("loss.float32", expected)).cast(to: .float64)
      .scalars(Double.self)
    let optimizer = Adam()
    let types = parts.map { TensorType(Array($0.shape.dropFirst()), $0.scalar) }
    let step = try TrainingStep(
      model: network, optimizer: optimizer, state: OptimizerState(optimizer, for: network), batch: types
    ) { try network.crossEntropyLoss(items: $0[0], lengths: $0[1], targets: $0[2]) }
    var largest = 0.0
    for (index, loss) in losses.enumerated() {
      let batch = try parts.map { try $0.sliced(axis: 0, from: index, to: index + 1).squeezed(0) }
      let own = try step(batch, learningRate: 1e-3, step: index, seed: 0).loss
      largest = max(largest, abs(own - loss) / loss)
      if index % 20 == 0 || index == losses.count - 1 {
        print("step \(index + 1): \(own), \(loss); largest relative difference so far \(largest)")
      }
    }
  }

  private func makeNetwork(itemCount: Int) throws -> any SequenceModel {
    switch model {
    case "paup":
      var configuration = PAUP.Configuration(itemCount: itemCount)
      (configuration.hiddenDropout, configuration.attentionDropout) = (0, 0)
      return try PAUP(configuration)
    case "sasrec":
      var configuration = SASRec.Configuration(itemCount: itemCount)
      (configuration.hiddenDropout, configuration.attentionDropout) = (0, 0)
      return try SASRec(configuration)
    default: throw ValidationError("expected paup or sasrec, got \(model)")
    }
  }
}
