import Foundation
import Martlet
import MartletInterchange
import MartletONNX

/// Runs an ONNX model on saved tensors: what ``TensorRun`` does with a file that ends in `.onnx`.
///
/// Inputs are the tensors of the model's names, or the only one where the model takes one; outputs keep their names.
struct ONNXRun {
  let model: URL
  /// A file of weights instead of the model's own.
  let weights: String?
  let input: URL
  let output: URL

  func run(numerics: Numerics) throws {
    let file = try SafetensorsFile(contentsOf: input)
    let network = try ONNXModel(contentsOf: model)
    // Whether a file that is there may be replaced was looked at before; which files the model has beside it is known now.
    var check = OutputCheck("run", overwriting: true)
    for file in network.externalFiles { check.protect(file) }
    try check.check([(output.path, input.relativePath)])
    if let weights { try network.loadStateDict(loadWeights(URL(filePath: weights)), source: weights) }
    let names = network.inputs.map(\.name)
    var tensors: [String: Tensor] = [:]
    if names.count == 1, file.names.count == 1, let name = file.names.first {
      tensors[names[0]] = try file.tensor(name)
    } else {
      let missing = names.filter { !file.contains($0) }
      try require(
        missing.isEmpty, "run",
        "expected the tensors \(names.map(printable).joined(separator: ", ")) in \(input.relativePath), got "
          + (file.names.isEmpty
            ? "none" : file.names.prefix(5).map(printable).joined(separator: ", ")))
      for name in names { tensors[name] = try file.tensor(name) }
    }
    try saveSafetensors(network.recorded(for: tensors, numerics: numerics)(tensors), to: output)
  }
}
