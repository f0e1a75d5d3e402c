import Foundation
import Martlet
import MartletData
import MartletFiles

/// What a training's data was: kept in checkpoints, so that a run does not go on with other data than it began with
/// and what it was trained on is never taken for validation.
struct DataFingerprint: Codable, Hashable, Sendable {
  /// An image and its mask, by file name and size in bytes.
  struct Pair: Codable, Hashable, Sendable {
    var image: String
    var imageBytes: Int
    var mask: String
    var maskBytes: Int
  }

  var training: [Pair]
  var validation: [Pair]
  var normalization: Normalization
  /// For volumes.
  var volumes: VolumeNormalization?

  var text: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    guard let data = try? encoder.encode(self) else { preconditionFailure("a fingerprint encodes as JSON") }
    return String(decoding: data, as: UTF8.self)
  }

  /// An example of how the data has changed since; `nil` when it has not.
  func change(to now: DataFingerprint) -> String? {
    Self.change("training", training, now.training) ?? Self.change("validation", validation, now.validation)
      ?? (normalization == now.normalization && volumes == now.volumes
        ? nil : "pixels have another mean or deviation than before")
  }

  private static func change(_ part: String, _ before: [Pair], _ after: [Pair]) -> String? {
    let earlier = Dictionary(before.map { ($0.image, $0) }) { first, _ in first }
    let names = Set(after.map(\.image))
    if let lost = before.first(where: { !names.contains($0.image) }) {
      return "\(lost.image) is no longer among the \(part) images"
    }
    for pair in after {
      guard let old = earlier[pair.image] else { return "\(pair.image) has come to the \(part) images" }
      if old.imageBytes != pair.imageBytes {
        return "the \(part) image \(pair.image) has \(pair.imageBytes) bytes, it had \(old.imageBytes)"
      }
      if old.mask != pair.mask { return "the mask of \(pair.image) is \(pair.mask), it was \(old.mask)" }
      if old.maskBytes != pair.maskBytes {
        return "the \(part) mask \(pair.mask) has \(pair.maskBytes) bytes, it had \(old.maskBytes)"
      }
    }
    return nil
  }
}

extension DataFingerprint {
  /// Reads what ``text`` gave.
  init(text: String) throws {
    do {
      self = try JSONDecoder().decode(Self.self, from: Data(text.utf8))
    } catch {
      throw MartletError("checkpoint", "its list of the training's files cannot be read")
    }
  }

  /// - Throws: ``MartletError`` naming a file that has gone since the data was checked.
  init(
    training: SegmentationDataset, validation: SegmentationDataset, normalization: Normalization
  ) throws {
    func pairs(_ data: SegmentationDataset) throws -> [Pair] {
      try data.samples.map { try Pair(image: $0.image, mask: $0.mask, name: $0.fileName) }
    }
    self.init(
      training: try pairs(training), validation: try pairs(validation), normalization: normalization)
  }

  /// Where the validation images are among others.
  ///
  /// - Parameter names: The file names that there are in a folder.
  /// - Throws: ``MartletError`` naming an image that is not among them.
  func validationPositions(among names: [String], in folder: String) throws -> [Int] {
    let positions = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
    return try validation.map { pair in
      guard let position = positions[pair.image] else {
        throw MartletError(
          "evaluate",
          "\(folder) no longer holds \(pair.image), which the run was validated on; "
            + "give images and masks to evaluate on with --images and --masks")
      }
      return position
    }
  }
}

extension DataFingerprint.Pair {
  init(image: URL, mask: URL, name: String) throws {
    func byteCount(_ file: URL) throws -> Int {
      var status = stat()
      guard stat(file.path, &status) == 0 else {
        throw MartletError("dataset", "\(file.path): cannot be read: \(systemErrorText(errno))")
      }
      return Int(status.st_size)
    }
    self.init(
      image: name, imageBytes: try byteCount(image), mask: mask.lastPathComponent,
      maskBytes: try byteCount(mask))
  }
}

extension SegmentationConfiguration {
  /// The validation data that a run had, from where it was.
  ///
  /// - Parameter options: How the run read masks.
  /// - Throws: ``MartletError`` naming an image that is no longer there.
  func validationData(of run: DataFingerprint, options: SegmentationOptions) throws -> SegmentationDataset {
    let folder = validationImages ?? images
    let data = try SegmentationDataset(
      images: URL(filePath: folder), masks: URL(filePath: validationMasks ?? maskPlace),
      format: format, options: options)
    return data.subset(try run.validationPositions(among: data.samples.map(\.fileName), in: folder))
  }
}
