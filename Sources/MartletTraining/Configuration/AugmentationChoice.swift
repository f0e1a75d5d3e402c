import Martlet
import MartletData

/// Augmentation by the name of a preset or step by step.
public enum AugmentationChoice: Codable, Hashable, Sendable {
  /// The names of `AugmentationPipeline`'s presets; for volumes they stand for those of `VolumeAugmentation`.
  public enum Preset: String, Codable, CaseIterable, Sendable { case none, flips, standard, strong }

  /// In files the preset's name.
  case preset(Preset)
  /// In files a mapping from steps to their strengths.
  case pipeline(AugmentationPipeline)

  /// The steps for images: a preset's, or those that are given.
  public var pipeline: AugmentationPipeline {
    switch self {
    case .preset(.none): .none
    case .preset(.flips): .flips
    case .preset(.standard): .standard
    case .preset(.strong): .strong
    case .pipeline(let pipeline): pipeline
    }
  }

  /// - Throws: ``MartletError`` naming the presets when there is none of that name.
  public init(named name: String) throws {
    guard let preset = Preset(rawValue: name) else {
      throw MartletError(
        "augmentation",
        "expected \(Self.choices), got \(name)")
    }
    self = .preset(preset)
  }

  private static let choices =
    Preset.allCases.map(\.rawValue).joined(separator: ", ") + " or steps such as `rotation: {degrees: 30}`"

  public init(from decoder: any Decoder) throws {
    if let name = try? decoder.singleValueContainer().decode(String.self) {
      try self.init(named: name)
      return
    }
    // What is neither is to be told so, and not that steps are what is missing.
    guard (try? decoder.container(keyedBy: ConfigurationName.self)) != nil else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "expected \(Self.choices)"))
    }
    self = .pipeline(try AugmentationPipeline(from: decoder))
  }

  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .preset(let preset):
      var container = encoder.singleValueContainer()
      try container.encode(preset.rawValue)
    case .pipeline(let pipeline): try pipeline.encode(to: encoder)
    }
  }
}
