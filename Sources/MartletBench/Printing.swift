import Foundation

/// Prints one line of JSON, with keys in the style of `Benchmarks/results.json`.
func printJSON<Value: Encodable>(_ value: Value) throws {
  let encoder = JSONEncoder()
  encoder.keyEncodingStrategy = .convertToSnakeCase
  encoder.outputFormatting = .sortedKeys
  print(String(decoding: try encoder.encode(value), as: UTF8.self))
}

/// A number with two decimals at most.
func rounded(_ number: Double) -> Double { (number * 100).rounded() / 100 }
