import Foundation
import Martlet
import MartletData
import MartletInterchange
import MartletModels

/// A network with its weights, and what has to be known to use it.
enum SourcedNetwork {
  case segmentation(any SegmentationModel, SegmentationModelDescription)
  case recommendation(any SequenceModel, RecommendationModelDescription)
}

/// Where a network to be run comes from.
struct ModelSource {
  /// The name that errors carry in brackets.
  let operation: String
  let model: String
  let settings: [String]
  let weights: String?

  /// The files of weights that are read.
  var weightsFiles: [String] {
    let url = URL(filePath: model)
    let configured =
      isConfiguration ? (try? ConfigurationFile.read(url, as: SegmentationConfiguration.self))?.weights : nil
    let key = "weights="
    return [weights, configured].compactMap { $0 }
      + settings.filter { $0.hasPrefix(key) }.map { String($0.dropFirst(key.count)) }
  }

  private var isConfiguration: Bool { ["yaml", "yml"].contains(URL(filePath: model).pathExtension) }

  func tensorModel(inputChannels: Int?) throws -> any TensorModel {
    switch try network(inputChannels: inputChannels) {
    case .segmentation(let network, _): ImageModel(network: network)
    case .recommendation(let network, _): HistoryModel(network: network)
    }
  }

  /// - Parameter inputChannels: Channels of the input, for networks whose configuration leaves them to the data.
  func network(inputChannels: Int?) throws -> SourcedNetwork {
    let url = URL(filePath: model)
    if isConfiguration {
      let kind = try ConfigurationFile.kind(of: url)
      try require(
        kind == .segmentation, operation, "expected a configuration of segmentation, got \(model) for \(kind)"
      )
      return try network(ConfigurationFile.read(url), inputChannels)
    }
    // A network's name goes before a folder of that name, which is ./NAME.
    guard !Architecture.names.contains(model), FileManager.default.fileExists(atPath: model) else {
      try require(
        !RecommenderArchitecture.names.contains(model), operation,
        "expected a run folder or a weights file of \(model), which say what items a recommender has, got its name alone"
      )
      var configuration = SegmentationConfiguration()
      configuration.model = model
      do {
        try configuration.checkNetwork()
      } catch let error as MartletError {
        throw MartletError(
          operation,
          "expected a run folder, a weights file, a YAML file or an architecture, got \(model), which does not exist "
            + "(\(error.message))")
      }
      return try network(configuration, inputChannels)
    }
    try require(settings.isEmpty, operation, "expected no --set, since \(model) says what its network is")
    return try trained(url)
  }

  /// The network of a run folder or of a weights file that training wrote.
  private func trained(_ url: URL) throws -> SourcedNetwork {
    switch try ModelFile(runOrWeights: url).kind {
    case .segmentation:
      let (network, description) = try SegmentationModelDescription.load(runOrWeights: url)
      if let weights { try network.loadStateDict(loadWeights(URL(filePath: weights)), source: weights) }
      return .segmentation(network, description)
    case .recommendation:
      let (network, description) = try RecommendationModelDescription.load(runOrWeights: url)
      if let weights { try network.loadStateDict(loadWeights(URL(filePath: weights)), source: weights) }
      return .recommendation(network, description)
    }
  }

  private func network(
    _ base: SegmentationConfiguration, _ inputChannels: Int?
  ) throws -> SourcedNetwork {
    var configuration = base
    var given = try ModelSettings(settings, operation)
    let classCount = try given.number("classes") ?? (base.classes.isEmpty ? 2 : base.classes.count)
    try ConfigurationFile.apply(given.yaml, to: &configuration, source: "--set")
    let known = ["model", "weights", "adapt-input"] + SegmentationConfiguration.networkKeys.map(\.name)
    if let key = given.keys.first(where: { !known.contains($0) }) {
      throw MartletError(
        operation,
        "expected keys of the network with --set (classes, \(known.joined(separator: ", "))), got \(key), which changes "
          + "nothing here")
    }
    try configuration.checkNetwork()
    guard let weights = weights ?? configuration.weights else {
      throw MartletError(operation, "expected --weights, since \(model) holds none")
    }
    guard let inputChannels else {
      throw MartletError(operation, "expected an input with channels behind its batch")
    }
    let description = try configuration.modelDescription(
      inputChannels: inputChannels, classCount: classCount, options: SegmentationOptions(),
      normalization: .unit(channels: inputChannels))
    let network = try description.makeNetwork()
    try network.loadStateDict(
      loadWeights(URL(filePath: weights)), source: weights, adaptInputChannels: configuration.adaptInput)
    return .segmentation(network, description)
  }
}

/// `KEY=VALUE` of a command line.
struct ModelSettings {
  private let operation: String
  private var values: [(key: String, value: String)]

  init(_ settings: [String], _ operation: String) throws {
    self.operation = operation
    values = try settings.map { setting in
      let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
        String.init)
      try require(
        parts.count == 2 && parts.allSatisfy { !$0.isEmpty && !$0.contains(where: \.isNewline) }, operation,
        "expected --set KEY=VALUE, got \(setting)")
      return (parts[0], parts[1])
    }
  }

  /// Takes a number out.
  mutating func number(_ key: String) throws -> Int? {
    guard let index = values.lastIndex(where: { $0.key == key }) else { return nil }
    let text = values[index].value
    values.removeAll { $0.key == key }
    guard let number = Int(text) else {
      throw MartletError(operation, "expected a whole number as \(key), got \(text)")
    }
    return number
  }

  /// The keys of what is left.
  var keys: [String] { values.map(\.key) }

  /// What is left, as a configuration file.
  var yaml: String { values.map { "\($0.key): \($0.value)\n" }.joined() }
}
