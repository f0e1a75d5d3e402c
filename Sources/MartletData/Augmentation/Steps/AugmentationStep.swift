import Martlet

/// One random change of training samples, with its strength and how often it is made.
///
/// A step lists its parameters once; reading, writing and checking follow from the list. A parameter that a file
/// leaves out keeps its default.
public protocol AugmentationStep: Hashable, Sendable, Codable {
  /// The step with every parameter at its default.
  static var defaults: Self { get }
  /// Everything that is read, written and checked of a step, in the order in which it is listed and checked.
  static var parameters: [AugmentationParameter<Self>] { get }

  /// How often the step is made, 0 to 1.
  var probability: Double { get set }

  /// What of the parameters' relation to each other cannot be meant; `nil` where nothing is wrong.
  var contradiction: String? { get }
}

extension AugmentationStep {
  public var contradiction: String? { nil }

  /// Reads the parameters by their names. Those that are missing keep their defaults, other names are passed over, and
  /// what values can be is left to ``AugmentationPipeline/check()``.
  ///
  /// - Throws: `DecodingError` for a value of another type, or a choice that there is not.
  public init(from decoder: any Decoder) throws {
    self = Self.defaults
    let values = try decoder.container(keyedBy: AugmentationKey.self)
    for parameter in Self.parameters { try parameter.read(values, &self) }
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: AugmentationKey.self)
    for parameter in Self.parameters { try parameter.write(self, &values) }
  }

  /// What is wrong with the parameters, each with its name, what it can be and what it is; `nil` where nothing is.
  var problem: String? {
    for parameter in Self.parameters {
      if let problem = parameter.problem(self) { return ".\(parameter.name): \(problem)" }
    }
    return contradiction.map { ": \($0)" }
  }
}

/// A parameter of a step: its name in files, its property, and what it can be.
public struct AugmentationParameter<Step: Sendable>: Sendable {
  let name: String
  let read: @Sendable (KeyedDecodingContainer<AugmentationKey>, inout Step) throws -> Void
  let write: @Sendable (Step, inout KeyedEncodingContainer<AugmentationKey>) throws -> Void
  /// What was expected and what came, unless the value can be meant.
  let problem: @Sendable (Step) -> String?
  /// The value, as it is written in a file.
  let text: @Sendable (Step) -> String
  /// What it can be.
  let expected: String

  /// A parameter with a test of its value.
  public init<Value: Codable & Sendable>(
    _ name: String, _ property: WritableKeyPath<Step, Value> & Sendable, expected: String,
    _ isPossible: @escaping @Sendable (Value) -> Bool
  ) {
    let key = AugmentationKey(name)
    self.name = name
    self.expected = expected
    text = { "\($0[keyPath: property])" }
    read = { values, step in
      if let value = try values.decodeIfPresent(Value.self, forKey: key) { step[keyPath: property] = value }
    }
    write = { try $1.encode($0[keyPath: property], forKey: key) }
    problem = { step in
      let value = step[keyPath: property]
      return isPossible(value) ? nil : "expected \(expected), got \(value)"
    }
  }

  /// A number in a range.
  public init<Value: Codable & Sendable & Comparable>(
    _ name: String, _ property: WritableKeyPath<Step, Value> & Sendable, _ range: ClosedRange<Value>
  ) {
    self.init(name, property, expected: "\(range.lowerBound) to \(range.upperBound)") { range.contains($0) }
  }

  /// One of a few names.
  public init<Value: RawRepresentable & CaseIterable & Sendable>(
    _ name: String, choice property: WritableKeyPath<Step, Value> & Sendable
  ) where Value.RawValue == String {
    let key = AugmentationKey(name)
    self.name = name
    expected = Value.allCases.map(\.rawValue).joined(separator: " or ")
    text = { $0[keyPath: property].rawValue }
    read = { values, step in
      guard let text = try values.decodeIfPresent(String.self, forKey: key) else { return }
      guard let value = Value(rawValue: text) else {
        let names = Value.allCases.map(\.rawValue).joined(separator: " or ")
        throw DecodingError.dataCorruptedError(
          forKey: key, in: values, debugDescription: "expected \(names)")
      }
      step[keyPath: property] = value
    }
    write = { try $1.encode($0[keyPath: property].rawValue, forKey: key) }
    problem = { _ in nil }
  }
}

extension AugmentationParameter where Step: AugmentationStep {
  /// The parameter that every step has.
  public static var probability: Self { Self("probability", \.probability, 0...1) }
}

/// A parameter's or a step's name.
public struct AugmentationKey: CodingKey {
  public let stringValue: String
  /// Always `nil`: keys are names.
  public var intValue: Int? { nil }

  init(_ name: String) { stringValue = name }
  /// A key of any name; never `nil`.
  public init?(stringValue: String) { self.init(stringValue) }
  /// Always `nil`: numbers are no keys.
  public init?(intValue: Int) { nil }
}
