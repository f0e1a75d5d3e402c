import Foundation
import Martlet
import MartletData

/// Measures a run's network on images with masks: what `martlet evaluate` does.
///
/// - Parameters:
///   - run: A run folder, or a weights file if images are given.
///   - images: Folder of images; `nil` for the run's own validation images, which its checkpoint names.
///   - measures: What is measured beside the counts of pixels.
///   - spacing: The height and the width of a pixel, for distances; `nil` for 1. For volumes the depth, height and width
///     of a voxel; `nil` for each volume's own.
///   - inferenceDepth: For U-Net++ with deep supervision, the depth whose head is measured, if not the network's own.
/// - Throws: ``MartletError`` when the run or the images cannot be read, or a validation image is gone.
public func evaluateSegmentation(
  _ run: URL, images: URL?, masks: URL?, format: DatasetFormat = .auto, batchSize: Int,
  measures: SegmentationMeasures = .all, spacing: [Double]? = nil, inferenceDepth: Int? = nil,
  numerics: Numerics = .current
) throws -> SegmentationEvaluation {
  try require(batchSize > 0, "evaluate", "expected a batch size of 1 or more, got \(batchSize)")
  let (network, description) = try SegmentationModelDescription.load(
    runOrWeights: run, inferenceDepth: inferenceDepth)
  let loss = try SegmentationLoss("cross-entropy", classWeights: [], classCount: network.classCount)
  if description.volumes != nil {
    let data = try evaluatedVolumes(run, images: images, masks: masks, description)
    return try VolumeEvaluator(network: network, description: description, loss: loss, numerics: numerics)
      .evaluate(data, measures: measures, spacing: spacing)
  }
  let data: SegmentationDataset
  if let images, let masks {
    data = try SegmentationDataset(
      images: images, masks: masks, format: format, options: description.options)
  } else {
    let files = RunFolder(run)
    let configuration = try ConfigurationFile.read(files.configuration, as: SegmentationConfiguration.self)
    let hasCheckpoint = FileManager.default.fileExists(atPath: files.checkpoint.path)
    // Checkpoints of earlier versions name no images; what the configuration gives is then all that is known.
    if hasCheckpoint, let recorded = try Checkpoint.data(of: files.checkpoint) {
      data = try configuration.validationData(
        of: DataFingerprint(text: recorded), options: description.options)
    } else {
      data = try configuration.datasets().validation
    }
  }
  return try SegmentationEvaluator(network: network, description: description, loss: loss, numerics: numerics)
    .evaluate(data, batchSize: batchSize, measures: measures, spacing: spacing ?? [1, 1])
}

/// The volumes that a run's network is measured on.
private func evaluatedVolumes(
  _ run: URL, images: URL?, masks: URL?, _ description: SegmentationModelDescription
) throws -> VolumeDataset {
  if let images, let masks {
    return try VolumeDataset(
      images: images, masks: masks, options: description.options, channels: description.inputChannels)
  }
  let files = RunFolder(run)
  let configuration = try ConfigurationFile.read(files.configuration, as: SegmentationConfiguration.self)
  guard let recorded = try Checkpoint.data(of: files.checkpoint) else {
    return try configuration.volumeDatasets().validation
  }
  return try configuration.validationVolumes(of: DataFingerprint(text: recorded), description)
}
