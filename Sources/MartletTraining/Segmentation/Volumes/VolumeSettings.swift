import Martlet
import MartletData

/// What there is to choose in a run on volumes besides what all segmentation runs have; what is `nil` is left to its
/// default, and is refused for images.
public struct VolumeSettings: Hashable, Sendable {
  /// Patches of each volume in an epoch: 4.
  public var patches: Int?
  /// The share of patches around a voxel of the foreground: a third.
  public var foregroundShare: Double?
  /// How values become a network's input: `z-score`, each volume's own.
  public var normalization: VolumeNormalization.Method?

  /// Everything left to its default.
  public init() {}

  static let keys: [ConfigurationKey<Self>] = [
    .init("patches", optional: \.patches),
    .init("foreground-share", optional: \.foregroundShare),
    .init("volume-normalization", optional: \.normalization),
  ]

  /// The keys that are given.
  var givenNames: [String] { Self.keys.filter { !$0.isEqual(self, Self()) }.map(\.name) }
}

/// The size of what a network is trained on: one length for all axes, or one for each of depth, height and width.
///
/// In files it is a number or a list of numbers.
public struct SampleSize: Hashable, Sendable, Codable, ExpressibleByIntegerLiteral, CustomStringConvertible {
  /// In pixels or voxels.
  public var lengths: [Int]

  /// Takes lengths as they are: they are checked with the configuration.
  public init(_ lengths: [Int]) { self.lengths = lengths }

  public init(integerLiteral value: Int) { lengths = [value] }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.singleValueContainer()
    lengths = try (try? values.decode(Int.self)).map { [$0] } ?? values.decode([Int].self)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if lengths.count == 1 { try container.encode(lengths[0]) } else { try container.encode(lengths) }
  }

  public var description: String { lengths.map(String.init).joined(separator: "x") }

  /// The side of square images.
  ///
  /// - Throws: ``MartletError`` for other than one length that an image can have.
  func side() throws -> Int {
    try checkValue(
      lengths.count == 1 && (1...32768).contains(lengths[0]), "size", "one length from 1 to 32768 for images",
      self)
    return lengths[0]
  }

  /// The size of volumes' patches.
  ///
  /// - Throws: ``MartletError`` for other than one or three lengths.
  func patch() throws -> VolumeSize {
    try checkValue(
      lengths.count == 1 || lengths.count == 3, "size", "one length, or depth, height and width", self)
    let all = lengths.count == 1 ? [lengths[0], lengths[0], lengths[0]] : lengths
    return VolumeSize(depth: all[0], height: all[1], width: all[2])
  }
}

extension SegmentationConfiguration {
  /// Whether the run is on volumes.
  var isVolumes: Bool { network.axes == 3 }

  func volumeSampling() throws -> VolumeSampling {
    var sampling = VolumeSampling(size: try size.patch())
    if let patches = volumes.patches { sampling.patchesPerVolume = patches }
    if let share = volumes.foregroundShare { sampling.foregroundShare = share }
    try sampling.check()
    return sampling
  }

  /// - Throws: ``MartletError`` for single steps, which are for images.
  func volumeAugmentation() throws -> VolumeAugmentation {
    switch augmentation {
    case .preset(.none): return .none
    case .preset(.flips): return .flips
    case .preset(.standard): return .standard
    case .preset(.strong): return .strong
    case .pipeline:
      let names = AugmentationChoice.Preset.allCases.map(\.rawValue).joined(separator: ", ")
      throw MartletError(
        "configuration", "augmentation: expected \(names) for volumes, got single steps, which are for images"
      )
    }
  }

  /// Checks what only volumes have, or what they do not have.
  func checkSamples() throws {
    try checkValue([2, 3].contains(network.axes ?? 2), "axes", "2, or 3 for volumes", network.axes ?? 2)
    guard isVolumes else {
      _ = try size.side()
      if let name = volumes.givenNames.first {
        throw MartletError(
          "configuration",
          "\(name): expected a network for volumes (axes 3) with it, got one for images (axes 2)")
      }
      return
    }
    if let part = try SegmentationLossExpression(loss).parts.first(where: { !$0.term.isForVolumes }) {
      throw MartletError(
        "configuration", "loss: expected one for volumes, got \(part.term.name), which is for images")
    }
    _ = try volumeSampling()
    _ = try volumeAugmentation()
    try checkValue(
      [.auto, .folders].contains(format), "format", "auto or folders for volumes", format.rawValue)
    try checkValue(
      normalization == .dataset, "normalization", "nothing for volumes, which have volume-normalization",
      normalization.rawValue)
  }
}
