import Foundation
import Martlet
import MartletModels

/// What a segmentation network is made of and takes, by an architecture's name or of a run: what `martlet summary` shows.
public struct SummaryRequest {
  /// An architecture's name, a run folder, or a weights file that training wrote. A name goes before a file of that name.
  public var model: String
  /// The batch's shape, such as `1x3x256x256`; `nil` for what the network was made for.
  public var input: String?
  /// Classes of an architecture: 2.
  public var classCount: Int?
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
    let given = try input.map(Self.shape)
    let (network, window) = try network(inputChannels: given?[1])
    let shape =
      given ?? [network.smallestTrainingBatch, network.inputChannels]
      + (window ?? [Int](repeating: network.axes == 3 ? 64 : 256, count: network.axes))
    let image = TensorType(shape, .float32, .channelsLast)
    let target = TensorType([shape[0]] + shape[2...], .uint8)
    return try withNumerics(numerics) {
      try ModelSummary(of: network, input: image, targets: [target], optimizer: Adam(), passes: passes) {
        batch in
        try network.trainingLoss(batch[0]) { try Loss.crossEntropy($0, batch[1]) }
      }
    }
  }

  private static func shape(_ text: String) throws -> [Int] {
    let sizes = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    try require(
      (4...5).contains(sizes.count) && sizes.allSatisfy { $0 > 0 }, "summary",
      "expected an input such as 4x3x256x256, or 1x1x64x64x64 for volumes, got \(text)")
    return sizes
  }

  /// - Returns: The network, and the sizes that it was trained on, where they are known.
  private func network(inputChannels: Int?) throws -> (any SegmentationModel, window: [Int]?) {
    if Architecture.names.contains(model) || !FileManager.default.fileExists(atPath: model) {
      let network = try Architecture.named(model, options).make(
        channels: inputChannels ?? (options.axes == 3 ? 1 : 3), classes: classCount ?? 2, options)
      return (network, nil)
    }
    let given = options.chosenNames + (classCount == nil ? [] : ["class-count"])
    if let name = given.first {
      throw MartletError("summary", "expected no --\(name), since \(model) says what its network is")
    }
    let description = try ModelFile(runOrWeights: URL(filePath: model))
      .description(as: SegmentationModelDescription.self)
    return (try description.makeNetwork(), description.volumes?.window.lengths)
  }
}
