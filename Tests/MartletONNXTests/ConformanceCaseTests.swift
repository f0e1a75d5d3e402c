import Foundation
import Martlet
import Testing

@testable import MartletONNX

/// A selection of the ONNX project's own cases; `make conformance` runs all of them.
@Suite("Operators give what the ONNX project's test cases say")
struct ConformanceCaseTests {
  static let names: [String] = {
    guard let fixture = try? Fixture("onnx_cases") else { return [] }
    return fixture.tensors.keys.filter { $0.hasSuffix("/model") }.map { String($0.dropLast(6)) }.sorted()
  }()

  @Test func thereAreCases() { #expect(Self.names.count > 60) }

  @Test(arguments: names) func aCase(_ name: String) throws {
    let fixture = try Fixture("onnx_cases")
    let model = try fixture.model("\(name)/model")
    let inputs = fixture.tensors("\(name)/input.")
    let tolerance = try fixture["\(name)/tolerance"].scalars(Double.self)
    for results in [try model(inputs), try model.recorded(for: inputs)(inputs)] {
      for (output, expected) in fixture.tensors("\(name)/output.") {
        let got = try #require(results[output])
        #expect(
          try excess(got, expected, absolute: tolerance[1], relative: tolerance[0]) <= 1, "\(output)")
      }
    }
  }
}
