import Foundation
import Martlet
import MartletInterchange
import MartletModels

/// What has to be known to use a recommender's weights: its configuration, and the names of the items.
///
/// The names are kept in the header of the weights' file and not as tensors beside the weights, so that the file holds
/// the network's parameters and nothing else, and PyTorch loads it as it is. A header can have 100 MB; an item's name takes
/// a small part of what its vector does.
public struct RecommendationModelDescription: ModelDescription, Hashable {
  public static let kind = RunKind.recommendation

  /// The network's name on the command line.
  public var model: String
  /// The configuration of the network of that name.
  public var paup: PAUP.Configuration?
  /// The same of `sasrec`. That of the network that ``model`` does not name is `nil`.
  public var sasrec: SASRec.Configuration?
  /// The items' names: the first is that of item 1.
  public var items: [String]

  init(model: String, items: [String]) {
    self.model = model
    self.items = items
  }

  /// The name of an item, from 1.
  public func name(of item: Int) -> String { items[item - 1] }

  /// The network, checked without making anything.
  private func checked() throws -> RecommenderArchitecture.Network {
    guard let network = try RecommenderArchitecture.named(model)?.network(self) else {
      let names = RecommenderArchitecture.names.joined(separator: " or ")
      throw MartletError("model", "expected \(names) with its configuration, got \(model) without it")
    }
    try check(itemCount: network.sizes.itemCount)
    return network
  }

  /// Checks the sizes of the network, without making it.
  ///
  /// - Throws: ``MartletError`` when sizes cannot be, or do not go together.
  func check() throws { _ = try checked() }

  /// A network without its weights.
  public func makeNetwork() throws -> any SequenceModel { try checked().make() }

  /// Checks that weights are of the sizes that the description says, so that nothing is made of sizes that only a
  /// damaged file can have.
  private func check(_ state: [String: Tensor], _ source: String) throws {
    let sizes = try checked().sizes
    for (name, shape) in [
      ("item_embedding.weight", [sizes.itemCount + 1, sizes.hiddenSize]),
      ("position_embedding.weight", [sizes.maximumLength, sizes.hiddenSize]),
      ("trm_encoder.layer.0.feed_forward.dense_1.weight", [sizes.innerSize, sizes.hiddenSize]),
    ] {
      try require(
        state[name]?.shape == shape, "model",
        "\(source): expected \(name) of shape \(shape), got \(state[name].map { "\($0.shape)" } ?? "none")")
    }
  }

  /// Checks that there is a name for each of a network's items.
  func check(itemCount: Int) throws {
    try require(
      itemCount == items.count, "model", "expected \(itemCount) names of items, got \(items.count)")
  }

  /// Loads weights to start from.
  ///
  /// - Throws: ``MartletError`` when they are of another network, or the file says that they are of other items.
  func load(_ weights: String, into network: any SequenceModel) throws {
    let url = URL(filePath: weights)
    try network.loadStateDict(loadWeights(url), source: weights)
    guard let theirs = try? ModelFile(url).description(as: Self.self) else { return }
    for (index, (ours, other)) in zip(items, theirs.items).enumerated()
    where !ours.utf8.elementsEqual(other.utf8) {
      throw MartletError(
        "weights",
        "\(weights): expected \"\(ours)\" to be item \(index + 1), as in the interactions, got \"\(other)\"")
    }
  }

  /// The network of a run folder, or of a weights file that training wrote.
  ///
  /// - Throws: ``MartletError`` when there is none, or it is damaged, or of another kind.
  public static func load(runOrWeights url: URL) throws -> (
    network: any SequenceModel, description: RecommendationModelDescription
  ) {
    let file = try ModelFile(runOrWeights: url)
    let description = try file.description(as: Self.self)
    let state = try loadSafetensors(file.url)
    try description.check(state, file.url.path)
    let network = try description.makeNetwork()
    try network.loadStateDict(state, source: file.url.path)
    return (network, description)
  }
}
