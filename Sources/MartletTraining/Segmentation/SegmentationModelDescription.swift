import Foundation
import Martlet
import MartletData
import MartletInterchange
import MartletModels

/// What has to be known to use a segmentation network's weights: its configuration, the classes, and how pixels become
/// its input. It is kept in the weights' own file, so that the file is enough.
public struct SegmentationModelDescription: Codable, Hashable, Sendable {
  /// The architecture's name on the command line.
  public var model: String
  public var unet: UNet.Configuration
  /// How masks name classes, and the classes.
  public var options: SegmentationOptions
  public var normalization: Normalization

  public init(
    model: String, unet: UNet.Configuration, options: SegmentationOptions, normalization: Normalization
  ) {
    self.model = model
    self.unet = unet
    self.options = options
    self.normalization = normalization
  }

  private static let key = "martlet.segmentation"

  /// As it is kept in a safetensors file.
  public var metadata: [String: String] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    guard let data = try? encoder.encode(self) else { preconditionFailure("a description encodes as JSON") }
    return [Self.key: String(decoding: data, as: UTF8.self), "format": "pt"]
  }

  /// A network without its weights.
  public func makeNetwork() throws -> any SegmentationModel {
    switch model {
    case "unet": return try UNet(unet)
    default: throw MartletError("model", "expected unet, got \(model)")
    }
  }

  /// The network of a run folder, or of a weights file that training wrote.
  public static func load(runOrWeights url: URL) throws -> (
    network: any SegmentationModel, description: SegmentationModelDescription
  ) {
    var isFolder: ObjCBool = false
    try require(
      FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder), "model",
      "expected a run folder or a weights file, got \(url.relativePath), which does not exist")
    let weights = isFolder.boolValue ? RunFolder(url).model : url
    try require(
      FileManager.default.fileExists(atPath: weights.path), "model",
      "\(url.relativePath) holds no \(weights.lastPathComponent): it is not a run, or no epoch of it has ended")
    return try load(weights)
  }

  /// The network whose weights and description a file holds.
  ///
  /// - Throws: ``MartletError`` when the file is damaged or was not written by Martlet's training.
  public static func load(_ url: URL) throws -> (
    network: any SegmentationModel, description: SegmentationModelDescription
  ) {
    let file = try SafetensorsFile(contentsOf: url)
    guard let text = file.metadata[key] else {
      throw MartletError("model", "\(url.path) does not say what network its weights are of (no \(key) in its metadata)")
    }
    let description: SegmentationModelDescription
    do {
      description = try JSONDecoder().decode(Self.self, from: Data(text.utf8))
    } catch {
      throw MartletError("model", "\(url.path): \(key) in its metadata cannot be read: \(error)")
    }
    let network = try description.makeNetwork()
    try network.loadStateDict(loadSafetensors(url), source: url.path)
    return (network, description)
  }
}
