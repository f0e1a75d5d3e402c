import Foundation
import Martlet

/// A reader that libFuzzer tries to break.
struct FuzzSubject: Sendable {
  let name: String
  /// Small valid inputs to start from: committed files, and files of Martlet's own writers.
  let seeds: @Sendable (_ fixtures: Fixtures) throws -> [[UInt8]]
  /// Reads an input as far as its reader gets. Whatever it throws but a ``MartletError`` is a finding.
  let read: @Sendable (_ input: [UInt8]) throws -> Void

  static let all: [FuzzSubject] = [
    .safetensors, .pytorch, .onnx, .images, .volumes, .packed, .annotations, .interactions,
  ]

  /// Reads an input, and ends the program where that goes other than it may.
  func test(_ input: [UInt8]) {
    do {
      try read(input)
    } catch is MartletError {
      // What a damaged file is to give.
    } catch {
      preconditionFailure("expected a MartletError, got \(type(of: error)): \(error)")
    }
  }
}

extension FuzzSubject {
  /// Ends the program unless two ways to read an input agree.
  static func expect(_ condition: Bool, _ what: String) { precondition(condition, "expected \(what)") }
}
