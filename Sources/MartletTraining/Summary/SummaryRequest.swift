import Foundation
import Martlet
import MartletModels

/// What a network is made of and takes, by its name or of a run: what `martlet summary` shows.
public struct SummaryRequest {
  /// The name of an architecture for segmentation or of a recommender, a run folder, or a weights file that training wrote.
  /// A name goes before a file of that name.
  public var model: String
  /// The batch's shape, such as `1x3x256x256` for images or `256x200` for histories; `nil` for what the network was made
  /// for.
  public var input: String?
  /// Classes of an architecture: 2.
  public var classCount: Int?
  /// Items of a recommender that is named: 10,000.
  public var itemCount: Int?
  /// What is chosen in an architecture.
  public var options = NetworkOptions()
  /// Names of passes over the recorded graph to leave out.
  public var withoutPasses: [String] = []

  public init(model: String) { self.model = model }

  /// Records the network's forward pass, and a training step of cross-entropy and Adam.
  ///
  /// - Throws: ``MartletError`` when there is no such network, or a shape, option or pass that it does not have.
  public func summary(numerics: Numerics = .current) throws -> ModelSummary {
    let passes = try defaultPasses.without(withoutPasses)
    return try withNumerics(numerics) {
      switch try kind {
      case .segmentation: try segmentationSummary(passes)
      case .recommendation: try recommenderSummary(passes)
      }
    }
  }

  /// Whether the model is a name and no file.
  private var isName: Bool {
    Architecture.names.contains(model) || RecommenderArchitecture.names.contains(model)
      || !FileManager.default.fileExists(atPath: model)
  }

  private var kind: RunKind {
    get throws {
      if isName {
        return RecommenderArchitecture.names.contains(model) ? .recommendation : .segmentation
      }
      return try ModelFile(runOrWeights: URL(filePath: model)).kind
    }
  }

  /// - Throws: ``MartletError`` naming the first of some options that is given, for a reason.
  private func refuse(_ names: [String], _ reason: String) throws {
    if let name = names.first { throw MartletError("summary", "expected no --\(name), since \(reason)") }
  }

  private func segmentationSummary(_ passes: [any GraphPass]) throws -> ModelSummary {
    try refuse(itemCount == nil ? [] : ["item-count"], "the network is for segmentation")
    let given = try input.map { try shape($0, ranks: 4...5, "4x3x256x256, or 1x1x64x64x64 for volumes") }
    let (network, window) = try segmentationNetwork(inputChannels: given?[1])
    let sizes =
      given ?? [network.smallestTrainingBatch, network.inputChannels]
      + (window.map(network.fittingSize)
        ?? [Int](repeating: network.axes == 3 ? 64 : 256, count: network.axes))
    let image = TensorType(sizes, .float32, .channelsLast)
    let target = TensorType([sizes[0]] + sizes[2...], .uint8)
    return try ModelSummary(
      of: network, inputs: [image], targets: [target], optimizer: Adam(), passes: passes
    ) {
      try network($0[0])
    } loss: { batch in
      try network.trainingLoss(batch[0]) { try Loss.crossEntropy($0, batch[1]) }
    }
  }

  /// - Returns: The network, and the sizes that it was trained on, where they are known.
  private func segmentationNetwork(
    inputChannels: Int?
  ) throws -> (any SegmentationModel, window: [Int]?) {
    if isName {
      let network = try Architecture.named(model, options).make(
        channels: inputChannels ?? (options.axes == 3 ? 1 : 3), classes: classCount ?? 2, options)
      return (network, nil)
    }
    try refuse(
      options.chosenNames + (classCount == nil ? [] : ["class-count"]), "\(model) says what its network is")
    let url = URL(filePath: model)
    let description = try ModelFile(runOrWeights: url).description(as: SegmentationModelDescription.self)
    return (try description.makeNetwork(), try description.volumes?.window.lengths ?? imageSize(ofRun: url))
  }

  /// The size of the images that a run was trained on; `nil` for a weights file, which does not say it.
  private func imageSize(ofRun url: URL) throws -> [Int]? {
    let file = RunFolder(url).configuration
    guard FileManager.default.fileExists(atPath: file.path) else { return nil }
    let side = try ConfigurationFile.read(file, as: SegmentationConfiguration.self).size.side()
    return [side, side]
  }

  private func recommenderSummary(_ passes: [any GraphPass]) throws -> ModelSummary {
    try refuse(
      options.chosenNames + (classCount == nil ? [] : ["class-count"]), "the network is for recommendation")
    let network = try recommender()
    let length = network.maximumLength
    let given = try input.map { try shape($0, ranks: 2...2, "1x\(length)") }
    let sizes = given ?? [1, length]
    try require(
      sizes[1] == length, "summary",
      "expected an input of histories of \(length) as the network reads them, got \(sizes[0])x\(sizes[1])")
    let (items, numbers) = (TensorType(sizes, .int32), TensorType([sizes[0]], .int32))
    return try ModelSummary(
      of: network, inputs: [items, numbers], targets: [numbers], optimizer: Adam(), passes: passes
    ) {
      try network.scores(network.represent(items: $0[0], lengths: $0[1]))
    } loss: {
      try network.crossEntropyLoss(items: $0[0], lengths: $0[1], targets: $0[2])
    }
  }

  private func recommender() throws -> any SequenceModel {
    if isName, let architecture = RecommenderArchitecture.named(model) {
      return try architecture.makeStandard(SequenceModelSizes(itemCount: itemCount ?? 10_000))
    }
    try refuse(itemCount == nil ? [] : ["item-count"], "\(model) says what its network is")
    return try ModelFile(runOrWeights: URL(filePath: model))
      .description(as: RecommendationModelDescription.self).makeNetwork()
  }

  private func shape(_ text: String, ranks: ClosedRange<Int>, _ example: String) throws -> [Int] {
    let sizes = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    try require(
      ranks.contains(sizes.count) && sizes.allSatisfy { $0 > 0 }, "summary",
      "expected an input such as \(example), got \(text)")
    return sizes
  }
}

extension SegmentationModel {
  /// The size that an image is brought to for the network.
  fileprivate func fittingSize(_ space: [Int]) -> [Int] {
    let fit = fit(space)
    return space.indices.map { space[$0] + fit.before[$0] + fit.after[$0] }
  }
}
