import Foundation
import Martlet

/// Images and, for each, a mask of the same size whose pixels name classes.
///
/// Everything is checked when a dataset is made, so that training does not stop at a bad file hours later:
/// names are paired, every image and mask is decoded once, sizes and values are compared. The first 20
/// problems come in one error.
///
/// ```swift
/// let dataset = try SegmentationDataset(images: imageFolder, masks: maskFolder)
/// let (training, validation) = try dataset.split(validationFraction: 0.2, seed: 1)
/// ```
public struct SegmentationDataset: Sendable {
  /// One image and its mask, and what the check found of them.
  public struct Sample: Hashable, Sendable {
    /// The image's file name without extension.
    public let name: String
    /// The image's file.
    public let image: URL
    /// The mask's file or folder, or the file of annotations that it is in.
    public let mask: URL
    /// The image's path within the dataset, which no other sample has.
    public let fileName: String
    /// Of image and mask, in pixels.
    public let width: Int
    /// Of image and mask, in pixels.
    public let height: Int
    /// Pixels of each class.
    public let classPixels: [Int]
    /// Pixels that count in no loss and no metric.
    public let ignoredPixels: Int

    let statistics: ChannelStatistics

    var pair: SamplePairing.Pair { .init(name: name, image: image, mask: mask, fileName: fileName) }
  }

  /// The samples in natural order of their names, or in the order of ``subset(_:)``.
  public let samples: [Sample]
  /// The options, with encoding, classes and channels settled.
  public let options: SegmentationOptions

  /// Decoded samples that are kept, shared with all subsets.
  let cache: SampleCache<LabeledImage>
  /// What was left out or may surprise, and may be as it should.
  public let notes: [String]
  /// What gives the samples' masks.
  let masks: any MaskReader

  /// Finds, pairs and checks the images and masks at two places, or at one.
  ///
  /// What the places are depends on the format; see ``DatasetFormat``. For folders of images and masks:
  /// Files lie directly in the folders and end in png, jpg, jpeg, tif or tiff, in any case; other and hidden
  /// files are left out. An image and a mask belong together when their names without extension are equal;
  /// those left over are compared without a suffix such as `_mask`, `-gt`, `_label` or `_seg` of masks and
  /// `_image` or `_img` of images. Both folders may be the same one; then the suffix tells masks from images.
  ///
  /// - Parameters:
  ///   - masks: The same as `images` where a format has one place for both.
  ///   - options: How masks are encoded, and the classes. For a validation set give the training set's
  ///     ``options``.
  ///   - cacheLimit: Bytes of decoded images and labels to keep in memory. What does not fit is decoded again
  ///     each time.
  /// - Throws: ``MartletError`` with everything that was found wrong: files without partner or that cannot be
  ///   read, sizes that differ, values that have no class (each with file, pixel and value), masks whose
  ///   encoding is unclear.
  public init(
    images: URL, masks: URL, format: DatasetFormat = .auto,
    options: SegmentationOptions = SegmentationOptions(),
    cacheLimit: Int = SegmentationDataset.defaultCacheLimit
  ) throws {
    try options.check()
    let source = try format.source(images: images, masks: masks, options: options)
    let inspection = DatasetInspection(source)
    try inspection.problems.throwIfAny()
    self.init(
      samples: inspection.samples, options: inspection.options, masks: source.masks,
      notes: inspection.notes, cache: SampleCache(byteLimit: cacheLimit))
  }

  private init(
    samples: [Sample], options: SegmentationOptions, masks: any MaskReader, notes: [String],
    cache: SampleCache<LabeledImage>
  ) {
    self.samples = samples
    self.options = options
    self.masks = masks
    self.notes = notes
    self.cache = cache
  }

  /// 1 GiB: some 4000 RGB images of 256×256.
  public static let defaultCacheLimit = 1 << 30

  /// The number of samples.
  public var count: Int { samples.count }

  /// The classes in the order of their indices.
  public var classes: [SegmentationClass] { options.classes ?? [] }

  /// Channels of every image that ``load(_:)`` gives: 1 or 3.
  public var channels: Int { options.channels ?? 3 }

  /// Pixels of each class over all samples.
  public var classPixels: [Int] {
    samples.reduce(into: Array(repeating: 0, count: classes.count)) { sums, sample in
      for (index, count) in sample.classPixels.enumerated() { sums[index] += count }
    }
  }

  /// Checks that there is something to learn.
  ///
  /// - Throws: ``MartletError`` where no mask has a pixel of another class than the first.
  public func checkForeground() throws {
    if let problem = foregroundProblem(classPixels, options, masks: count) {
      throw MartletError("dataset", problem)
    }
  }

  /// The decoded sample at a position: the image with ``channels`` channels, and its labels.
  ///
  /// - Throws: ``MartletError`` where a file has changed or gone since the check.
  public func load(_ index: Int) throws -> LabeledImage {
    let sample = samples[index]
    return try cache.sample(sample.image) {
      let image = try ImageFile.image(sample.image).withChannels(channels)
      let decoder = MaskDecoder(options)
      let raster = try masks.raster(
        of: sample.pair, width: sample.width, height: sample.height, asColors: decoder.readsColors)
      let labels = try decoder.labels(of: raster, from: sample.mask)
      let size = (sample.width, sample.height)
      guard size == (image.width, image.height), size == (labels.width, labels.height) else {
        throw MartletError(
          "dataset",
          "expected \(sample.image.lastPathComponent) and its mask at \(sample.width)×\(sample.height) "
            + "as when they were checked, "
            + "got \(image.width)×\(image.height) and \(labels.width)×\(labels.height)"
        )
      }
      return LabeledImage(image: image, labels: labels)
    }
  }

  /// The samples at the given positions, in that order.
  public func subset(_ indices: [Int]) -> SegmentationDataset {
    SegmentationDataset(
      samples: indices.map { samples[$0] }, options: options, masks: masks, notes: notes, cache: cache)
  }

  /// Each channel's mean and standard deviation over all pixels of all images.
  public func normalization() -> Normalization {
    var statistics = ChannelStatistics(channels: channels)
    for sample in samples { statistics += sample.statistics }
    return Normalization(statistics)
  }
}
