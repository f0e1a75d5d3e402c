import Foundation
import Martlet

/// What a dataset holds and what is wrong with it, without being refused for it: what `martlet datasets inspect` shows.
public struct DatasetReport: Hashable, Sendable, Codable {
  /// Images of one size, or of one number of channels and bits.
  public struct SizeCount: Hashable, Sendable, Codable {
    public var width: Int
    public var height: Int
    public var images: Int
  }

  public struct DepthCount: Hashable, Sendable, Codable {
    public var channels: Int
    public var bits: Int
    public var images: Int
  }

  public struct ClassBalance: Hashable, Sendable, Codable {
    public var name: String
    public var pixels: Int
    /// Of all pixels that count, 0 to 1.
    public var share: Double
    /// Images in which the class occurs.
    public var images: Int
  }

  public var format: DatasetFormat
  /// Images that have a mask.
  public var images: Int
  /// Those with nothing wrong, which all figures below are of.
  public var usableImages: Int
  /// How masks name classes, as far as it could be told.
  public var encoding: MaskEncoding
  /// The most frequent first.
  public var sizes: [SizeCount]
  public var depths: [DepthCount]
  /// In the order of their indices; empty where masks do not tell.
  public var classes: [ClassBalance]
  public var ignoredPixels: Int
  /// Names of the images in which there is nothing but class 0 and ignored pixels.
  public var emptyMasks: [String]
  /// What keeps the dataset from being trained on.
  public var problems: [String]
  /// What was left out and may be as it should.
  public var notes: [String]

  /// Inspects a dataset, reading every file once.
  ///
  /// - Parameter masks: `nil` where one place holds both: a format of one place, or a folder with `images` and `masks`.
  /// - Throws: ``MartletError`` where there is no dataset of the format at all.
  public init(
    images: URL, masks: URL?, format: DatasetFormat = .auto,
    options: SegmentationOptions = SegmentationOptions()
  ) throws {
    try options.check()
    let parts = ["images", "masks"].map { images.appending(path: $0) }
    let hasParts = parts.allSatisfy(DatasetFormat.isFolder)
    let isFolders = masks == nil && hasParts && (format == .auto || format == .folders)
    let source = try format.source(
      images: isFolders ? parts[0] : images, masks: masks ?? (isFolders ? parts[1] : images), options: options
    )
    self.init(source, DatasetInspection(source))
  }

  init(_ source: SampleSource, _ inspection: DatasetInspection) {
    let samples = inspection.samples
    format = source.format
    images = source.pairs.count
    usableImages = samples.count
    encoding = inspection.options.encoding
    sizes = Self.counted(samples.map { SIMD2($0.width, $0.height) }).map {
      SizeCount(width: $0.value.x, height: $0.value.y, images: $0.count)
    }
    let infos = DatasetInspection.forEach(samples.map(\.pair)) { try? Image.info(contentsOf: $0.image) }
    depths = Self.counted(infos.compactMap { $0 }.map { SIMD2($0.channels, $0.bitsPerSample) }).map {
      DepthCount(channels: $0.value.x, bits: $0.value.y, images: $0.count)
    }
    let names = inspection.options.classes ?? []
    let counts = names.indices.map { index in samples.map { $0.classPixels[index] } }
    let total = max(counts.joined().reduce(0, +), 1)
    classes = zip(names, counts).map { item, pixels in
      let sum = pixels.reduce(0, +)
      return ClassBalance(
        name: item.name, pixels: sum, share: Double(sum) / Double(total),
        images: pixels.filter { $0 > 0 }.count)
    }
    ignoredPixels = samples.reduce(0) { $0 + $1.ignoredPixels }
    emptyMasks = samples.filter { $0.classPixels.dropFirst().allSatisfy { $0 == 0 } }.map(\.name)
    problems = inspection.problems.messages
    notes = source.notes
  }

  /// How often each value occurs, the most frequent first.
  private static func counted(_ values: [SIMD2<Int>]) -> [(value: SIMD2<Int>, count: Int)] {
    let counts = Dictionary(grouping: values) { $0 }.map { (value: $0.key, count: $0.value.count) }
    return counts.sorted { ($1.count, $0.value.x, $0.value.y) < ($0.count, $1.value.x, $1.value.y) }
  }
}
