import Foundation
import Martlet
import MartletData

/// The names that prediction writes under.
struct PredictionOutputs {
  let folder: String
  let drawsOverlay: Bool

  /// - Throws: ``MartletError`` when the folder has no name.
  init(folder: String, drawsOverlay: Bool) throws {
    try Folder.checkName(folder, "predict")
    self.folder = folder
    self.drawsOverlay = drawsOverlay
  }

  func mask(of file: String) -> String { stem(file) + ".png" }

  /// `nil` when none is wanted.
  func overlay(of file: String) -> String? { drawsOverlay ? stem(file) + "_overlay.png" : nil }

  /// Checks that nothing would be written twice or over an input.
  ///
  /// - Parameter inputs: All files that are read.
  /// - Throws: ``MartletError`` naming the files that are in each other's way.
  func check(_ files: [String], inputs: [String]) throws {
    let inputByPlace = Dictionary(inputs.map { (FilePlace.of($0), $0) }) { first, _ in first }
    var sourceByPlace: [String: String] = [:]
    for file in files {
      for path in [mask(of: file), overlay(of: file)].compactMap({ $0 }) {
        let place = FilePlace.of(path)
        if let input = inputByPlace[place] {
          throw MartletError(
            "predict",
            "expected another folder for masks, got one in which \(path), made of \(file), would replace \(input)"
          )
        }
        if let other = sourceByPlace.updateValue(file, forKey: place) {
          throw MartletError("predict", "\(other) and \(file) would both be written to \(path)")
        }
      }
    }
  }

  private func stem(_ file: String) -> String {
    "\(folder)/\(URL(filePath: file).deletingPathExtension().lastPathComponent)"
  }
}
