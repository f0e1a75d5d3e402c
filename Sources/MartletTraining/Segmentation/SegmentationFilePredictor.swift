import Foundation
import Martlet
import MartletData

/// Reads images and writes their masks: what `martlet predict` does.
public final class SegmentationFilePredictor {
  private let predictor: SegmentationPredictor
  private let palette: ClassPalette
  private let outputs: PredictionOutputs

  /// - Parameters:
  ///   - model: A run folder or a weights file.
  ///   - files: The images that will be given to ``predict(_:)``.
  ///   - output: The folder for masks, made if it is missing.
  ///   - drawsOverlay: Whether to write each image with its mask drawn over it, too.
  /// - Throws: ``MartletError``, before anything is written, when a file would be written twice or over one that is
  ///   read, or the model cannot be read; also when the folder cannot be made.
  public init(
    _ model: URL, files: [String], output: String, drawsOverlay: Bool, numerics: Numerics = .current
  ) throws {
    outputs = try PredictionOutputs(folder: output, drawsOverlay: drawsOverlay)
    try outputs.check(files, inputs: files + [model.path])
    let (network, description) = try SegmentationModelDescription.load(runOrWeights: model)
    predictor = SegmentationPredictor(network: network, description: description, numerics: numerics)
    palette = ClassPalette(description.options.classes ?? [])
    try Folder.create(output)
  }

  /// Writes the mask of an image.
  ///
  /// - Returns: The mask's path.
  /// - Throws: ``MartletError`` naming the file that cannot be read or written; nothing is left half-written.
  public func predict(_ file: String) throws -> String {
    let image = try Image(contentsOf: file)
    let labels = try predictor.labels(of: image)
    let path = outputs.mask(of: file)
    try labels.image.write(to: path, as: .indexedPNG(palette: palette.colors))
    if let overlayPath = outputs.overlay(of: file) {
      let drawn = try overlay(image.convertedToRGB().convertedTo8Bits(), mask: labels.image, palette: palette)
      try drawn.write(to: overlayPath)
    }
    return path
  }
}
