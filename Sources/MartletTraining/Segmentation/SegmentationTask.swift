import Foundation
import Martlet
import MartletData
import MartletModels

/// Training of a segmentation network on images and masks.
public final class SegmentationTask: RunTask {
  public let network: any SegmentationModel
  public var model: any Module { network }
  public let description: SegmentationModelDescription
  public let validationSet: SegmentationDataset

  private let training: BatchLoader
  private let segmentationLoss: SegmentationLoss
  private let evaluator: SegmentationEvaluator
  private let numerics: Numerics
  private let mixUp: MixUp?
  /// Numerics of their own for parts of the network.
  private let stages: [ObjectIdentifier: ModuleSettings]
  private let fingerprint: DataFingerprint
  /// The network as it is at present, for showing what it does.
  let predictor: SegmentationPredictor

  /// - Throws: ``MartletError`` when the data, the network and the configuration do not go together.
  public init(
    network: any SegmentationModel, description: SegmentationModelDescription, training: SegmentationDataset,
    validation: SegmentationDataset, configuration: SegmentationConfiguration
  ) throws {
    self.network = network
    self.description = description
    validationSet = validation
    self.training = try configuration.trainingLoader(training, description.normalization)
    let smallest = min(configuration.batchSize, (training.count - 1) % configuration.batchSize + 1)
    try require(
      smallest >= network.smallestTrainingBatch, "configuration",
      "batch-size: expected batches of \(network.smallestTrainingBatch) or more images for \(configuration.model), got "
        + "\(counted(training.count, "image")) in batches of \(configuration.batchSize), which leaves one of \(smallest)"
    )
    segmentationLoss = try SegmentationLoss(
      configuration.loss, classWeights: configuration.classWeights, classCount: network.classCount)
    numerics = configuration.numerics
    mixUp = configuration.mixUp.map { MixUp(strength: $0, seed: configuration.seed) }
    var stages: [ObjectIdentifier: ModuleSettings] = [:]
    for (pattern, numerics) in configuration.stageNumerics.sorted(by: { $0.key < $1.key }) {
      for module in try network.modules(matching: pattern, for: "stage-numerics") {
        stages[ObjectIdentifier(module)] = ModuleSettings(numerics: numerics)
      }
    }
    self.stages = stages
    fingerprint = try DataFingerprint(
      training: training, validation: validation, normalization: description.normalization)
    evaluator = SegmentationEvaluator(
      network: network, description: description, loss: segmentationLoss, numerics: numerics)
    predictor = SegmentationPredictor(network: network, description: description, numerics: numerics)
  }

  public var stepsPerEpoch: Int { training.batchCount() }
  public var samplesPerEpoch: Int { training.dataset.count }

  public func batches(epoch: Int, startingAt step: Int) throws -> any BatchSource {
    let batches = training.batches(epoch: epoch, startingAt: step)
    var position = step
    return FunctionBatchSource { [mixUp] in
      defer { position += 1 }
      return try batches.next().map {
        let share = try mixUp.map { try Tensor(Float($0.share(epoch: epoch, batch: position))) }
        return TrainingBatch(
          tensors: [$0.images, try $0.labelTensor(.uint8)] + [share].compactMap { $0 }, count: $0.count)
      }
    }
  }

  public func loss(_ batch: [Tensor]) throws -> Tensor {
    try withModuleSettings(stages) {
      try withNumerics(numerics) {
        guard mixUp != nil else {
          return try network.trainingLoss(batch[0]) { try segmentationLoss($0, batch[1]) }
        }
        let mixed = try MixUp.mixed(batch[0], batch[1], share: batch[2])
        return try network.trainingLoss(mixed.images) { logits in
          let parts = try mixed.labels.map { try segmentationLoss(logits, $0.labels) * $0.share }
          return try parts[0] + parts[1]
        }
      }
    }
  }

  /// The last validation, image by image.
  public private(set) var lastEvaluation: SegmentationEvaluation?

  public func validate() throws -> ValidationResult {
    let evaluation = try withModuleSettings(stages) {
      try evaluator.evaluate(validationSet, batchSize: training.batchSize)
    }
    lastEvaluation = evaluation
    return ValidationResult(loss: evaluation.loss, score: evaluation.score, metrics: evaluation.namedMetrics)
  }

  public var data: String { fingerprint.text }

  public func checkData(since earlier: String) throws {
    if let change = try DataFingerprint(text: earlier).change(to: fingerprint) {
      throw MartletError("resume", "the data has changed since the run began: \(change)")
    }
  }

  public var modelDescription: [String: String] { description.metadata }

  // What is shown and kept of a run.

  public let sampleName = "images"
  public let scoreName = "mean IoU"
  public let shownMetrics: [(metric: String, label: String)] = [
    ("pixel_accuracy", "accuracy"), ("mean_iou", "mean IoU"),
  ]

  private var classNames: [String] { description.options.classes?.map(\.name) ?? [] }

  public var introduction: String {
    "\(samplesPerEpoch) training and \(counted(validationSet.count, "validation image")); "
      + "classes \(classNames.joined(separator: ", "))"
  }

  public var metricNames: [String] {
    SegmentationEvaluation(classNames: classNames).namedMetrics.map(\.name)
  }

  public func addExamples(to events: EventWriter, epoch: Int) throws {
    guard let index = lastEvaluation?.images.first?.index else { return }
    let example = try SegmentationExample(validationSet, index, predictor)
    try events.add(image: "example/image", png: example.input, step: epoch)
    try events.add(image: "example/truth", png: example.truth, step: epoch)
    try events.add(image: "example/prediction", png: example.prediction, step: epoch)
  }
}

extension SegmentationModel {
  /// The loss that training lowers: that of the logits and those of further heads, each with its weight.
  public func trainingLoss(_ images: Tensor, _ loss: (Tensor) throws -> Tensor) throws -> Tensor {
    let losses = try supervisedLogits(images).map { output in
      let value = try loss(output.logits)
      return output.weight == 1 ? value : try value * output.weight
    }
    return try losses.dropFirst().reduce(losses[0]) { try $0 + $1 }
  }
}
