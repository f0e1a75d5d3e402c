import Foundation
import Martlet
import MartletData

/// Reads images and writes their masks: what `martlet predict` does.
public final class SegmentationFilePredictor {
  private let predictor: SegmentationPredictor
  private let palette: ClassPalette
  private let output: String
  private let drawsOverlay: Bool

  /// - Parameters:
  ///   - model: A run folder or a weights file.
  ///   - output: The folder for masks, made if it is missing.
  /// - Throws: ``MartletError`` when the model cannot be read or the folder not made.
  public init(
    _ model: URL, output: String, drawsOverlay: Bool, numerics: Numerics = .current
  ) throws {
    let (network, description) = try SegmentationModelDescription.load(runOrWeights: model)
    predictor = SegmentationPredictor(network: network, description: description, numerics: numerics)
    palette = ClassPalette(description.options.classes ?? [])
    self.output = output
    self.drawsOverlay = drawsOverlay
    try Folder.create(output)
  }

  /// Checks that no two files would be written under one name.
  public func check(_ files: [String]) throws {
    var seen: [String: String] = [:]
    for file in files {
      let mask = maskPath(file)
      if let other = seen.updateValue(file, forKey: mask) {
        throw MartletError("predict", "\(other) and \(file) would both be written to \(mask)")
      }
    }
  }

  /// Writes the mask of an image.
  ///
  /// - Returns: The mask's path.
  /// - Throws: ``MartletError`` naming the file that cannot be read or written; nothing is left half-written.
  public func predict(_ file: String) throws -> String {
    let image = try Image(contentsOf: file)
    let labels = try predictor.labels(of: image)
    let path = maskPath(file)
    try require(
      URL(filePath: path).resolvingSymlinksInPath() != URL(filePath: file).resolvingSymlinksInPath(),
      "predict",
      "expected another folder for masks, got the one that \(file) is in, which its mask would replace")
    try labels.image.write(to: path, as: .indexedPNG(palette: palette.colors))
    if drawsOverlay {
      let drawn = try overlay(image.convertedToRGB().convertedTo8Bits(), mask: labels.image, palette: palette)
      try drawn.write(to: stem(file) + "_overlay.png")
    }
    return path
  }

  private func maskPath(_ file: String) -> String { stem(file) + ".png" }

  private func stem(_ file: String) -> String {
    "\(output)/\(URL(filePath: file).deletingPathExtension().lastPathComponent)"
  }
}
