import ArgumentParser
import Foundation
import Martlet
import MartletInterchange
import MartletONNX

/// Runs cases of ONNX's own test suite, which `Scripts/conformance.py` lays out in folders and judges.
///
/// A case is a folder with `model.onnx` and `input_0.pb` and so on. What the model makes of its inputs, at once and
/// recorded, is written beside them, and a line says how it went: `NAME ok`, or `NAME error MESSAGE`.
struct ConformanceWorker: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "conformance", abstract: "Run cases of ONNX's test suite for Scripts/conformance.py.")

  @Argument(help: "A folder of cases.") var folder: String

  func run() throws {
    let cases = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    for name in cases {
      print(name, terminator: " ")
      fflush(nil)
      do {
        try runCase(URL(filePath: folder).appendingPathComponent(name))
        print("ok")
      } catch {
        print("error \("\(error)".replacing("\n", with: " "))")
      }
    }
  }

  private func runCase(_ url: URL) throws {
    let model = try ONNXModel(contentsOf: url.appendingPathComponent("model.onnx"))
    let inputs = try Dictionary(
      uniqueKeysWithValues: model.inputs.enumerated().map { index, input in
        (input.name, try readONNXTensor(url.appendingPathComponent("input_\(index).pb")))
      })
    try saveSafetensors(model(inputs), to: url.appendingPathComponent("at-once.safetensors"))
    try saveSafetensors(
      model.recorded(for: inputs)(inputs), to: url.appendingPathComponent("recorded.safetensors"))
  }
}
