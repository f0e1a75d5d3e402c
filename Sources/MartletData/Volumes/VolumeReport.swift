import Foundation
import Martlet
import MartletFiles

/// What a dataset of volumes holds and what is wrong with it: what `martlet datasets inspect` shows for folders of NIfTI
/// files.
public struct VolumeReport: Hashable, Sendable, Codable {
  public struct VolumeFigures: Hashable, Sendable, Codable {
    public var name: String
    /// Depth, height, width.
    public var size: [Int]
    /// Along these, in the header's unit.
    public var spacing: [Double]
    /// Where i, j and k lead, such as `RAS`.
    public var orientation: String
    /// What voxels are stored as.
    public var sample: String
  }

  public struct ClassBalance: Hashable, Sendable, Codable {
    public var name: String
    public var voxels: Int
    /// Of all voxels that count, 0 to 1.
    public var share: Double
    /// Volumes in which the class occurs.
    public var volumes: Int
  }

  /// Volumes that have a mask.
  public var volumes: Int
  /// Those with nothing wrong, which all below are.
  public var usableVolumes: Int
  public var channels: Int
  /// How masks name classes, as far as it could be told.
  public var encoding: MaskEncoding
  public var figures: [VolumeFigures]
  /// In the order of their indices; empty where masks do not tell.
  public var classes: [ClassBalance]
  public var ignoredVoxels: Int
  /// Names of the volumes in which there is nothing but class 0 and ignored voxels.
  public var emptyMasks: [String]
  /// What keeps the dataset from being trained on.
  public var problems: [String]
  /// What may be as it should.
  public var notes: [String]

  /// Whether a folder holds NIfTI files, or folders `images` and `masks` of which the first does.
  public static func isFor(_ folder: URL) -> Bool {
    [folder, folder.appending(path: "images")].contains { candidate in
      let names = (try? Folder.rawNames(in: candidate.path)) ?? []
      return names.contains { $0.first != UInt8(ascii: ".") && SampleFileKind.volume.matches($0) }
    }
  }

  /// Inspects folders of volumes and masks, reading every file once.
  ///
  /// - Parameter masks: `nil` where one folder holds both, or folders `images` and `masks`.
  /// - Throws: ``MartletError`` where there are no volumes.
  public init(
    images: URL, masks: URL?, options: SegmentationOptions = SegmentationOptions()
  ) throws {
    try options.check()
    let parts = ["images", "masks"].map { images.appending(path: $0) }
    let hasParts = masks == nil && parts.allSatisfy(DatasetFormat.isFolder)
    self.init(
      try VolumeInspection(
        images: hasParts ? parts[0] : images, masks: masks ?? (hasParts ? parts[1] : images),
        options: options))
  }

  init(_ inspection: VolumeInspection) {
    let samples = inspection.samples
    volumes = inspection.pairCount
    usableVolumes = samples.count
    channels = inspection.channels
    encoding = inspection.options.encoding
    figures = zip(samples, inspection.headers).map { sample, header in
      VolumeFigures(
        name: sample.name, size: sample.size.lengths, spacing: sample.geometry.spacing,
        orientation: sample.geometry.orientation, sample: "\(header.sample)")
    }
    let names = inspection.options.classes ?? []
    let total = max(samples.reduce(0) { $0 + $1.classVoxels.reduce(0, +) }, 1)
    classes = names.enumerated().map { index, item in
      let voxels = samples.map { $0.classVoxels[index] }
      let sum = voxels.reduce(0, +)
      return ClassBalance(
        name: item.name, voxels: sum, share: Double(sum) / Double(total), volumes: voxels.count { $0 > 0 })
    }
    ignoredVoxels = samples.reduce(0) { $0 + $1.ignoredVoxels }
    emptyMasks = samples.filter { $0.classVoxels.dropFirst().allSatisfy { $0 == 0 } }.map(\.name)
    problems = inspection.problems.messages
    notes = inspection.notes
  }

  /// Everything as JSON, in snake case.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// The figures, problems and notes for a terminal. Long lists are cut off and say so.
  public var table: String {
    var lines = [
      "volumes: \(volumes), of which \(usableVolumes) can be used; \(counted(channels, "channel"))",
      "masks: \(encoding == .automatic ? "unclear" : encoding.rawValue)",
    ]
    lines += Self.cut(figures) { item in
      let size = item.size.map(String.init).joined(separator: "×")
      let spacing = item.spacing.map(spacingText).joined(separator: "×")
      return "  \(item.name): \(size) voxels of \(spacing), \(item.orientation), \(item.sample)"
    }
    lines += classes.map { item in
      let share = String(format: "%.2f %%", 100 * item.share)
      return
        "class \(item.name): \(counted(item.voxels, "voxel")), \(share), in \(counted(item.volumes, "volume"))"
    }
    if ignoredVoxels > 0 { lines.append("ignored voxels: \(ignoredVoxels)") }
    if !emptyMasks.isEmpty {
      lines.append("masks without a foreground:")
      lines += Self.cut(emptyMasks) { "  \($0)" }
    }
    for (title, texts) in [("problems", problems), ("notes", notes)] where !texts.isEmpty {
      lines.append("\(title):")
      lines += Self.cut(texts) { "  - \($0)" }
    }
    return lines.joined(separator: "\n")
  }

  private static func cut<Item>(_ items: [Item], _ line: (Item) -> String) -> [String] {
    items.prefix(20).map(line) + (items.count > 20 ? ["  and \(items.count - 20) more"] : [])
  }
}
