import ArgumentParser
import MartletModels
import MartletTraining

struct SummaryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "summary",
    abstract: "Show a network's layers, parameters, multiply-adds and memory.",
    discussion:
      "The memory of a training step is that of cross-entropy and Adam on a batch of the given shape.")

  @Argument(
    help:
      "The network's name (\(Architecture.names.joined(separator: ", ")), paup, sasrec), a run folder, or a weights file."
  )
  var model: String

  @Option(
    help: ArgumentHelp(
      """
      Batch, channels and sizes; of recommenders histories and their length. (default: what a run was trained on; \
      1x3x256x256 of architectures and weights files, 1x1x64x64x64 with --axes 3; 1x200)
      """, valueName: "NxCxHxW"))
  var input: String?

  @Option(parsing: .unconditional, help: "Classes. (default: 2)") var classCount: Int?
  @Option(parsing: .unconditional, help: "Items of paup or sasrec. (default: 10000)") var itemCount: Int?
  @OptionGroup(title: "Network") var network: NetworkFlags

  @OptionGroup var options: NumericsOption
  @Flag(help: "Also list what runs, in order, in a forward pass and in a training step.") var plan = false
  @Option(
    parsing: .upToNextOption,
    help: "Passes over the recorded graph to leave out, by the names that --plan shows.")
  var withoutPasses: [String] = []

  func run() throws {
    var request = SummaryRequest(model: model)
    request.input = input
    request.classCount = classCount
    request.itemCount = itemCount
    network.apply(to: &request.options)
    request.withoutPasses = withoutPasses
    let summary = try request.summary(numerics: options.numerics)
    if plan {
      try printResult("forward pass\n\n\(summary.forwardPlan)\n")
      if case .success(let training) = summary.training {
        try printResult("training step\n\n\(training.plan)\n")
      }
    }
    try printResult("\(summary)")
  }
}
