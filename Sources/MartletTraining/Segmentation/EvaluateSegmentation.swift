import Foundation
import Martlet
import MartletData

/// Measures a run's network on images with masks: what `martlet evaluate` does.
///
/// The loss is the run's; of a weights file, which does not say how it came to be, it is cross-entropy. The network has
/// the task's ``Precision``; below float32 it is measured in float32 too, for the result's
/// ``SegmentationEvaluation/precision``.
///
/// - Parameters:
///   - run: A run folder, or a weights file if images are given.
///   - images: Folder of images; `nil` for the run's own validation images, which its checkpoint names.
///   - masks: Their masks; `nil` where ``DatasetPlaces`` finds them with the images.
///   - maskEncoding: How those images' masks name classes, if not as in training.
///   - ignoreIndex: A value of those masks that takes no part, if not as in training.
///   - batchSize: Images that the network is given at once, from ``BatchLoader/batchSizes``; `nil` for 8. Volumes are
///     read window by window and have none.
///   - measures: What is measured beside the counts of pixels.
///   - spacing: The height and the width of a pixel, for distances; `nil` for 1. For volumes the depth, height and width
///     of a voxel; `nil` for each volume's own.
///   - inferenceDepth: For U-Net++ with deep supervision, the depth whose head is measured, if not the network's own.
/// - Throws: ``MartletError`` when the run or the images cannot be read, or a validation image is gone or another one.
public func evaluateSegmentation(
  _ run: URL, images: URL?, masks: URL?, format: DatasetFormat? = nil, maskEncoding: MaskEncoding? = nil,
  ignoreIndex: Int? = nil, batchSize: Int? = nil, measures: SegmentationMeasures = .all,
  spacing: [Double]? = nil,
  inferenceDepth: Int? = nil, numerics: Numerics = .current
) throws -> SegmentationEvaluation {
  for (name, isGiven) in [
    ("masks", masks != nil), ("format", format != nil), ("mask encoding", maskEncoding != nil),
    ("ignore index", ignoreIndex != nil),
  ] {
    try require(
      images != nil || !isGiven, "evaluate",
      "expected no \(name) without images: the run's own are read as in training")
  }
  func measured() throws -> (evaluation: SegmentationEvaluation, loss: PrecisionLoss?) {
    try measure(
      run, images, masks, format ?? .auto, (maskEncoding, ignoreIndex), batchSize, measures, spacing,
      inferenceDepth, numerics)
  }
  var (evaluation, loss) = try measured()
  if Precision.current != .float32 {
    let exact = try withPrecision(.float32, measured).evaluation
    evaluation.precision = PrecisionReport(.current, exact: exact, own: evaluation, loss: loss)
  }
  return evaluation
}

/// The evaluation, and what the task's precision does to the outputs for the first images.
private func measure(
  _ run: URL, _ images: URL?, _ masks: URL?, _ format: DatasetFormat,
  _ meaning: (encoding: MaskEncoding?, ignoreIndex: Int?), _ givenBatchSize: Int?,
  _ measures: SegmentationMeasures, _ spacing: [Double]?, _ inferenceDepth: Int?, _ numerics: Numerics
) throws -> (SegmentationEvaluation, PrecisionLoss?) {
  let batchSize = givenBatchSize ?? 8
  try BatchLoader.check(batchSize: batchSize, "evaluate")
  let (network, description) = try SegmentationModelDescription.load(
    runOrWeights: run, inferenceDepth: inferenceDepth)
  let source = try EvaluatedRun(run)
  let lossName = source.configuration?.loss ?? "cross-entropy"
  let loss = try SegmentationLoss(
    lossName, classWeights: source.configuration?.classWeights ?? [], classCount: network.classCount)
  var options = description.options
  options.encoding = meaning.encoding ?? options.encoding
  options.ignoreIndex = meaning.ignoreIndex ?? options.ignoreIndex
  let places = images.map { DatasetPlaces(images: $0, masks: masks, format: format) }
  var evaluation: SegmentationEvaluation
  var precisionLoss: PrecisionLoss?
  if description.volumes != nil {
    try require(
      givenBatchSize == nil, "evaluate",
      "expected no batch size, since the network is for volumes, which are read window by window")
    try require(
      [.auto, .folders].contains(format), "evaluate",
      "expected folders of volumes and masks, got the format \(format.rawValue)")
    let data: VolumeDataset
    if let places {
      data = try VolumeDataset(
        images: places.images, masks: places.masks, options: options, channels: description.inputChannels)
    } else {
      data = try source.validationData(
        { try $0.validationVolumes(of: $1, description) }, else: { try $0.volumeDatasets().validation })
    }
    evaluation = try VolumeEvaluator(
      network: network, description: description, loss: loss, numerics: numerics, isFrozen: true
    ).evaluate(data, measures: measures, spacing: spacing)
  } else {
    let data: SegmentationDataset
    if let places {
      data = try SegmentationDataset(
        images: places.images, masks: places.masks, format: format, options: options)
      try require(
        meaning.ignoreIndex == nil || data.options.encoding != .colors, "evaluate",
        "expected no ignore index, since masks are colours")
    } else {
      data = try source.validationData(
        { try $0.validationData(of: $1, options: description.options) },
        else: { try $0.datasets().validation })
    }
    evaluation = try SegmentationEvaluator(
      network: network, description: description, loss: loss, numerics: numerics, isFrozen: true
    ).evaluate(data, batchSize: batchSize, measures: measures, spacing: spacing ?? [1, 1])
    let first = try (0..<min(data.count, PrecisionLoss.imageCount)).map {
      ImageRegions(try data.load($0).image, name: data.samples[$0].fileName) as any RegionReader
    }
    precisionLoss = try .measured({ network }, description, numerics, on: first)
  }
  evaluation.lossName = lossName
  return (evaluation, precisionLoss)
}

/// What a run folder says of how its network came to be.
private struct EvaluatedRun {
  private let url: URL
  /// `nil` for a weights file.
  let configuration: SegmentationConfiguration?

  init(_ url: URL) throws {
    self.url = url
    let file = RunFolder(url).configuration
    configuration =
      FileManager.default.fileExists(atPath: file.path) ? try ConfigurationFile.read(file) : nil
  }

  /// The data that the run was validated on.
  ///
  /// - Parameters:
  ///   - recorded: Finds what the run's checkpoint names.
  ///   - configured: Finds what the configuration gives, which is all that is known of a run without a checkpoint, or with
  ///     one of an earlier version.
  /// - Throws: ``MartletError`` for a weights file, which names no data.
  func validationData<Data>(
    _ recorded: (SegmentationConfiguration, DataFingerprint) throws -> Data,
    else configured: (SegmentationConfiguration) throws -> Data
  ) throws -> Data {
    guard let configuration else {
      throw MartletError(
        "evaluate",
        "expected --images, with --masks where they lie elsewhere, since \(url.relativePath) is no run folder that says what "
          + "to evaluate on"
      )
    }
    let checkpoint = RunFolder(url).checkpoint
    guard FileManager.default.fileExists(atPath: checkpoint.path),
      let text = try Checkpoint.data(of: checkpoint)
    else { return try configured(configuration) }
    return try recorded(configuration, DataFingerprint(text: text))
  }
}
