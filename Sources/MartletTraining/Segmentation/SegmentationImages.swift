import Martlet
import MartletData
import MartletModels

/// Images with masks that a run is trained and validated on.
struct SegmentationImages: SegmentationData {
  let training: BatchLoader
  let validationSet: SegmentationDataset
  private let normalization: Normalization

  init(
    training: SegmentationDataset, validation: SegmentationDataset, normalization: Normalization,
    _ configuration: SegmentationConfiguration
  ) throws {
    self.training = try configuration.trainingLoader(training, normalization)
    validationSet = validation
    self.normalization = normalization
  }

  /// Finds and checks the images of a configuration.
  init(_ configuration: SegmentationConfiguration) throws {
    let (training, validation) = try configuration.datasets()
    try self.init(
      training: training, validation: validation,
      normalization: configuration.normalization.normalization(of: training), configuration)
  }

  let sampleName = "images"
  var introduction: String {
    "\(samplesPerEpoch) training and \(counted(validationSet.count, "validation image"))"
      + SampleFiles.note(onSharing: training.dataset.sampleFiles, validationSet.sampleFiles)
  }
  var notes: [String] { (training.dataset.notes + validationSet.notes).uniqued }
  var classes: [SegmentationClass] { training.dataset.classes }
  var samplesPerEpoch: Int { training.dataset.count }
  var stepsPerEpoch: Int { training.batchCount() }
  var trainingPixels: [Int] { training.dataset.classPixels }
  var validationPixels: [Int] { validationSet.classPixels }

  func batchTypes(count: Int) -> [TensorType] {
    // Windows have one size, whatever that of the image.
    let size = training.frame.size(imageWidth: 1, imageHeight: 1)
    return [
      TensorType([count, training.dataset.channels, size.height, size.width], .float32, .channelsLast),
      TensorType([count, size.height, size.width], .uint8),
    ]
  }

  func batches(epoch: Int, startingAt step: Int) throws -> any BatchSource {
    let batches = training.batches(epoch: epoch, startingAt: step)
    return FunctionBatchSource {
      try batches.next().map {
        TrainingBatch(tensors: [$0.images, try $0.labelTensor(.uint8)], count: $0.count)
      }
    }
  }

  func fingerprint() throws -> DataFingerprint {
    try DataFingerprint(training: training.dataset, validation: validationSet, normalization: normalization)
  }

  func description(_ configuration: SegmentationConfiguration) throws -> SegmentationModelDescription {
    try configuration.modelDescription(training.dataset, normalization)
  }

  func validation(
    of network: any SegmentationModel, _ description: SegmentationModelDescription, _ loss: SegmentationLoss,
    _ numerics: Numerics
  ) -> any SegmentationValidation {
    ImageValidation(
      data: validationSet, batchSize: training.batchSize,
      evaluator: SegmentationEvaluator(
        network: network, description: description, loss: loss, numerics: numerics),
      makePredictor: {
        SegmentationPredictor(borrowing: network, description: description, numerics: numerics)
      })
  }
}

private final class ImageValidation: SegmentationValidation {
  private let data: SegmentationDataset
  private let batchSize: Int
  private let evaluator: SegmentationEvaluator
  /// Predictors hold weights as they are when they first predict, and training changes them.
  private let makePredictor: () -> SegmentationPredictor

  init(
    data: SegmentationDataset, batchSize: Int, evaluator: SegmentationEvaluator,
    makePredictor: @escaping () -> SegmentationPredictor
  ) {
    self.data = data
    self.batchSize = batchSize
    self.evaluator = evaluator
    self.makePredictor = makePredictor
  }

  func evaluate() throws -> SegmentationEvaluation { try evaluator.evaluate(data, batchSize: batchSize) }

  func example(_ index: Int) throws -> SegmentationExample {
    try SegmentationExample(data, index, makePredictor())
  }
}
