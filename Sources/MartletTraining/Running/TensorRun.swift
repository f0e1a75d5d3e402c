import Foundation
import Martlet
import MartletInterchange

/// Runs a network on a tensor from a file and writes what comes out to another: what `martlet run` does.
///
/// The input is the tensor `input` of a safetensors file, or its only one, and goes to the network as it is: nothing is
/// normalised or resized. The result is the tensor `output`. Dropout is off and batch normalisation uses what it has
/// learnt. An ONNX model is given the tensors of its inputs' names, and gives those of its outputs' names.
public struct TensorRun {
  /// A run folder, a weights file that training wrote, a YAML file, an architecture's name, or an ONNX file.
  public var model: String
  /// `KEY=VALUE` for a YAML file or an architecture: its configuration's keys, and `classes` as a number.
  public var settings: [String] = []
  /// A file of weights instead of the model's own.
  public var weights: String?
  /// A safetensors file.
  public var input: String
  /// The safetensors file to write.
  public var output: String
  /// Whether a file that is there is replaced.
  public var overwrites = false

  public init(model: String, input: String, output: String) {
    self.model = model
    self.input = input
    self.output = output
  }

  /// - Throws: ``MartletError`` when a file cannot be read or written, the input is none for the network, or the weights
  ///   are of another one.
  public func run(numerics: Numerics = .current) throws {
    try checkOutput()
    let model = URL(filePath: model)
    if model.pathExtension.lowercased() == "onnx" {
      try require(
        settings.isEmpty, "run", "expected no --set, since \(self.model) says what its network is")
      let run = ONNXRun(
        model: model, weights: weights, input: URL(filePath: input), output: URL(filePath: output))
      return try run.run(numerics: numerics)
    }
    let input = try InputTensor(URL(filePath: self.input))
    let network = try source.tensorModel(inputChannels: input.type.shape.dropFirst().first)
    let arguments = try network.arguments(input)
    let predictor = Predictor(only: arguments.map(\.type), numerics: numerics) { [try network.output($0)] }
    try saveSafetensors(["output": predictor(arguments)[0]], to: URL(filePath: output))
  }

  private var source: ModelSource {
    ModelSource(operation: "run", model: model, settings: settings, weights: weights)
  }

  /// Checks that nothing that is read would be replaced.
  private func checkOutput() throws {
    try require(!output.isEmpty, "run", "output: expected a file, got an empty name")
    var check = OutputCheck("run", overwriting: overwrites)
    check.protect(model: URL(filePath: model))
    for file in [input] + source.weightsFiles { check.protect(file) }
    try check.check([(output, input)])
  }
}

/// The tensor that a network is run on.
struct InputTensor {
  let tensor: Tensor
  /// What messages call it.
  let name: String
  /// Its type in the file.
  let stored: SafetensorsType

  var type: TensorType { tensor.type }

  init(_ url: URL) throws {
    let file = try SafetensorsFile(contentsOf: url)
    let path = url.relativePath
    guard let name = file.contains("input") ? "input" : file.names.first else {
      throw MartletError("run", "expected a tensor in \(path), got none")
    }
    try require(
      name == "input" || file.names.count == 1, "run",
      "expected one tensor in \(path), or one named input among them, got \(file.names.count): "
        + file.names.prefix(5).joined(separator: ", "))
    stored = try file.entry(name).type
    tensor = try file.tensor(name)
    self.name = "\(name) of \(path)"
  }
}
