import Foundation
import Martlet
import MartletInterchange
import Testing

/// One operation as the table of operation tests sees it: a function of tensors and where PyTorch's numbers for it are.
struct OperationRow: Sendable, CustomTestStringConvertible {
  typealias Body = @Sendable ([Tensor]) throws -> [Tensor]

  /// `family/row`: the fixture file and the prefix of its tensors.
  let name: String
  /// The largest difference from PyTorch that is accepted, relative to the largest magnitude in the tensor.
  let tolerance: Double
  /// What stands for the largest magnitude in tensors whose numbers are all smaller. More than usual where a result is
  /// zero by nature: what is left of it are the rounding errors of larger terms.
  let scaleFloor: Double
  /// Whether the gradients are compared with finite differences too. Not for functions that are flat almost
  /// everywhere or that jump.
  let checksFiniteDifferences: Bool
  /// What its convolutions may trade for speed when it is recorded.
  let numerics: Numerics
  let body: Body

  init(
    _ name: String, tolerance: Double = 2e-6, scaleFloor: Double = 1e-4,
    checksFiniteDifferences: Bool = true, numerics: Numerics = .fast,
    _ body: @escaping Body
  ) {
    self.name = name
    self.tolerance = tolerance
    self.scaleFloor = scaleFloor
    self.checksFiniteDifferences = checksFiniteDifferences
    self.numerics = numerics
    self.body = body
  }

  var testDescription: String { numerics == .fast ? name : "\(name), \(numerics)" }

  /// What the fixture holds for this row.
  func fixture() throws -> Fixture {
    let parts = name.split(separator: "/", maxSplits: 1)
    let tensors = try Fixtures.tensors(String(parts[0]))
    return try Fixture(tensors, prefix: String(parts[1]) + "/")
  }
}

/// The numbers of one row, made by PyTorch.
struct Fixture: Sendable {
  var inputs: [Tensor] = []
  var outputs: [Tensor] = []
  /// By output index: the random gradient that was put on it.
  var outputGradients: [Int: Tensor] = [:]
  /// By input index: the gradient that PyTorch gave.
  var gradients: [Int: Tensor] = [:]

  init(_ tensors: [String: Tensor], prefix: String) throws {
    while let tensor = tensors["\(prefix)input.\(inputs.count)"] { inputs.append(tensor) }
    while let tensor = tensors["\(prefix)output.\(outputs.count)"] { outputs.append(tensor) }
    for index in outputs.indices { outputGradients[index] = tensors["\(prefix)output_gradient.\(index)"] }
    for index in inputs.indices { gradients[index] = tensors["\(prefix)gradient.\(index)"] }
    try #require(!outputs.isEmpty, "no fixture under \(prefix)")
  }
}

/// The committed files beside the scripts that make them.
enum Fixtures {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures")

  /// Of all files of tensors.
  static func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "safetensors" }.map { $0.deletingPathExtension().lastPathComponent }
  }

  static func tensors(_ family: String) throws -> [String: Tensor] {
    try loadSafetensors(folder.appending(path: "\(family).safetensors"))
  }
}
