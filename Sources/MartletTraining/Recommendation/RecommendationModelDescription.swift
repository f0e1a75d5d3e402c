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
  /// The networks' names on the command line.
  static let models = ["paup", "sasrec"]

  /// The network's name on the command line.
  public var model: String
  /// The configuration of the network of that name.
  public var paup: PAUP.Configuration?
  public var sasrec: SASRec.Configuration?
  /// The items' names: the first is that of item 1.
  public var items: [String]

  init(model: String, items: [String]) {
    self.model = model
    self.items = items
  }

  /// The name of an item, from 1.
  public func name(of item: Int) -> String { items[item - 1] }

  /// A network without its weights.
  public func makeNetwork() throws -> any SequenceModel {
    let network: any SequenceModel
    switch (model, paup, sasrec) {
    case ("paup", let paup?, _): network = try PAUP(paup)
    case ("sasrec", _, let sasrec?): network = try SASRec(sasrec)
    default:
      throw MartletError(
        "model",
        "expected \(Self.models.joined(separator: " or ")) with its configuration, got \(model) without it")
    }
    try check(network)
    return network
  }

  /// Checks that there is a name for each of a network's items.
  func check(_ network: any SequenceModel) throws {
    try require(
      network.itemCount == items.count, "model",
      "expected \(network.itemCount) names of items, got \(items.count)")
  }

  /// Loads weights to start from.
  ///
  /// - Throws: ``MartletError`` when they are of another network, or the file says that they are of other items.
  func load(_ weights: String, into network: any SequenceModel) throws {
    let url = URL(filePath: weights)
    try network.loadStateDict(loadSafetensors(url), source: weights)
    guard let theirs = try? ModelFile(url).description(as: Self.self) else { return }
    for (index, (ours, other)) in zip(items, theirs.items).enumerated() where ours != other {
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
    let network = try description.makeNetwork()
    try network.loadStateDict(loadSafetensors(file.url), source: file.url.path)
    return (network, description)
  }
}
