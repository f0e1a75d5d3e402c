import Foundation
import Martlet

/// What a checkpoint says of the configuration of its run, so that a run does not go on as another one.
extension RunConfiguration {
  /// The configuration without what may differ between two runs that end with the same bytes: where files are.
  private var withoutPlaces: Self {
    var copy = self
    copy.changePaths { _ in "" }
    return copy
  }

  /// Text that is the same for two runs that are decided by the same.
  var record: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    guard let data = try? encoder.encode(withoutPlaces) else {
      preconditionFailure("a configuration encodes as JSON")
    }
    return String(decoding: data, as: UTF8.self)
  }

  /// Reads a ``record``.
  private init(record: String) throws {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do {
      self = try decoder.decode(Self.self, from: Data(record.utf8))
    } catch {
      throw MartletError("checkpoint", "what it says of the run's configuration cannot be read")
    }
  }

  /// Checks that a run is decided by the same as before.
  ///
  /// - Parameters:
  ///   - earlier: The ``record`` of the run's beginning.
  ///   - file: Where the configuration is.
  /// - Throws: ``MartletError`` naming the keys that have changed.
  func check(since earlier: String, in file: URL) throws {
    let (before, now) = (try Self(record: earlier), withoutPlaces)
    let changed = now.differences(from: before)
    guard !changed.isEmpty else { return }
    func values(_ configuration: Self) throws -> [String: String] {
      try Dictionary(ConfigurationFile.settings(configuration).map { ($0.key, $0.value) }) { $1 }
    }
    let (old, new) = (try values(before), try values(now))
    let list = changed.map { "\($0) is \(new[$0] ?? "not given") and was \(old[$0] ?? "not given")" }
    throw MartletError(
      "resume",
      "\(file.relativePath) has changed since the run began: \(list.joined(separator: ", ")). A run goes on as it "
        + "began; to train its network in another way begin a new run with its weights")
  }
}
