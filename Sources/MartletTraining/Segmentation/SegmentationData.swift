import Martlet
import MartletData
import MartletModels

/// What a segmentation run is trained and validated on: images or volumes.
protocol SegmentationData {
  /// What samples are called in the plural.
  var sampleName: String { get }
  /// How many there are, in a sentence's beginning.
  var introduction: String { get }
  /// What may surprise in the data, a line each.
  var notes: [String] { get }
  var classes: [SegmentationClass] { get }
  /// Samples and batches of an epoch.
  var samplesPerEpoch: Int { get }
  var stepsPerEpoch: Int { get }
  /// Pixels of each class.
  var trainingPixels: [Int] { get }
  var validationPixels: [Int] { get }

  /// Types of a batch's images and labels.
  func batchTypes(count: Int) -> [TensorType]

  /// The batches of an epoch from a position on: images, and labels as bytes.
  func batches(epoch: Int, startingAt step: Int) throws -> any BatchSource

  /// What tells the data from other data.
  func fingerprint() throws -> DataFingerprint

  /// What has to be known to use a network that is trained on the data.
  func description(_ configuration: SegmentationConfiguration) throws -> SegmentationModelDescription

  /// Measures a network on the validation samples.
  func validation(
    of network: any SegmentationModel, _ description: SegmentationModelDescription, _ loss: SegmentationLoss,
    _ numerics: Numerics
  ) throws -> any SegmentationValidation
}

/// A network, and the samples that it is measured on.
protocol SegmentationValidation: AnyObject {
  func evaluate() throws -> SegmentationEvaluation

  /// What the network makes of a sample, drawn.
  func example(_ index: Int) throws -> SegmentationExample
}

/// A validation in which parts of the network have settings of their own.
final class SettledValidation: SegmentationValidation {
  private let validation: any SegmentationValidation
  private let settings: [ObjectIdentifier: ModuleSettings]

  init(_ validation: any SegmentationValidation, _ settings: [ObjectIdentifier: ModuleSettings]) {
    self.validation = validation
    self.settings = settings
  }

  func evaluate() throws -> SegmentationEvaluation {
    try withModuleSettings(settings) { try validation.evaluate() }
  }

  func example(_ index: Int) throws -> SegmentationExample {
    try withModuleSettings(settings) { try validation.example(index) }
  }
}
