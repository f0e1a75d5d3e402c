import Foundation
import Martlet
import MartletData
import MartletModels

/// Training of a segmentation network on images and masks.
public final class SegmentationTask: RunTask {
  public let network: any SegmentationModel
  public var model: any Module { network }
  public let description: SegmentationModelDescription
  var classes: [SegmentationClass] { samples.classes }

  private let samples: any SegmentationData
  private let segmentationLoss: SegmentationLoss
  private let validation: any SegmentationValidation
  private let numerics: Numerics
  private let mixUp: MixUp?
  /// Numerics of their own for parts of the network.
  private let stages: [ObjectIdentifier: ModuleSettings]
  private let fingerprint: DataFingerprint

  /// - Throws: ``MartletError`` when the data, the network and the configuration do not go together.
  public convenience init(
    network: any SegmentationModel, description: SegmentationModelDescription, training: SegmentationDataset,
    validation: SegmentationDataset, configuration: SegmentationConfiguration
  ) throws {
    try self.init(
      network: network, description: description,
      data: SegmentationImages(
        training: training, validation: validation, normalization: description.normalization, configuration),
      configuration: configuration)
  }

  init(
    network: any SegmentationModel, description: SegmentationModelDescription, data: any SegmentationData,
    configuration: SegmentationConfiguration
  ) throws {
    self.network = network
    self.description = description
    samples = data
    let count = data.samplesPerEpoch
    let smallest = min(configuration.batchSize, (count - 1) % configuration.batchSize + 1)
    try require(
      smallest >= network.smallestTrainingBatch, "configuration",
      "batch-size: expected batches of \(network.smallestTrainingBatch) or more \(data.sampleName) for "
        + "\(configuration.model), got \(count) in batches of \(configuration.batchSize), which leaves one of \(smallest)"
    )
    segmentationLoss = try SegmentationLoss(
      configuration.loss, classWeights: configuration.classWeights, classCount: network.classCount)
    numerics = configuration.numerics
    mixUp = MixUp(configuration)
    var stages: [ObjectIdentifier: ModuleSettings] = [:]
    for (pattern, numerics) in configuration.stageNumerics.sorted(by: { $0.key < $1.key }) {
      for module in try network.modules(matching: pattern, for: "stage-numerics") {
        stages[ObjectIdentifier(module)] = ModuleSettings(numerics: numerics)
      }
    }
    self.stages = stages
    fingerprint = try data.fingerprint()
    validation = try data.validation(of: network, description, segmentationLoss, numerics)
  }

  public var stepsPerEpoch: Int { samples.stepsPerEpoch }
  public var samplesPerEpoch: Int { samples.samplesPerEpoch }

  public func batches(epoch: Int, startingAt step: Int) throws -> any BatchSource {
    let batches = try samples.batches(epoch: epoch, startingAt: step)
    guard let mixUp else { return batches }
    var position = step
    return FunctionBatchSource {
      defer { position += 1 }
      return try batches.next().map {
        let share = try Tensor(Float(mixUp.share(epoch: epoch, batch: position)))
        return TrainingBatch(tensors: $0.tensors + [share], count: $0.count)
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

  /// Measures a network on the run's validation samples.
  func validation(
    of network: any SegmentationModel, _ description: SegmentationModelDescription, _ loss: SegmentationLoss
  ) throws -> any SegmentationValidation {
    try samples.validation(of: network, description, loss, .current)
  }

  /// The last validation, image by image.
  public private(set) var lastEvaluation: SegmentationEvaluation?

  public func validate() throws -> ValidationResult {
    let evaluation = try withModuleSettings(stages) { try validation.evaluate() }
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

  public var sampleName: String { samples.sampleName }
  public let scoreName = "mean IoU"
  public let shownMetrics: [(metric: String, label: String)] = [
    ("pixel_accuracy", "accuracy"), ("mean_iou", "mean IoU"),
  ]

  private var classNames: [String] { description.options.classes?.map(\.name) ?? [] }

  public var introduction: String {
    "\(samples.introduction); classes \(classNames.joined(separator: ", "))"
      + notedLines(samples.notes)
  }

  public var metricNames: [String] {
    SegmentationEvaluation(classNames: classNames).namedMetrics.map(\.name)
  }

  public func addExamples(to events: EventWriter, epoch: Int) throws {
    guard let index = lastEvaluation?.images.first?.index else { return }
    let example = try validation.example(index)
    try events.add(image: "example/image", png: example.input, step: epoch)
    try events.add(image: "example/truth", png: example.truth, step: epoch)
    try events.add(image: "example/prediction", png: example.prediction, step: epoch)
  }
}

/// Notes on data behind a line on it, the first ten of them.
private func notedLines(_ notes: [String]) -> String {
  let shown = notes.prefix(10).map { "\nnote: \($0)" }.joined()
  return shown + (notes.count > 10 ? "\nand \(counted(notes.count - 10, "more note", "more notes"))" : "")
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
