import Martlet
import MartletModels
import Testing

@testable import MartletTraining

@Suite("Summaries of models")
struct ModelSummaryTests {
  @Test("show the layers of a batch that cannot be trained on, and say why")
  func batchOfOne() throws {
    // The mean of a whole image is normalised over the batch alone.
    var request = SummaryRequest(model: "deeplabv3+")
    request.options.encoder = .resnet18
    request.options.pyramidChannels = 16
    request.input = "1x3x32x32"
    let one = try request.summary()
    let reason = "expected more than 1 value per channel when training"
    guard case .failure(let error) = one.training else {
      Issue.record("a training step of one image")
      return
    }
    #expect(error.message.contains(reason))
    #expect(one.rows.contains { $0.name == "encoder.conv1" } && one.inferenceByteCount > 0)
    #expect(
      one.description.contains(
        "memory of a training step none, since the batch cannot be trained on: [batch_norm] "))
    request.input = "2x3x32x32"
    let two = try request.summary().training.get()
    #expect(two.byteCount > one.inferenceByteCount)
    #expect("\(two.plan)".contains("adam"))
  }

  @Test("of recommenders by name have as many items as are asked for", arguments: ["paup", "sasrec"])
  func recommenders(_ name: String) throws {
    var request = SummaryRequest(model: name)
    request.itemCount = 50
    let summary = try request.summary()
    #expect(summary.rows.contains { $0.name == "item_embedding" && $0.parameters == 51 * 64 })
    request.itemCount = 0
    #expect(throws: MartletError.self) { try request.summary() }
  }
}
