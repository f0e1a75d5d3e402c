import Foundation
import Martlet
import MartletData
import MartletModels

/// Volumes with masks that a run is trained and validated on.
struct SegmentationVolumes: SegmentationData {
  private let training: VolumeLoader
  private let validationSet: VolumeDataset

  /// Finds and checks the volumes of a configuration.
  init(_ configuration: SegmentationConfiguration) throws {
    let (training, validation) = try configuration.volumeDatasets()
    self.training = try VolumeLoader(
      training, batchSize: configuration.batchSize, sampling: configuration.volumeSampling(),
      normalization: training.normalization(configuration.volumes.normalization ?? .zScore),
      augmentation: configuration.volumeAugmentation(), seed: configuration.seed)
    validationSet = validation
  }

  let sampleName = "patches"
  var introduction: String {
    "\(samplesPerEpoch) patches of \(counted(training.dataset.count, "training volume")) and "
      + counted(validationSet.count, "validation volume")
      + SampleFiles.note(onSharing: training.dataset.sampleFiles, validationSet.sampleFiles)
  }
  var notes: [String] { (training.dataset.notes + validationSet.notes).uniqued }
  var classes: [SegmentationClass] { training.dataset.classes }
  var samplesPerEpoch: Int { training.sampleCount }
  var stepsPerEpoch: Int { training.batchCount }
  var trainingPixels: [Int] { training.dataset.classVoxels }
  var validationPixels: [Int] { validationSet.classVoxels }

  func batchTypes(count: Int) -> [TensorType] {
    let lengths = training.sampling.size.lengths
    return [
      TensorType([count, training.dataset.channels] + lengths, .float32, .channelsLast),
      TensorType([count] + lengths, .uint8),
    ]
  }

  func batches(epoch: Int, startingAt step: Int) throws -> any BatchSource {
    let batches = training.batches(epoch: epoch, startingAt: step)
    return FunctionBatchSource {
      try batches.next().map {
        TrainingBatch(tensors: [$0.images, try $0.labelTensor()], count: $0.count)
      }
    }
  }

  func fingerprint() throws -> DataFingerprint {
    try DataFingerprint(
      training: DataFingerprint.Pair.pairs(training.dataset.sampleFiles),
      validation: DataFingerprint.Pair.pairs(validationSet.sampleFiles),
      normalization: .unit(channels: training.dataset.channels), volumes: training.normalization)
  }

  func description(_ configuration: SegmentationConfiguration) throws -> SegmentationModelDescription {
    let data = training.dataset
    var description = try configuration.modelDescription(
      inputChannels: data.channels, classCount: data.classes.count, options: data.options,
      normalization: .unit(channels: data.channels))
    description.volumes = VolumeDescription(
      window: training.sampling.size, normalization: training.normalization,
      geometries: data.samples.map(\.geometry))
    return description
  }

  func validation(
    of network: any SegmentationModel, _ description: SegmentationModelDescription, _ loss: SegmentationLoss,
    _ numerics: Numerics
  ) throws -> any SegmentationValidation {
    VolumeValidation(
      data: validationSet,
      evaluator: try VolumeEvaluator(
        network: network, description: description, loss: loss, numerics: numerics),
      makePredictor: {
        try VolumePredictor(borrowing: network, description: description, numerics: numerics)
      })
  }
}

extension VolumeDataset {
  /// Voxels of each class over all samples.
  fileprivate var classVoxels: [Int] {
    samples.reduce(into: Array(repeating: 0, count: classes.count)) { sums, sample in
      for (index, count) in sample.classVoxels.enumerated() { sums[index] += count }
    }
  }
}

private final class VolumeValidation: SegmentationValidation {
  private let data: VolumeDataset
  private let evaluator: VolumeEvaluator
  /// Predictors hold weights as they are when they first predict, and training changes them.
  private let makePredictor: () throws -> VolumePredictor

  init(
    data: VolumeDataset, evaluator: VolumeEvaluator, makePredictor: @escaping () throws -> VolumePredictor
  ) {
    self.data = data
    self.evaluator = evaluator
    self.makePredictor = makePredictor
  }

  func evaluate() throws -> SegmentationEvaluation { try evaluator.evaluate(data) }

  func example(_ index: Int) throws -> SegmentationExample {
    try SegmentationExample(data, index, makePredictor())
  }
}

extension SegmentationConfiguration {
  /// The training and validation volumes, checked.
  func volumeDatasets() throws -> (training: VolumeDataset, validation: VolumeDataset) {
    let training = try VolumeDataset(
      images: trainingPlaces.images, masks: trainingPlaces.masks, options: maskOptions())
    try checkIgnored(training.options)
    if let places = validationPlaces {
      try training.checkForeground()
      return (
        training,
        try VolumeDataset(
          images: places.images, masks: places.masks, options: training.options, channels: training.channels)
      )
    }
    let parts = try training.split(validationFraction: validationFraction, seed: self.seed)
    try parts.training.checkForeground()
    return parts
  }

  /// The validation volumes that a run had, from where they were.
  ///
  /// - Throws: ``MartletError`` naming a volume that is no longer there.
  func validationVolumes(
    of run: DataFingerprint, _ description: SegmentationModelDescription
  ) throws -> VolumeDataset {
    let places = validationPlaces ?? trainingPlaces
    let data = try VolumeDataset(
      images: places.images, masks: places.masks, options: description.options,
      channels: description.inputChannels)
    return data.subset(
      try run.validationPositions(among: data.sampleFiles, in: places.images.relativePath))
  }
}
