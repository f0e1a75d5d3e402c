/// One key of a configuration: its name in files and, behind two dashes, on the command line, and the property that it
/// stands for.
public struct ConfigurationKey<Root: Sendable>: Sendable {
  public let name: String
  let read: @Sendable (KeyedDecodingContainer<ConfigurationName>, inout Root) throws -> Void
  let write: @Sendable (Root, inout KeyedEncodingContainer<ConfigurationName>) throws -> Void
  let isEqual: @Sendable (Root, Root) -> Bool

  private init(
    name: String,
    read: @escaping @Sendable (KeyedDecodingContainer<ConfigurationName>, inout Root) throws -> Void,
    write: @escaping @Sendable (Root, inout KeyedEncodingContainer<ConfigurationName>) throws -> Void,
    isEqual: @escaping @Sendable (Root, Root) -> Bool
  ) {
    self.name = name
    self.read = read
    self.write = write
    self.isEqual = isEqual
  }

  private init<Value: Equatable & Sendable>(
    _ name: String, _ property: WritableKeyPath<Root, Value> & Sendable,
    decode:
      @escaping @Sendable (KeyedDecodingContainer<ConfigurationName>, ConfigurationName) throws -> Value?,
    encode:
      @escaping @Sendable (Value, inout KeyedEncodingContainer<ConfigurationName>, ConfigurationName) throws
      ->
      Void
  ) {
    let key = ConfigurationName(name)
    self.init(
      name: name,
      read: { values, root in
        if let value = try decode(values, key) { root[keyPath: property] = value }
      },
      write: { root, values in try encode(root[keyPath: property], &values, key) },
      isEqual: { $0[keyPath: property] == $1[keyPath: property] })
  }

  /// A key whose property keeps its default where a file does not have the key.
  public init<Value: Codable & Equatable & Sendable>(
    _ name: String, _ property: WritableKeyPath<Root, Value> & Sendable
  ) {
    self.init(
      name, property, decode: { try $0.value(Value.self, $1) }, encode: { try $1.encode($0, forKey: $2) })
  }

  /// A key that is left out of files where its property has no value.
  public init<Value: Codable & Equatable & Sendable>(
    _ name: String, optional property: WritableKeyPath<Root, Value?> & Sendable
  ) {
    self.init(
      name, property,
      decode: { $0.contains($1) ? .some(try $0.value(Value.self, $1)) : nil },
      encode: { try $1.encodeIfPresent($0, forKey: $2) })
  }

  /// The key for a configuration that holds this one's as a part.
  func within<Outer>(_ part: WritableKeyPath<Outer, Root> & Sendable) -> ConfigurationKey<Outer> {
    ConfigurationKey<Outer>(
      name: name,
      read: { try read($0, &$1[keyPath: part]) },
      write: { try write($0[keyPath: part], &$1) },
      isEqual: { isEqual($0[keyPath: part], $1[keyPath: part]) })
  }
}

/// A name that is only known when the program runs.
struct ConfigurationName: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(_ name: String) { stringValue = name }
  init?(stringValue: String) { self.init(stringValue) }
  init?(intValue: Int) { nil }
}

extension KeyedDecodingContainer<ConfigurationName> {
  /// The value of a key; where it is not one of a few names, the error says which there are.
  fileprivate func value<Value: Decodable>(_ type: Value.Type, _ key: ConfigurationName) throws -> Value? {
    do {
      return try decodeIfPresent(type, forKey: key)
    } catch DecodingError.dataCorrupted(let context) {
      guard let choices = type as? any (CaseIterable & RawRepresentable<String>).Type else {
        throw DecodingError.dataCorrupted(context)
      }
      throw DecodingError.dataCorrupted(
        .init(codingPath: context.codingPath, debugDescription: "expected \(names(of: choices))"))
    }
  }
}

private func names<Choice: CaseIterable & RawRepresentable<String>>(of type: Choice.Type) -> String {
  type.allCases.map(\.rawValue).joined(separator: ", ")
}
