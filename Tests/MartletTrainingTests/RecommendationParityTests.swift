import Foundation
import Martlet
import MartletInterchange
import MartletModels
import MartletTraining
import Testing

/// Twenty steps of recommenders from the same weights on the same batches as PyTorch.
@Suite("Recommendation training parity")
struct RecommendationParityTests {
  @Test("losses follow PyTorch's", arguments: ["paup", "sasrec"])
  func follows(_ name: String) throws {
    let tensors = try loadSafetensors(
      TrainingParityTests.folder.appending(path: "recommendation_training.safetensors"))
    let model = try Self.model(name)
    try model.loadStateDict(
      Dictionary(
        uniqueKeysWithValues: tensors.filter { $0.key.hasPrefix("\(name)/initial/") }
          .map { (String($0.key.dropFirst(name.count + 9)), $0.value) }))
    let parts = try ["items", "lengths", "targets"].map { try #require(tensors["\(name)/\($0)"]) }
    let losses = try #require(tensors["\(name)/loss.float64"]).scalars(Double.self)
    let optimizer = Adam()
    let step = try TrainingStep(
      model: model, optimizer: optimizer, state: OptimizerState(optimizer, for: model),
      batch: parts.map { TensorType(Array($0.shape.dropFirst()), $0.scalar) }
    ) { try model.crossEntropyLoss(items: $0[0], lengths: $0[1], targets: $0[2]) }
    for (index, loss) in losses.enumerated() {
      let batch = try parts.map { try $0.sliced(axis: 0, from: index, to: index + 1).squeezed(0) }
      let result = try step(batch, learningRate: 1e-3, step: index, seed: 0)
      #expect(abs(result.loss - loss) <= 1e-5 * loss, "step \(index): \(result.loss), \(loss)")
    }
  }

  private static func model(_ name: String) throws -> any SequenceModel {
    if name == "paup" {
      var c = PAUP.Configuration(itemCount: 10)
      (c.maximumLength, c.hiddenSize, c.innerSize, c.hiddenDropout, c.attentionDropout) = (20, 8, 16, 0, 0)
      (c.segments, c.kernel1, c.channelReduction) = (4, 2, 2)
      return try PAUP(c)
    }
    var c = SASRec.Configuration(itemCount: 10)
    (c.maximumLength, c.hiddenSize, c.innerSize, c.hiddenDropout, c.attentionDropout) = (20, 8, 16, 0, 0)
    return try SASRec(c)
  }
}
