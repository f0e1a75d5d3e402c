import Foundation
import Martlet

/// Reads a node's attributes, and knows which of them were read, so that none is passed over.
struct NodeReader {
  let node: NodeDefinition
  private let network: Network
  private var attributes: [String: WireAttribute] = [:]

  init(_ node: NodeDefinition, _ network: Network) throws {
    self.node = node
    self.network = network
    for attribute in node.attributes {
      try require(
        attributes.updateValue(attribute, forKey: attribute.name) == nil, "onnx",
        "expected each attribute once, got \(printable(attribute.name)) twice")
    }
  }

  var version: Int { node.version }

  /// Whether an input is there.
  func has(_ index: Int) -> Bool { index < node.inputs.count && !node.inputs[index].isEmpty }

  /// Whether an output is wanted.
  func wants(_ index: Int) -> Bool { index < node.outputs.count && !node.outputs[index].isEmpty }

  /// Whether an input is an initializer.
  func isInitializer(_ index: Int) -> Bool { has(index) && network.origins[node.inputs[index]] != nil }

  private mutating func take(_ name: String, _ kind: WireAttribute.Kind) throws -> WireAttribute? {
    guard let attribute = attributes.removeValue(forKey: name) else { return nil }
    // Files of the first years leave the kind out.
    try require(
      attribute.type == kind || attribute.type == .undefined, "onnx",
      "expected attribute \(name) of kind \(kind), got \(attribute.type)")
    return attribute
  }

  mutating func integer(_ name: String) throws -> Int? { try take(name, .int).map { Int($0.i) } }

  mutating func integer(_ name: String, default value: Int) throws -> Int { try integer(name) ?? value }

  mutating func flag(_ name: String, default value: Bool = false) throws -> Bool {
    try integer(name).map { $0 != 0 } ?? value
  }

  mutating func integers(_ name: String) throws -> [Int]? {
    try take(name, .ints).map { $0.ints.map { Int($0) } }
  }

  mutating func number(_ name: String) throws -> Double? { try take(name, .float).map { Double($0.f) } }

  mutating func number(_ name: String, default value: Double) throws -> Double { try number(name) ?? value }

  mutating func numbers(_ name: String) throws -> [Double]? {
    try take(name, .floats).map { $0.floats.map { Double($0) } }
  }

  mutating func text(_ name: String) throws -> String? {
    try take(name, .string).map { String(decoding: $0.s, as: UTF8.self) }
  }

  /// One of some words.
  mutating func word<Word: RawRepresentable & CaseIterable>(
    _ name: String, default value: Word
  ) throws -> Word where Word.RawValue == String {
    guard let text = try text(name) else { return value }
    guard let word = Word(rawValue: text) else {
      throw MartletError(
        "onnx",
        "expected attribute \(name) to be one of \(Word.allCases.map(\.rawValue).joined(separator: ", ")), got "
          + printable(text))
    }
    return word
  }

  mutating func tensor(_ name: String) throws -> Tensor? {
    try take(name, .tensor)?.t.tensor(network.external, "attribute \(name)")
  }

  /// Numbers that older versions give as an attribute and newer ones, from `version` on, as an input.
  mutating func integers(
    _ name: String, inputFrom version: Int, at index: Int
  ) throws -> (NodeInputs) throws -> [Int]? {
    if self.version >= version { return { try $0.integers(index) } }
    let values = try integers(name)
    return { _ in values }
  }

  /// An attribute that is understood at one value only.
  mutating func expect(_ name: String, _ value: Int) throws {
    let given = try integer(name, default: value)
    try require(given == value, "onnx", "expected attribute \(name) to be \(value), got \(given)")
  }

  /// Passes over an attribute that changes nothing.
  mutating func ignore(_ name: String) { attributes[name] = nil }

  /// Refuses attributes that were not read.
  func finish() throws {
    let unknown = attributes.keys.sorted()
    try require(
      unknown.isEmpty, "onnx",
      "expected only attributes that are understood, got \(unknown.prefix(5).map(printable).joined(separator: ", "))"
    )
  }
}
