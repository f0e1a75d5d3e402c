import Martlet
import MartletData

/// Augmentation by the name of a preset or step by step.
public enum AugmentationChoice: Codable, Hashable, Sendable {
  public enum Preset: String, Codable, CaseIterable, Sendable { case none, flips, standard, strong }

  case preset(Preset)
  case pipeline(AugmentationPipeline)

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
