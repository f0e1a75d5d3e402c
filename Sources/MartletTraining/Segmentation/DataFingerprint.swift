import Foundation
import Martlet
import MartletData
import MartletFiles

/// What a training's data was: kept in checkpoints, so that a run does not go on with other data than it began with
/// and what it was trained on is never taken for validation.
struct DataFingerprint: Codable, Hashable, Sendable {
  /// An image and its mask, by file name, size in bytes and CRC-32C.
  struct Pair: Codable, Hashable, Sendable {
    var image: String
    var imageBytes: Int
    /// `nil` in files of earlier versions, as the mask's.
    var imageChecksum: UInt32?
    var mask: String
    var maskBytes: Int
    var maskChecksum: UInt32?
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
      if let change = change(
        (old.imageBytes, old.imageChecksum), (pair.imageBytes, pair.imageChecksum))
      {
        return "the \(part) image \(pair.image) \(change)"
      }
      if old.mask != pair.mask { return "the mask of \(pair.image) is \(pair.mask), it was \(old.mask)" }
      if let change = change((old.maskBytes, old.maskChecksum), (pair.maskBytes, pair.maskChecksum)) {
        return "the \(part) mask \(pair.mask) of \(pair.image) \(change)"
      }
    }
    return nil
  }

  private static func change(
    _ before: (bytes: Int, checksum: UInt32?), _ now: (bytes: Int, checksum: UInt32?)
  )
    -> String?
  {
    // A folder's own size says nothing of what it holds, so that checksums decide where both are known.
    let isSame =
      if let old = before.checksum, let new = now.checksum { old == new } else { before.bytes == now.bytes }
    if isSame { return nil }
    return before.bytes == now.bytes
      ? "holds something else than before" : "has \(now.bytes) bytes, it had \(before.bytes)"
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
    self.init(
      training: try Pair.pairs(training.sampleFiles), validation: try Pair.pairs(validation.sampleFiles),
      normalization: normalization)
  }

  /// Where the validation images are among others.
  ///
  /// - Parameter samples: What there is in a folder.
  /// - Throws: ``MartletError`` naming an image that is not among them, or is another one than it was, or its mask.
  func validationPositions(among samples: [SampleFiles], in folder: String) throws -> [Int] {
    let advice = "give images and masks to evaluate on with --images and --masks"
    let places = Dictionary(samples.enumerated().map { ($1.name, $0) }) { first, _ in first }
    let positions = try validation.map { pair in
      guard let position = places[pair.image] else {
        throw MartletError(
          "evaluate", "\(folder) no longer holds \(pair.image), which the run was validated on; \(advice)")
      }
      return position
    }
    // A file with the annotations of several images changes when others come to it.
    let uses = Dictionary(samples.map { ($0.mask, 1) }, uniquingKeysWith: +)
    let pairs = try Pair.pairs(positions.map { samples[$0] })
    for ((before, now), position) in zip(zip(validation, pairs), positions) {
      var known = now
      if uses[samples[position].mask] ?? 1 > 1 {
        (known.maskBytes, known.maskChecksum) = (before.maskBytes, before.maskChecksum)
      }
      if let change = Self.change("validation", [before], [known]) {
        throw MartletError("evaluate", "the data has changed since the run began: \(change); \(advice)")
      }
    }
    return positions
  }
}

extension DataFingerprint.Pair {
  /// What samples' files are.
  ///
  /// - Throws: ``MartletError`` naming a file that cannot be read.
  static func pairs(_ samples: [SampleFiles]) throws -> [Self] {
    let checksums = try ContentChecksums.of(samples.flatMap { [$0.image, $0.mask] })
    func byteCount(_ file: URL) throws -> Int {
      var status = stat()
      guard stat(file.path, &status) == 0 else {
        throw MartletError("dataset", "\(file.path): cannot be read: \(systemErrorText(errno))")
      }
      return Int(status.st_size)
    }
    return try samples.map {
      Self(
        image: $0.name, imageBytes: try byteCount($0.image), imageChecksum: checksums[$0.image],
        mask: $0.mask.lastPathComponent, maskBytes: try byteCount($0.mask), maskChecksum: checksums[$0.mask])
    }
  }
}

extension SegmentationConfiguration {
  /// The validation data that a run had, from where it was.
  ///
  /// - Parameter options: How the run read masks.
  /// - Throws: ``MartletError`` naming an image that is no longer there.
  func validationData(of run: DataFingerprint, options: SegmentationOptions) throws -> SegmentationDataset {
    let places = validationPlaces ?? trainingPlaces
    let data = try SegmentationDataset(
      images: places.images, masks: places.masks, format: format, options: options)
    return data.subset(
      try run.validationPositions(among: data.sampleFiles, in: places.images.relativePath))
  }
}
