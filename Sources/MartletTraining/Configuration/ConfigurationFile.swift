import Foundation
import Martlet
import MartletFiles
import Yams

/// Reads and writes a run's configuration as YAML.
public enum ConfigurationFile {
  /// What kind of run a file is for. Files that do not say are for segmentation.
  ///
  /// - Throws: ``MartletError`` naming the file and the line.
  public static func kind(of url: URL) throws -> RunKind {
    let root = try root(of: text(of: url), source: url.path)
    guard let value = root?.mapping?[taskKey] else { return .segmentation }
    guard let kind = value.scalar.flatMap({ RunKind(rawValue: $0.string) }) else {
      let kinds = RunKind.allCases.map(\.rawValue).joined(separator: " or ")
      let line = value.mark.map { ":\($0.line)" } ?? ""
      throw MartletError(
        "configuration",
        "\(url.path)\(line): \(taskKey): expected \(kinds), got \(value.scalar?.string ?? "another value")")
    }
    return kind
  }

  /// - Throws: ``MartletError`` naming the file and, for a key that does not exist, the line and the nearest one that does.
  public static func read<Configuration: RunConfiguration>(
    _ url: URL, as type: Configuration.Type = Configuration.self
  ) throws -> Configuration {
    try parse(text(of: url), as: type, source: url.path)
  }

  private static func text(of url: URL) throws -> String {
    try ReadableFile.text(url.path, operation: "configuration", limit: 1 << 24)
  }

  /// What a text holds; `nil` when it is empty.
  private static func root(of text: String, source: String) throws -> Node? {
    do {
      guard let root = try Yams.compose(yaml: text) else { return nil }
      try require(root.mapping != nil, "configuration", "\(source): expected `key: value` lines")
      return root
    } catch let error as YamlError {
      throw MartletError("configuration", "\(source): \(error)")
    }
  }

  static func parse<Configuration: RunConfiguration>(
    _ text: String, as type: Configuration.Type, source: String
  ) throws -> Configuration {
    var configuration = Configuration()
    try apply(text, to: &configuration, source: source)
    return configuration
  }

  /// Takes the values of the keys that a text has, and leaves the others as they are.
  static func apply<Configuration: RunConfiguration>(
    _ text: String, to configuration: inout Configuration, source: String
  ) throws {
    guard let root = try root(of: text, source: source) else { return }
    do {
      let names = [taskKey] + Configuration.keys.map(\.name)
      let nested = try Yams.compose(yaml: String(decoding: json(Configuration.complete), as: UTF8.self))
      try checkKeys(of: root, names, nested?.mapping, source: source)
      try configuration.read(from: YAMLDecoder().decode(Values.self, from: root).decoder)
    } catch let error as DecodingError {
      throw MartletError("configuration", "\(source)\(describe(error, in: root))")
    } catch let error as YamlError {
      throw MartletError("configuration", "\(source): \(error)")
    }
  }

  /// The values of a file, before it is said what they are for.
  private struct Values: Decodable {
    let decoder: any Decoder

    init(from decoder: any Decoder) { self.decoder = decoder }
  }

  static func write(_ configuration: some RunConfiguration) throws -> String {
    guard let node = try node(configuration) else { return "" }
    return try Yams.serialize(node: node)
  }

  private static func node(_ configuration: some RunConfiguration) throws -> Node? {
    let encoder = YAMLEncoder()
    encoder.options.sortKeys = false
    let values = try JSONDecoder().decode(Numbers.self, from: json(configuration))
    return try Yams.compose(yaml: encoder.encode(configuration)).map { exact($0, values) }
  }

  /// The configuration as JSON, which is YAML too, in any order; numbers have all their digits.
  private static func json(_ configuration: some RunConfiguration) throws -> Data {
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: ".inf", negativeInfinity: "-.inf", nan: ".nan")
    return try encoder.encode(configuration)
  }

  /// The same with numbers as people write them, and with all their digits: the encoder writes 0.2 as 2e-1, and of long
  /// ones fifteen digits.
  ///
  /// - Parameter numbers: Those of the node.
  private static func exact(_ node: Node, _ numbers: Numbers) -> Node {
    switch (node, numbers) {
    case (.scalar(var scalar), _):
      if node.tag == Tag(.float) {
        let number: Double? = if case .number(let number) = numbers { number } else { Double(scalar.string) }
        if let number { scalar.string = "\(number)" }
      }
      return .scalar(scalar)
    case (.mapping(let mapping), _):
      var values: [String: Numbers] = [:]
      if case .table(let table) = numbers { values = table }
      return Node(
        mapping.map { key, node in (key, exact(node, key.string.flatMap { values[$0] } ?? .none)) },
        mapping.tag, mapping.style)
    case (.sequence(let sequence), .list(let list)) where list.count == sequence.count:
      return Node(zip(sequence, list).map { exact($0, $1) }, sequence.tag, sequence.style)
    case (.sequence, _), (.alias, _): return node
    }
  }

  /// The numbers in a configuration, at their places.
  private indirect enum Numbers: Decodable {
    case number(Double)
    case list([Numbers])
    case table([String: Numbers])
    case none

    init(from decoder: any Decoder) throws {
      if let table = try? [String: Numbers](from: decoder) {
        self = .table(table)
      } else if let list = try? [Numbers](from: decoder) {
        self = .list(list)
      } else if let number = try? decoder.singleValueContainer().decode(Double.self) {
        self = .number(number)
      } else {
        self = .none
      }
    }
  }

  /// The keys of a configuration with their values as text, in order.
  static func settings(_ configuration: some RunConfiguration) throws -> [(key: String, value: String)] {
    try (node(configuration)?.mapping ?? [:]).compactMap { key, value in
      guard let key = key.string else { return nil }
      // A list of numbers or names is read best in a line.
      let list = value.sequence.map { $0.compactMap(\.scalar?.string) }
      let table = try value.mapping.map { $0.isEmpty ? "" : try Yams.serialize(node: value) }
      let text =
        try value.scalar?.string ?? list?.joined(separator: ", ") ?? table ?? Yams.serialize(node: value)
      return (key, text.trimmingCharacters(in: .whitespacesAndNewlines))
    }
  }

  /// The kind of run whose files have a key.
  private static func kind(with key: String) -> RunKind? {
    let keys: [(RunKind, [String])] = [
      (.segmentation, SegmentationConfiguration.keys.map(\.name)),
      (.recommendation, RecommendationConfiguration.keys.map(\.name)),
    ]
    return keys.first { $0.1.contains(key) }?.0
  }

  /// - Parameters:
  ///   - names: The keys that there are.
  ///   - complete: A mapping that holds, under its keys, the mappings that there can be; one that is empty there has
  ///     keys of its user's.
  private static func checkKeys(
    of node: Node, _ names: [String], _ complete: Node.Mapping?, source: String
  ) throws {
    guard let mapping = node.mapping else { return }
    for (key, value) in mapping {
      guard let name = key.string, names.contains(name) else {
        let name = key.string ?? "?"
        let line = key.mark.map { ":\($0.line)" } ?? ""
        let hint =
          nearestName(to: name, in: names).map { "did you mean \($0)?" }
          ?? kind(with: name).map { "it is a key of files with `\(taskKey): \($0)`" }
          ?? known(names, nearestTo: name)
        throw MartletError("configuration", "\(source)\(line): unknown key \(name); \(hint)")
      }
      guard let known = complete?[key]?.mapping, !known.isEmpty else { continue }
      try checkKeys(of: value, known.keys.compactMap(\.string), known, source: source)
    }
  }

  /// The known names, or those of many that are nearest to one.
  private static func known(_ names: [String], nearestTo name: String) -> String {
    let shown = 10
    if names.count <= shown { return "known keys are \(names.joined(separator: ", "))" }
    let nearest = nearestNames(to: name, in: names, count: shown)
    return "of \(names.count) known keys the nearest are \(nearest.joined(separator: ", "))"
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
      let path = context.codingPath.reduce("") { path, key in
        key.intValue.map { "\(path)[\($0)]" } ?? (path.isEmpty ? "" : path + ".") + key.stringValue
      }
      let value =
        switch node {
        case .scalar(let scalar)?: ", got \(scalar.string)"
        case .mapping?: ", got a mapping"
        case .sequence?: ", got a list"
        case .alias?, nil: ""
        }
      return ("\(line): \(path)", value)
    }
    switch error {
    case .typeMismatch(let type, let context):
      let (name, value) = place(context)
      return "\(name): expected \(decodedKind(type, object: "a mapping"))\(value)"
    case .valueNotFound(let type, let context):
      return "\(place(context).name): expected \(decodedKind(type, object: "a mapping")), got nothing"
    case .keyNotFound(let key, let context): return "\(place(context).name): misses \(key.stringValue)"
    case .dataCorrupted(let context):
      let (name, value) = place(context)
      return "\(name): \(context.debugDescription)\(value)"
    @unknown default: return ": \(error)"
    }
  }
}
