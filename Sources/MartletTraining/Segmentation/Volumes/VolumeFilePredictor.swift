import Foundation
import Martlet
import MartletData
import MartletFiles

/// Reads volumes and writes their masks, as `.nii.gz` of bytes with the volumes' geometry.
public final class VolumeFilePredictor: FilePredictor {
  private let predictor: VolumePredictor
  private let volumes: VolumeDescription
  private let options: PredictionOptions
  private let outputs: PredictionOutputs
  private let report: (String) -> Void
  public let files: [String]

  /// - Parameters:
  ///   - model: A network for volumes.
  ///   - paths: The volumes that will be given to ``predict(_:)``, or folders of them.
  ///   - output: The folder for masks, made if it is missing.
  ///   - request: Overlap, blend and memory; all else is for images and refused.
  ///   - report: Called with what sets a volume apart from those that the network was trained on.
  /// - Throws: ``MartletError``, before anything is written, when the request cannot be meant, a file would be written
  ///   twice or over one that is read, or the model cannot be read; also when the folder cannot be made.
  public init(
    _ model: ModelFile, files paths: [String], output: String, _ request: SegmentationRequest,
    numerics: Numerics = .current, report: @escaping (String) -> Void = { _ in }
  ) throws {
    try request.check()
    if let name = request.namesForImages.first {
      throw MartletError(
        "predict",
        "expected no --\(name) for volumes, which are predicted in windows of the size that the network was trained on"
      )
    }
    options = request.options
    outputs = try PredictionOutputs(folder: output, request: request, maskExtension: ".nii.gz")
    files = try SampleFileKind.volume.files(at: paths)
    try outputs.check(files, in: paths, model: model.place)
    let (network, description) = try SegmentationModelDescription.load(model)
    self.report = report
    volumes = try description.volumeDescription()
    predictor = try VolumePredictor(
      network: network, description: description, numerics: numerics)
    try Folder.create(output)
  }

  public func predict(_ file: String) throws -> String {
    let header = try Volume.header(contentsOf: file)
    try require(
      header.channels == predictor.description.inputChannels, "predict",
      "\(file): expected \(counted(predictor.description.inputChannels, "channel")), got \(header.channels)")
    let byteCount = try predictor.byteCount(header, overlap: options.overlap)
    try require(
      byteCount <= options.memoryLimit, "predict",
      "\(file): \(header.size) voxels take \(byteText(byteCount)), more than the limit of "
        + "\(byteText(options.memoryLimit)): allow more")
    for note in volumes.notes(on: header.geometry) {
      report("\(file): \(note); voxels are taken as they are")
    }
    let volume = try Volume(contentsOf: file)
    let mask = outputs.mask(of: file)
    let writer = try NIfTIWriter(
      mask,
      NIfTIHeader(size: volume.size, sample: .uint8, geometry: volume.geometry, version: header.version))
    do {
      try predictor.predict(volume, overlap: options.overlap, blend: options.blend) { slice in
        do { try writer.append(slice.labels) } catch { throw WritingError(cause: error) }
      }
    } catch let error as WritingError {
      throw error.cause
    } catch let error as MartletError {
      throw error.naming(file)
    }
    try writer.commit()
    return mask
  }

  /// What went wrong with a mask, whose path it has, and not with its volume.
  private struct WritingError: Error {
    let cause: any Error
  }
}
