import Foundation
import Martlet
import Synchronization

/// Volumes and, for each, a mask of the same size whose voxels name classes: folders of NIfTI files.
///
/// Files are paired by name as images and masks are, see ``SegmentationDataset``; `case_0000` is also paired with `case`,
/// as nnU-Net names files. Everything is checked when a dataset is made: every file is read once, and sizes, channels and
/// values are compared. Volumes are then read as they are wanted, and kept up to a limit.
///
/// Voxels are taken as they are: where volumes differ in spacing or orientation, bring them to one before.
public struct VolumeDataset: Sendable {
  /// One volume and its mask, and what the check found of them.
  public struct Sample: Hashable, Sendable {
    /// The volume's file name without extension.
    public let name: String
    /// The volume's file.
    public let image: URL
    /// The mask's file.
    public let mask: URL
    /// Of volume and mask, in voxels.
    public let size: VolumeSize
    /// The volume's. The mask's first voxel and the steps to the next are the same, up to a thousandth of a voxel.
    public let geometry: VolumeGeometry
    /// Voxels of each class.
    public let classVoxels: [Int]
    /// Voxels that count in no loss and no metric.
    public let ignoredVoxels: Int

    /// For each channel some of the values where the mask is not 0.
    let foregroundValues: [[Float]]

    /// The volume's file name.
    public var fileName: String { image.lastPathComponent }
  }

  /// The samples in natural order of their names, or in the order of ``subset(_:)``.
  public let samples: [Sample]
  /// The options, with encoding and classes settled.
  public let options: SegmentationOptions
  /// Channels of every volume.
  public let channels: Int
  /// What may surprise, and may be as it should.
  public let notes: [String]

  private let cache: SampleCache<LabeledVolume>
  private let latest: LatestVolume

  /// Finds, pairs and checks the volumes and masks of two folders, or of one.
  ///
  /// - Parameters:
  ///   - options: How masks are encoded, and the classes. For a validation set give the training set's ``options``.
  ///   - channels: How many volumes must have; `nil` for as many as the first.
  ///   - cacheLimit: Bytes of volumes to keep in memory, besides the one that was read last.
  /// - Throws: ``MartletError`` with everything that was found wrong.
  public init(
    images: URL, masks: URL, options: SegmentationOptions = SegmentationOptions(), channels: Int? = nil,
    cacheLimit: Int = SegmentationDataset.defaultCacheLimit
  ) throws {
    try options.check()
    let inspection = try VolumeInspection(
      images: images, masks: masks, options: options, channels: channels)
    try inspection.problems.throwIfAny()
    self.init(
      samples: inspection.samples, options: inspection.options, channels: inspection.channels,
      notes: inspection.notes, cache: SampleCache(byteLimit: cacheLimit), latest: LatestVolume())
  }

  private init(
    samples: [Sample], options: SegmentationOptions, channels: Int, notes: [String],
    cache: SampleCache<LabeledVolume>, latest: LatestVolume
  ) {
    self.samples = samples
    self.options = options
    self.channels = channels
    self.notes = notes
    self.cache = cache
    self.latest = latest
  }

  /// The number of samples.
  public var count: Int { samples.count }

  /// The classes in the order of their indices.
  public var classes: [SegmentationClass] { options.classes ?? [] }

  /// Checks that there is something to learn.
  ///
  /// - Throws: ``MartletError`` where no mask has a voxel of another class than the first.
  public func checkForeground() throws {
    let voxels = classes.indices.map { index in samples.reduce(0) { $0 + $1.classVoxels[index] } }
    if let problem = foregroundProblem(voxels, options, masks: count) {
      throw MartletError("dataset", problem)
    }
  }

  /// The decoded sample at a position.
  ///
  /// - Throws: ``MartletError`` where a file has changed or gone since the check.
  public func load(_ index: Int) throws -> LabeledVolume {
    let sample = samples[index]
    return try latest.volume(sample.image) {
      try cache.sample(sample.image) {
        let volume = try Volume(contentsOf: sample.image.path)
        let labels = try MaskDecoder(options).labels(of: MaskRaster(volumeAt: sample.mask), from: sample.mask)
        guard volume.size == sample.size, volume.channels == channels,
          labels.width == sample.size.width, labels.values.count == sample.size.count
        else {
          throw MartletError(
            "dataset",
            "expected \(sample.fileName) and its mask at \(sample.size) as when they were checked, got "
              + "\(volume.size) and \(labels.values.count) voxels")
        }
        return LabeledVolume(volume: volume, labels: labels.values)
      }
    }
  }

  /// The samples at the given positions, in that order.
  public func subset(_ indices: [Int]) -> VolumeDataset {
    VolumeDataset(
      samples: indices.map { samples[$0] }, options: options, channels: channels, notes: notes,
      cache: cache, latest: latest)
  }

  /// Splits off a part for validation, as ``SegmentationDataset/split(validationFraction:seed:)`` does.
  ///
  /// - Throws: ``MartletError`` unless the fraction is above 0 and below 1 and there are two samples.
  public func split(validationFraction: Double, seed: UInt64) throws -> (
    training: VolumeDataset, validation: VolumeDataset
  ) {
    let parts = try ValidationSplit(samples.map(\.name), fraction: validationFraction, seed: seed)
    return (subset(parts.training), subset(parts.validation))
  }

  /// How values become a network's input.
  ///
  /// - Throws: ``MartletError`` for ``VolumeNormalization/Method/ct`` where no mask has a foreground.
  public func normalization(_ method: VolumeNormalization.Method) throws -> VolumeNormalization {
    try VolumeNormalization(
      method, foreground: (0..<channels).map { channel in samples.flatMap { $0.foregroundValues[channel] } })
  }
}

/// The volume that was read last: patches of a volume follow each other, so that it is read once for all, however
/// little a cache may hold.
private final class LatestVolume: Sendable {
  private let latest = Mutex<(key: URL, volume: LabeledVolume)?>(nil)

  func volume(_ key: URL, _ load: () throws -> LabeledVolume) rethrows -> LabeledVolume {
    if let known = latest.withLock({ $0?.key == key ? $0?.volume : nil }) { return known }
    let volume = try load()
    latest.withLock { $0 = (key, volume) }
    return volume
  }
}
