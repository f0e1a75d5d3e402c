import Foundation
import Martlet
import MartletData
import MartletFiles

/// The names that prediction writes under.
struct PredictionOutputs {
  let folder: String
  let request: SegmentationRequest
  private let maskExtension: String

  /// - Throws: ``MartletError`` when the folder has no name.
  init(folder: String, request: SegmentationRequest, maskExtension: String = ".png") throws {
    try Folder.checkName(folder, "predict")
    self.maskExtension = maskExtension
    self.folder = folder
    self.request = request
  }

  func mask(of file: String) -> String { stem(file) + maskExtension }
  func overlay(of file: String) -> String { stem(file) + "_overlay.png" }
  func probabilities(of file: String) -> String { stem(file) + "_probabilities.tif" }
  func outlines(of file: String) -> String { stem(file) + ".geojson" }

  /// - Parameter isLarge: Whether there are more objects than a PNG can number.
  func instances(of file: String, isLarge: Bool) -> String {
    stem(file) + (isLarge ? "_instances.tif" : "_instances.png")
  }

  /// Everything that may be written for an image.
  func all(of file: String) -> [String] {
    var paths = [mask(of: file)]
    if request.drawsOverlay { paths.append(overlay(of: file)) }
    if request.probabilities != nil { paths.append(probabilities(of: file)) }
    if request.writesInstances {
      paths += [instances(of: file, isLarge: false), instances(of: file, isLarge: true)]
    }
    if request.writesOutlines { paths.append(outlines(of: file)) }
    return paths
  }

  /// Checks that nothing would be written twice or over an input.
  ///
  /// - Parameter inputs: All files that are read.
  /// - Throws: ``MartletError`` naming the files that are in each other's way.
  func check(_ files: [String], inputs: [String]) throws {
    let inputByPlace = Dictionary(inputs.map { (FilePlace.of($0), $0) }) { first, _ in first }
    var sourceByPlace: [String: String] = [:]
    for file in files {
      for path in all(of: file) {
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
    "\(folder)/\(URL(filePath: file).stem)"
  }
}
