import Foundation
import Martlet
import Yams

/// Reads and writes a run's configuration as YAML.
public enum ConfigurationFile {
  /// - Throws: ``MartletError`` naming the file and, for a key that does not exist, the line and the nearest one that does.
  public static func read(_ url: URL) throws -> SegmentationConfiguration {
    let text: String
    do {
      text = try String(contentsOf: url, encoding: .utf8)
    } catch {
      throw MartletError("configuration", "cannot read \(url.path): \(error.localizedDescription)")
    }
    return try parse(text, source: url.path)
  }

  static func parse(_ text: String, source: String) throws -> SegmentationConfiguration {
    var parsed: Node?
    do {
      guard let root = try Yams.compose(yaml: text) else { return SegmentationConfiguration() }
      parsed = root
      guard root.mapping != nil else {
        throw MartletError("configuration", "\(source): expected `key: value` lines")
      }
      let known = try Yams.compose(yaml: YAMLEncoder().encode(SegmentationConfiguration.complete))
      guard let known else { preconditionFailure("a configuration encodes as a mapping") }
      try checkKeys(of: root, against: known, source: source)
      return try YAMLDecoder().decode(SegmentationConfiguration.self, from: root)
    } catch let error as MartletError {
      throw error
    } catch let error as DecodingError {
      throw MartletError("configuration", "\(source)\(describe(error, in: parsed))")
    } catch let error as YamlError {
      throw MartletError("configuration", "\(source): \(error)")
    }
  }

  static func write(_ configuration: SegmentationConfiguration) throws -> String {
    let encoder = YAMLEncoder()
    encoder.options.sortKeys = false
    return try encoder.encode(configuration)
  }

  private static func checkKeys(of node: Node, against known: Node, source: String) throws {
    guard let mapping = node.mapping, let knownMapping = known.mapping else { return }
    let names = knownMapping.keys.compactMap(\.string)
    for (key, value) in mapping {
      guard let name = key.string, let knownValue = knownMapping[key] else {
        let name = key.string ?? "?"
        let line = key.mark.map { ":\($0.line)" } ?? ""
        let hint =
          nearestName(to: name, in: names).map { "did you mean \($0)?" }
          ?? "known keys are \(names.joined(separator: ", "))"
        throw MartletError("configuration", "\(source)\(line): unknown key \(name); \(hint)")
      }
      _ = name
      try checkKeys(of: value, against: knownValue, source: source)
    }
  }

  /// What is wrong with a value: the line, the key, what it can be and what it is.
  private static func describe(_ error: DecodingError, in root: Node?) -> String {
    func place(_ context: DecodingError.Context) -> (name: String, value: String) {
      var node = root
      for key in context.codingPath {
        node =
          key.intValue.flatMap { index in node?.sequence.flatMap { index < $0.count ? $0[index] : nil } }
          ?? node?.mapping?.first { $0.key.string == key.stringValue }?.value
      }
      let line = node?.mark.map { ":\($0.line)" } ?? ""
      let path = context.codingPath.map(\.stringValue).joined(separator: ".")
      return ("\(line): \(path)", node?.scalar.map { ", got \($0.string)" } ?? "")
    }
    switch error {
    case .typeMismatch(let type, let context):
      let (name, value) = place(context)
      return "\(name): expected \(words(for: type))\(value)"
    case .valueNotFound(let type, let context):
      return "\(place(context).name): expected \(words(for: type)), got nothing"
    case .keyNotFound(let key, let context): return "\(place(context).name): misses \(key.stringValue)"
    case .dataCorrupted(let context):
      let (name, value) = place(context)
      return "\(name): \(context.debugDescription)\(value)"
    @unknown default: return ": \(error)"
    }
  }

  private static func words(for type: Any.Type) -> String {
    switch type {
    case is any UnsignedInteger.Type: "a whole number of 0 or more"
    case is any BinaryInteger.Type: "a whole number"
    case is any BinaryFloatingPoint.Type: "a number"
    case is Bool.Type: "true or false"
    case is String.Type: "text"
    case is any Sequence.Type: "a list"
    default: "another value"
    }
  }
}
