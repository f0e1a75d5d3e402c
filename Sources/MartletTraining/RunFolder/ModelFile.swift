import Foundation
import Martlet
import MartletInterchange

/// What has to be known to use a network's weights. It is kept in the weights' own file, so that the file is enough.
public protocol ModelDescription: Codable, Sendable {
  /// What kind of network it is of: part of the key that it is kept under.
  static var kind: RunKind { get }
}

extension ModelDescription {
  /// As it is kept in a safetensors file.
  public var metadata: [String: String] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    guard let data = try? encoder.encode(self) else { preconditionFailure("a description encodes as JSON") }
    return [ModelFile.key(of: Self.kind): String(decoding: data, as: UTF8.self), "format": "pt"]
  }
}

/// A weights file that training wrote.
public struct ModelFile: Sendable {
  let url: URL
  /// What it was asked for as: a run folder or the file.
  let place: URL
  private let metadata: [String: String]
  private let byteCount: Int

  /// What files are that are taken for a model, by extension, and who takes them.
  private static let others = [
    "yaml": "a configuration, which `martlet train` takes",
    "yml": "a configuration, which `martlet train` takes",
    "onnx": "an ONNX file, which `martlet import` and `martlet run` take",
  ]

  fileprivate static func key(of kind: RunKind) -> String { "martlet.\(kind.rawValue)" }

  /// The weights of a run folder, or a weights file.
  ///
  /// - Throws: ``MartletError`` when there are none, or what is there is no such file.
  public init(runOrWeights url: URL) throws {
    var isFolder: ObjCBool = false
    try require(
      FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder), "model",
      "expected a run folder or a weights file, got \(url.relativePath), which does not exist")
    if !isFolder.boolValue, let other = Self.others[url.pathExtension.lowercased()] {
      throw MartletError(
        "model", "expected a run folder or a weights file, got \(url.relativePath), \(other)")
    }
    let weights = isFolder.boolValue ? RunFolder(url).model : url
    try require(
      FileManager.default.fileExists(atPath: weights.path), "model",
      "\(url.relativePath) holds no \(weights.lastPathComponent): it is not a run, or no epoch of it has ended"
    )
    try self.init(weights, place: url)
  }

  init(_ url: URL) throws { try self.init(url, place: url) }

  private init(_ url: URL, place: URL) throws {
    self.url = url
    self.place = place
    try require(
      try !isPyTorchFile(url), "model",
      "expected a weights file that training wrote, got \(url.relativePath), PyTorch's, which does not say what network it "
        + "is of")
    // Whoever reads the weights has the checksum looked at.
    let file = try SafetensorsFile(contentsOf: url, checksum: .ignored)
    metadata = file.metadata
    byteCount = file.byteCount
  }

  /// Tells weights from others, by the checksum that the file carries.
  ///
  /// - Throws: ``MartletError`` when it carries none.
  var fingerprint: String {
    get throws {
      guard let checksum = metadata[SafetensorsFile.checksumKey] else {
        throw MartletError("model", "\(url.relativePath) carries no checksum to tell it from others by")
      }
      return "\(checksum) of \(byteCount) bytes"
    }
  }

  /// What kind of network the weights are of; `nil` when the file does not say.
  private var knownKind: RunKind? { RunKind.allCases.first { metadata[Self.key(of: $0)] != nil } }

  /// What kind of network the weights are of.
  ///
  /// - Throws: ``MartletError`` when the file does not say, because training did not write it.
  public var kind: RunKind {
    get throws {
      guard let knownKind else { throw unknown(RunKind.allCases) }
      return knownKind
    }
  }

  /// - Throws: ``MartletError`` when the file holds none, or one of another kind.
  func description<Description: ModelDescription>(
    as type: Description.Type = Description.self
  ) throws -> Description {
    let key = Self.key(of: type.kind)
    guard let text = metadata[key] else {
      guard let knownKind else { throw unknown([type.kind]) }
      throw MartletError(
        "model", "\(url.path): expected a network for \(type.kind), got one for \(knownKind)")
    }
    do {
      return try JSONDecoder().decode(type, from: Data(text.utf8))
    } catch {
      throw MartletError("model", "\(url.path): \(key) in its metadata cannot be read: \(error)")
    }
  }

  private func unknown(_ kinds: [RunKind]) -> MartletError {
    let keys = kinds.map(Self.key).joined(separator: " or ")
    return MartletError(
      "model", "\(url.path) does not say what network its weights are of (no \(keys) in its metadata)")
  }
}
