import ArgumentParser
import Martlet
import MartletTraining

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a network on a saved tensor.",
    usage: """
      martlet run RUN --input FILE --output FILE [--weights FILE]
      martlet run run.yaml --weights FILE --input FILE --output FILE [--set KEY=VALUE …]
      martlet run MODEL.onnx --input FILE --output FILE
      martlet run unet --weights FILE --input FILE --output FILE [--set base-channels=16 --set classes=2 …]
      """,
    discussion: """
      The input is the tensor `input` of a safetensors file, or its only one, as the network takes it: images \
      [N, C, H, W], neither normalised nor resized; for a recommender items [N, L], filled up with 0. The result is the \
      tensor `output`: scores of classes before the softmax, or of items.

      An ONNX model is given the tensors of its inputs' names, or the only one, and the result has those of its outputs.

      Without a run, the channels are the input's, and keys of `train segmentation` say what the network is.
      """)

  @Argument(
    help: "A run folder, a weights file that training wrote, a YAML or ONNX file, or an architecture's name.")
  var model: String
  @Option(help: ArgumentHelp("Weights: safetensors, or PyTorch's .pt or .pth.", valueName: "file"))
  var weights: String?
  @Option(
    help: ArgumentHelp(
      "A safetensors file with one tensor, or one named input; for ONNX, all inputs by name.",
      valueName: "file"))
  var input: String
  @Option(help: ArgumentHelp("The safetensors file to write.", valueName: "file")) var output: String
  @Option(
    help: ArgumentHelp(
      "A key of the network's configuration and its value, or `classes` and their number. (default: 2 classes)",
      valueName: "key=value"))
  var set: [String] = []
  @OptionGroup var files: OverwriteFlag
  @OptionGroup var options: NumericsOption

  func run() throws {
    var run = TensorRun(model: model, input: input, output: output)
    run.settings = set
    run.weights = weights
    run.overwrites = files.overwrite
    try removingDrafts { try run.run(numerics: options.numerics) }
    try printResult("wrote \(output)")
  }
}
