import Foundation
import Martlet
import MartletInterchange
import MartletModels
import Testing

@testable import MartletTraining

@Suite("A recommender starts from PyTorch's weights")
struct RecommendationWeightsTests {
  @Test(".pt as safetensors")
  func pytorch() throws {
    let folder = TrainingParityTests.folder
    var sizes = SequenceModelSizes(itemCount: 10)
    (sizes.maximumLength, sizes.hiddenSize, sizes.innerSize) = (20, 8, 16)
    var description = RecommendationModelDescription(model: "sasrec", items: (1...10).map { "\($0)" })
    description.sasrec = sizes
    let network = try description.makeNetwork()
    try description.load(folder.appending(path: "pytorch/sasrec.pt").path, into: network)
    let prefix = "sasrec/initial/"
    let expected = try loadSafetensors(folder.appending(path: "recommendation_training.safetensors"))
      .filter { $0.key.hasPrefix(prefix) }
    let state = network.stateDict
    #expect(state.count == expected.count)
    for (name, tensor) in expected {
      let got = try #require(state[String(name.dropFirst(prefix.count))])
      #expect(try got.scalars(Float.self) == tensor.scalars(Float.self), "\(name)")
    }
  }
}
