import Foundation
import Martlet
import MartletData
import MartletInterchange
import MartletModels

/// What has to be known to use a segmentation network's weights: its configuration, the classes, and how pixels become
/// its input.
public struct SegmentationModelDescription: ModelDescription, Hashable {
  public static let kind = RunKind.segmentation

  /// The architecture's name on the command line.
  public var model: String
  /// Everything that was chosen in it, defaults included.
  public var network: NetworkOptions
  /// Channels of the images.
  public var inputChannels: Int
  /// Classes, background included.
  public var classCount: Int
  /// How masks name classes, and the classes.
  public var options: SegmentationOptions
  /// How pixels become the network's input, with a mean and a deviation for each of the channels.
  public var normalization: Normalization
  /// What is known besides of a network for volumes, whose values ``normalization`` leaves as they are; `nil` for
  /// images.
  public var volumes: VolumeDescription?

  public init(
    model: String, network: NetworkOptions, inputChannels: Int, classCount: Int, options: SegmentationOptions,
    normalization: Normalization, volumes: VolumeDescription? = nil
  ) {
    self.model = model
    self.network = network
    self.inputChannels = inputChannels
    self.classCount = classCount
    self.options = options
    self.normalization = normalization
    self.volumes = volumes
  }

  /// A network without its weights.
  public func makeNetwork() throws -> any SegmentationModel {
    try Architecture.named(model, network).make(channels: inputChannels, classes: classCount, network)
  }

  /// The network of a run folder, or of a weights file that training wrote.
  ///
  /// - Parameter inferenceDepth: For U-Net++ with deep supervision, the depth whose head gives the logits, instead of
  ///   the one that the network was trained with.
  /// - Throws: ``MartletError`` when there is none, the file is damaged, or the network has no heads of other depths.
  public static func load(runOrWeights url: URL, inferenceDepth: Int? = nil) throws -> (
    network: any SegmentationModel, description: SegmentationModelDescription
  ) {
    try load(ModelFile(runOrWeights: url), inferenceDepth: inferenceDepth)
  }

  /// The network whose weights and description a file holds.
  ///
  /// - Throws: ``MartletError`` when the file is damaged or was not written by Martlet's training.
  public static func load(_ url: URL) throws -> (
    network: any SegmentationModel, description: SegmentationModelDescription
  ) {
    try load(ModelFile(url))
  }

  static func load(_ file: ModelFile, inferenceDepth: Int? = nil) throws -> (
    network: any SegmentationModel, description: SegmentationModelDescription
  ) {
    var description = try file.description(as: Self.self)
    if let inferenceDepth { description.network.inferenceDepth = inferenceDepth }
    let network = try withoutInitialValues { try description.makeNetwork() }
    try network.loadStateDict(loadSafetensors(file.url), source: file.url.path)
    return (network, description)
  }
}
