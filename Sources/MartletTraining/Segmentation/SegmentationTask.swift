import Foundation
import Martlet
import MartletData
import MartletModels

/// Training of a segmentation network on images and masks.
public final class SegmentationTask: RunTask {
  /// What is trained, as ``model``.
  public let network: any SegmentationModel
  public var model: any Module { network }
  /// What the file of the best weights says of them.
  public let description: SegmentationModelDescription
  var classes: [SegmentationClass] { samples.classes }

  private let samples: any SegmentationData
  private let segmentationLoss: SegmentationLoss
  private let validation: any SegmentationValidation
  private let numerics: Numerics
  /// Numerics of their own for parts of the network, by pattern of names.
  private let stageNumerics: [String: Numerics]
  /// Bytes that what identifies the data takes, which is in a checkpoint's header.
  private static let largestFingerprint = 90_000_000
  /// The same for ``network``.
  private let stages: [ObjectIdentifier: ModuleSettings]
  private let mixUp: MixUp?
  /// Samples of each kind of batch in an epoch.
  private let batchCounts: [Int]
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
    func smallestBatch(_ size: Int) -> Int { batchSizes(of: count, atMost: size).min() ?? 0 }
    batchCounts = batchSizes(of: count, atMost: configuration.batchSize)
    let smallest = smallestBatch(configuration.batchSize)
    let hint =
      (1...configuration.batchSize).last { smallestBatch($0) >= network.smallestTrainingBatch }
      .map { "; --batch-size \($0) leaves none that small" } ?? ""
    try require(
      smallest >= network.smallestTrainingBatch, "configuration",
      "batch-size: expected batches of \(network.smallestTrainingBatch) or more \(data.sampleName) for "
        + "\(configuration.model), got \(count) in batches of \(configuration.batchSize), which leaves one of \(smallest)"
        + hint)
    segmentationLoss = try SegmentationLoss(
      configuration.loss, classWeights: configuration.classWeights, classCount: network.classCount)
    numerics = configuration.numerics
    stageNumerics = configuration.stageNumerics
    stages = try Self.settings(stageNumerics, for: network)
    mixUp = MixUp(configuration)
    // What cannot be learnt from or measured is to be known before the training and not after an epoch of it.
    for (part, pixels) in [("training", data.trainingPixels), ("validation", data.validationPixels)] {
      try require(
        segmentationLoss.isDefined(forPixels: pixels), "dataset",
        "expected pixels that count in the loss among those for \(part), got none: all are ignored or weigh nothing"
      )
    }
    fingerprint = try data.fingerprint()
    let names = fingerprint.text.utf8.count
    try require(
      names <= Self.largestFingerprint, "dataset",
      "expected names of files that take at most \(Self.largestFingerprint) bytes in a checkpoint, got \(names): shorter "
        + "names, or fewer files, fit")
    validation = try Self.validation(data, of: network, description, segmentationLoss, numerics, stages)
  }

  private static func settings(
    _ stageNumerics: [String: Numerics], for network: any SegmentationModel
  ) throws -> [ObjectIdentifier: ModuleSettings] {
    var settings: [ObjectIdentifier: ModuleSettings] = [:]
    for (pattern, numerics) in stageNumerics.sorted(by: { $0.key < $1.key }) {
      for module in try network.modules(matching: pattern, for: "stage-numerics") {
        settings[ObjectIdentifier(module)] = ModuleSettings(numerics: numerics)
      }
    }
    return settings
  }

  private static func validation(
    _ data: any SegmentationData, of network: any SegmentationModel,
    _ description: SegmentationModelDescription, _ loss: SegmentationLoss, _ numerics: Numerics,
    _ stages: [ObjectIdentifier: ModuleSettings]
  ) throws -> any SegmentationValidation {
    SettledValidation(try data.validation(of: network, description, loss, numerics), stages)
  }

  public var stepsPerEpoch: Int { samples.stepsPerEpoch }
  public var samplesPerEpoch: Int { samples.samplesPerEpoch }

  public func batches(epoch: Int, startingAt step: Int) throws -> any BatchSource {
    let batches = try samples.batches(epoch: epoch, startingAt: step)
    var position = step
    return FunctionBatchSource { [mixUp, segmentationLoss] in
      defer { position += 1 }
      guard var batch = try batches.next() else { return nil }
      batch.hasLoss = try batch.tensors[1].withElements { (labels: UnsafeBufferPointer<UInt8>) in
        segmentationLoss.isDefined(for: labels)
      }
      if let mixUp {
        batch.tensors.append(try Tensor(Float(mixUp.share(epoch: epoch, batch: position))))
      }
      return batch
    }
  }

  public var batchTypes: [[TensorType]] {
    batchCounts.map {
      samples.batchTypes(count: $0) + (mixUp == nil ? [] : [TensorType([], .float32)])
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

  /// Measures a network on the run's validation samples as the run's own is measured.
  func validation(
    of network: any SegmentationModel, _ description: SegmentationModelDescription
  ) throws -> any SegmentationValidation {
    try Self.validation(
      samples, of: network, description, segmentationLoss, numerics,
      Self.settings(stageNumerics, for: network))
  }

  /// The last validation, image by image.
  public private(set) var lastEvaluation: SegmentationEvaluation?

  public func validate() throws -> ValidationResult {
    let evaluation = try validation.evaluate()
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

  public var introduction: String { "\(samples.introduction); \(classList)" + notedLines(samples.notes) }

  /// The classes in a line that can be read, however many they are.
  private var classList: String {
    let shown = 8
    if classNames.count <= shown { return "classes \(classNames.joined(separator: ", "))" }
    return "\(classNames.count) classes: \(classNames.prefix(shown - 1).joined(separator: ", ")), …"
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
