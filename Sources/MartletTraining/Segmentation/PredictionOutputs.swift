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

  /// Checks that nothing would be written twice, over what is read, or over what is there unless that is wanted.
  ///
  /// - Parameters:
  ///   - paths: The files and folders that were given, in which the files are.
  ///   - model: The run folder or the weights file.
  /// - Throws: ``MartletError`` naming the files that are in each other's way.
  func check(_ files: [String], in paths: [String], model: URL) throws {
    var check = OutputCheck("predict", overwriting: request.overwrites)
    check.protect(model: model)
    // A mask among images would be taken for one of them the next time.
    for path in paths + files { check.protect(path) }
    try check.check(files.flatMap { file in all(of: file).map { ($0, file) } }, makingFolders: true)
  }

  private func stem(_ file: String) -> String {
    "\(folder)/\(URL(filePath: file).stem)"
  }
}
