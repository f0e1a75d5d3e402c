import Foundation
import Martlet

/// What a dataset of images or volumes holds and what is wrong with it, without being refused for it: what
/// `martlet datasets inspect` shows.
///
/// Where a property speaks of images and pixels it means volumes and voxels with ``axes`` 3.
public struct DatasetReport: Hashable, Sendable, Codable {
  /// Images of one size.
  public struct SizeCount: Hashable, Sendable, Codable {
    /// In pixels.
    public var width: Int
    /// In pixels.
    public var height: Int
    /// Of volumes.
    public var depth: Int?
    /// Images of this size.
    public var images: Int
  }

  /// Images of one number of channels and bits.
  public struct DepthCount: Hashable, Sendable, Codable {
    /// Of the file, read as a picture; of a volume its channels, times or vectors.
    public var channels: Int
    /// Of a stored sample.
    public var bits: Int
    /// Images with both.
    public var images: Int
  }

  /// How often a class occurs.
  public struct ClassBalance: Hashable, Sendable, Codable {
    /// As it was given; otherwise made up, `background` and `foreground`, or `class 0` and so on.
    public var name: String
    /// Pixels of the class in all usable images.
    public var pixels: Int
    /// Of all pixels that count, 0 to 1.
    public var share: Double
    /// Images in which the class occurs.
    public var images: Int
  }

  /// What only a volume has.
  public struct VolumeFigures: Hashable, Sendable, Codable {
    /// The volume's file name without extension.
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

  /// The format, found where it was not given; ``DatasetFormat/folders`` for volumes.
  public var format: DatasetFormat
  /// 2 of images, 3 of volumes.
  public var axes: Int
  /// Images that have a mask.
  public var images: Int
  /// Those with nothing wrong, which all figures below are of.
  public var usableImages: Int
  /// How masks name classes, as far as it could be told; ``MaskEncoding/automatic`` also where masks are drawn, which
  /// leaves nothing to be told.
  public var encoding: MaskEncoding
  /// The most frequent first.
  public var sizes: [SizeCount]
  /// The most frequent first.
  public var depths: [DepthCount]
  /// Each volume by itself; `nil` for images.
  public var volumes: [VolumeFigures]?
  /// In the order of their indices; empty where masks do not tell.
  public var classes: [ClassBalance]
  /// Pixels that count in no loss and no metric.
  public var ignoredPixels: Int
  /// Names of the images in which there is nothing but class 0 and ignored pixels.
  public var emptyMasks: [String]
  /// What keeps the dataset from being trained on.
  public var problems: [String]
  /// What was left out or may surprise, and may be as it should.
  public var notes: [String]

  /// Inspects a dataset, reading every file once.
  ///
  /// Where the format does not say otherwise, a folder of NIfTI files holds volumes.
  ///
  /// - Parameter masks: `nil` where one place holds both; see ``DatasetPlaces``.
  /// - Throws: ``MartletError`` where there is no dataset of the format at all.
  public init(
    images: URL, masks: URL?, format: DatasetFormat = .auto,
    options: SegmentationOptions = SegmentationOptions()
  ) throws {
    try options.check()
    let places = DatasetPlaces(images: images, masks: masks, format: format)
    if [.auto, .folders].contains(format), Self.holdsVolumes(places.images) {
      self.init(try VolumeInspection(images: places.images, masks: places.masks, options: options))
    } else {
      let source = try format.source(images: places.images, masks: places.masks, options: options)
      self.init(source, DatasetInspection(source))
    }
  }

  init(_ source: SampleSource, _ inspection: DatasetInspection) {
    let samples = inspection.samples
    self.init(
      format: source.format, axes: 2, images: source.pairs.count, options: inspection.options,
      sizes: samples.map { [$0.width, $0.height] },
      depths: inspection.infos.map { [$0.channels, $0.bitsPerSample] }, names: samples.map(\.name),
      classPixels: samples.map(\.classPixels), ignoredPixels: samples.reduce(0) { $0 + $1.ignoredPixels },
      problems: inspection.problems.messages, notes: inspection.notes)
  }

  /// - Parameters:
  ///   - sizes: Of each sample, the width first.
  ///   - depths: Channels and bits of each sample.
  ///   - classPixels: Of each sample, a number a class.
  init(
    format: DatasetFormat, axes: Int, images: Int, options: SegmentationOptions, sizes: [[Int]],
    depths: [[Int]], names: [String], classPixels: [[Int]], ignoredPixels: Int, problems: [String],
    notes: [String]
  ) {
    self.format = format
    self.axes = axes
    self.images = images
    usableImages = names.count
    encoding = options.encoding
    self.sizes = Self.counted(sizes).map { size, count in
      SizeCount(width: size[0], height: size[1], depth: size.count > 2 ? size[2] : nil, images: count)
    }
    self.depths = Self.counted(depths).map { DepthCount(channels: $0[0], bits: $0[1], images: $1) }
    let total = max(classPixels.joined().reduce(0, +), 1)
    classes = (options.classes ?? []).enumerated().map { index, item in
      let pixels = classPixels.map { $0[index] }
      let sum = pixels.reduce(0, +)
      return ClassBalance(
        name: item.name, pixels: sum, share: Double(sum) / Double(total), images: pixels.count { $0 > 0 })
    }
    self.ignoredPixels = ignoredPixels
    emptyMasks = zip(names, classPixels).filter { $1.dropFirst().allSatisfy { $0 == 0 } }.map(\.0)
    self.notes = notes
    // Where something is wrong with every file that was said.
    let missing = names.isEmpty ? nil : foregroundProblem(classes.map(\.pixels), options, masks: names.count)
    self.problems = problems + [missing].compactMap { $0 }
  }

  /// How often each value occurs, the most frequent first.
  private static func counted(_ values: [[Int]]) -> [(value: [Int], count: Int)] {
    let counts = Dictionary(grouping: values) { $0 }.map { (value: $0.key, count: $0.value.count) }
    return counts.sorted { left, right in
      left.count != right.count
        ? left.count > right.count : left.value.lexicographicallyPrecedes(right.value)
    }
  }
}

/// Why masks leave nothing to learn; `nil` where there is a pixel of another class than the first.
func foregroundProblem(_ classPixels: [Int], _ options: SegmentationOptions, masks: Int) -> String? {
  if classPixels.dropFirst().contains(where: { $0 > 0 }) { return nil }
  let name = options.classes?.first?.name ?? "background"
  return "expected a foreground in some mask, got nothing but `\(name)` in \(counted(masks, "mask"))"
}
