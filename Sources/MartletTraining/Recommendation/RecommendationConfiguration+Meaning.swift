import Foundation
import Martlet
import MartletData
import MartletFiles
import MartletInterchange
import MartletModels

/// What a configuration's values stand for.
extension RecommendationConfiguration {
  /// Also checks that the network's sizes go together, before a large log is read.
  public func check() throws {
    try checkValue(!interactions.isEmpty, "interactions", "a file", "nothing")
    try Folder.checkName(output, "configuration")
    try checkValue(!userColumn.isEmpty, "user-column", "a column's name", "nothing")
    try checkValue(!itemColumn.isEmpty, "item-column", "a column's name", "nothing")
    try checkValue(
      minimumUserInteractions >= 0, "minimum-user-interactions", "0 or more", minimumUserInteractions)
    try checkValue(
      minimumItemInteractions >= 0, "minimum-item-interactions", "0 or more", minimumItemInteractions)
    try checkChoice(model, "model", RecommenderArchitecture.names)
    try checkChoice(softmaxAxis, "softmax-axis", SoftmaxAxis.allCases.map(\.rawValue))
    try checkValue((0..<1).contains(hiddenDropout), "hidden-dropout", "a probability below 1", hiddenDropout)
    try checkValue(
      (0..<1).contains(attentionDropout), "attention-dropout", "a probability below 1", attentionDropout)
    try checkChoice(loss, "loss", RecommendationLoss.allCases.map(\.rawValue))
    try checkChoice(examples, "examples", ExampleCut.allCases.map(\.rawValue))
    try checkValue(
      cutoffs.allSatisfy { (1...1_000_000).contains($0) } && Set(cutoffs).count == cutoffs.count, "cutoffs",
      "different numbers from 1 to 1000000", cutoffs)
    try checkValue(
      cutoffs.contains(RecommendationEvaluation.scoreCutoff), "cutoffs",
      "\(RecommendationEvaluation.scoreCutoff) among them, since NDCG@\(RecommendationEvaluation.scoreCutoff) "
        + "decides which epoch is best", cutoffs)
    try training.check()
    try modelDescription(items: ["item"]).check()
  }

  public func checkUse() throws {
    try training.checkUse()
    let standard = Self()
    let changed = Self.keys.filter { !$0.isEqual(self, standard) }.map(\.name)
    for other in RecommenderArchitecture.all where other.name != model {
      if let key = other.ownKeys.first(where: changed.contains) {
        try checkValue(false, key, "the model \(other.name) with it", model)
      }
    }
  }

  public mutating func changePaths(_ change: (String) -> String) {
    interactions = change(interactions)
    weights = weights.map(change)
    output = change(output)
  }

  public var inputPaths: [String] { [interactions] + [weights].compactMap { $0 } }

  private var columns: InteractionColumns {
    switch timeColumn {
    case nil: InteractionColumns(user: userColumn, item: itemColumn)
    case "": InteractionColumns(user: userColumn, item: itemColumn, time: nil)
    case let time: InteractionColumns(user: userColumn, item: itemColumn, time: time)
    }
  }

  /// The log that the configuration names, without users and items that have too few interactions to learn from.
  func log() throws -> InteractionLog {
    try wholeLog().keepingCore(minimumUser: minimumUserInteractions, minimumItem: minimumItemInteractions)
  }

  /// The log that the configuration, or somebody else, names, as it is.
  func wholeLog(_ path: String? = nil) throws -> InteractionLog {
    try InteractionLog(contentsOf: URL(filePath: path ?? interactions), columns: columns)
  }

  /// - Parameter items: The items' names, without the padding.
  func modelDescription(items: [String]) -> RecommendationModelDescription {
    var sizes = SequenceModelSizes(itemCount: items.count)
    sizes.maximumLength = maximumLength
    sizes.hiddenSize = hiddenSize
    sizes.innerSize = innerSize
    sizes.layers = layers
    sizes.heads = heads
    sizes.hiddenDropout = hiddenDropout
    sizes.attentionDropout = attentionDropout
    var description = RecommendationModelDescription(model: model, items: items)
    RecommenderArchitecture.named(model)?.describe(self, sizes, in: &description)
    return description
  }

  public func makeTask(isNew: Bool) throws -> RecommendationTask {
    let dataset = try SequenceDataset(log())
    let description = modelDescription(items: Array(dataset.itemNames.dropFirst()))
    let network =
      try isNew ? withSeed(self.seed) { try description.makeNetwork() } : description.makeNetwork()
    if isNew, let weights { try description.load(weights, into: network) }
    return try RecommendationTask(
      network: network, description: description, dataset: dataset, configuration: self)
  }

  public func writeReport(_ files: RunFolder, task: RecommendationTask) throws {
    try RecommendationReport.write(files, configuration: self, task: task)
  }
}
