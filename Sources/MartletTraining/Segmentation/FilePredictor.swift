import Foundation
import Martlet
import MartletData

/// Reads files one by one and writes what a network makes of them.
public protocol FilePredictor {
  /// The files to predict, those of folders among them.
  var files: [String] { get }

  /// Writes what is asked for of a file.
  ///
  /// - Returns: The mask's path.
  /// - Throws: ``MartletError`` naming the file that cannot be read or written; nothing is left half-written.
  func predict(_ file: String) throws -> String

  /// What the network's precision does to its outputs for the first files; `nil` where that is float32, or is not
  /// measured.
  ///
  /// - Throws: ``MartletError`` naming the file that cannot be read.
  func precisionLoss() throws -> PrecisionLoss?
}

extension FilePredictor {
  /// Measures nothing.
  public func precisionLoss() throws -> PrecisionLoss? { nil }
}

/// What predicts the files of a network, images or volumes: what `martlet predict` does.
///
/// - Parameters:
///   - paths: Files, and folders whose files are meant.
///   - start: How a network for images is started.
/// - Throws: What ``SegmentationFilePredictor`` and ``VolumeFilePredictor`` do.
public func segmentationFilePredictor(
  _ model: ModelFile, files paths: [String], output: String, _ request: SegmentationRequest,
  numerics: Numerics = .current, start: PredictorStart = PredictorStart(),
  report: @escaping @Sendable (String) -> Void = { _ in }
) throws -> any FilePredictor {
  guard try model.description(as: SegmentationModelDescription.self).volumes != nil else {
    return try SegmentationFilePredictor(
      model, files: paths, output: output, request, numerics: numerics, start: start, report: report)
  }
  try require(
    start.packed == nil && start.tuning == nil, "predict",
    "expected neither --packed nor --tune, which are for images, for volumes")
  return try VolumeFilePredictor(
    model, files: paths, output: output, request, numerics: numerics, report: report)
}
