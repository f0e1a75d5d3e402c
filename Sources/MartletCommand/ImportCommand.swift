import ArgumentParser
import Foundation
import Martlet
import MartletTraining

struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Check an ONNX model, and take its weights out.",
    usage: """
      martlet import MODEL.onnx [--output FILE]
      martlet import --operators
      """,
    discussion: """
      Shows inputs, outputs, operators and the number of parameters, and names every node that cannot be run. \
      `martlet run MODEL.onnx` runs a model.
      """)

  @Argument(help: "An ONNX file.") var model: String?
  @Option(
    help: ArgumentHelp("Write parameters and buffers, under their names, as safetensors.", valueName: "file"))
  var output: String?
  @Flag(
    help: "List the operators that can be run, the versions of the standard they are of, and their limits.")
  var operators = false
  @OptionGroup var files: OverwriteFlag

  func validate() throws {
    if operators != (model == nil) {
      throw ValidationError("expected a model or --operators, got \(operators ? "both" : "neither")")
    }
    if output != nil, model == nil { throw ValidationError("expected a model for --output") }
  }

  func run() throws {
    guard let model else { return try printResult(ONNXImport.operators) }
    let found = try ONNXImport(URL(filePath: model))
    try printResult(found.description)
    try found.check()
    guard let output else { return }
    try removingDrafts { try found.saveWeights(to: output, overwriting: files.overwrite) }
    try printResult("wrote \(output)")
  }
}
