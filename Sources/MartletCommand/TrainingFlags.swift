import ArgumentParser
import MartletModels
import MartletTraining

/// The flags of all runs that say what is trained. A flag that is not given leaves what the configuration holds.
struct ModelFlags: ParsableArguments {
  @Option(
    help: """
      The network: \(Architecture.names.joined(separator: ", ")); for recommendation paup or sasrec. (default: unet; \
      recommendation: paup)
      """)
  var model: String?
  @Option(
    help: ArgumentHelp("Weights to start from: safetensors, or PyTorch's .pt or .pth.", valueName: "file"))
  var weights: String?

  func apply(to configuration: inout some RunConfiguration) {
    set(&configuration.model, model)
    set(&configuration.weights, weights)
  }
}

/// The flags of all runs that say how it is trained.
struct TrainingFlags: ParsableArguments {
  @Option(
    help: """
      A loss, or a sum such as "0.5*cross-entropy + 0.5*dice(smooth=1)"; `martlet train segmentation --help` lists \
      them. For recommendation cross-entropy or bpr. (default: cross-entropy)
      """)
  var loss: String?

  @Option(parsing: .unconditional, help: "Images or histories in a step. (default: 8; recommendation: 256)")
  var batchSize: Int?
  @Option(
    parsing: .unconditional,
    help: "Times that all samples are gone through. (default: 20; recommendation: 50)")
  var epochs: Int?
  @Option(parsing: .unconditional, help: "What all random numbers follow from. (default: 1)") var seed:
    UInt64?
  @Option(help: "The rule that changes parameters. (default: adam)") var optimizer: OptimizerName?
  @Option(parsing: .unconditional, help: "The largest learning rate. (default: 0.001)")
  var learningRate: Double?
  @Option(parsing: .unconditional, help: "Weight decay. (default: 0; adamw 0.01)") var weightDecay: Double?
  @Option(parsing: .unconditional, help: "Momentum of sgd. (default: 0.9)") var momentum: Double?
  @Flag(inversion: .prefixedNo, help: "Nesterov's momentum for sgd. (default: --no-nesterov)")
  var nesterov: Bool?
  @Option(help: "How the learning rate changes. (default: cosine; recommendation: constant)")
  var schedule: ScheduleName?
  @Option(
    parsing: .unconditional,
    help: "Epochs over which the learning rate rises. (default: 1; recommendation: 0)")
  var warmUpEpochs: Double?
  @Option(parsing: .unconditional, help: "Epochs between the drops of the step schedule. (default: 10)")
  var stepEpochs: Int?
  @Option(parsing: .unconditional, help: "What a drop multiplies by. (default: 0.1)") var stepFactor: Double?
  @Option(parsing: .unconditional, help: "Largest global norm of the gradients.") var clipNorm: Double?
  @Option(
    parsing: .unconditional,
    help: """
      End after so many epochs without a better mean IoU or NDCG@10; 0 for never. (default: 0; recommendation: 10)
      """)
  var earlyStopping: Int?
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Parameters that are not trained, by names in which * stands for any characters.", valueName: "name"))
  var freeze: [String] = []
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Factors of the learning rate for parameters with such names.", valueName: "name=factor"))
  var learningRateFactors: [NamedValue<Double>] = []
  @Option(parsing: .unconditional, help: "Batches whose gradients are averaged for one update. (default: 1)")
  var accumulation: Int?
  @Option(
    parsing: .unconditional,
    help:
      "Validate and keep a moving average of the weights, of which so much is kept in a step, such as 0.999.")
  var averageDecay: Double?
  @Option(help: ArgumentHelp("The run folder; it must be empty or new. (required)", valueName: "run"))
  var output: String?

  func apply(to configuration: inout some RunConfiguration) {
    set(&configuration.loss, loss)
    set(&configuration.training.batchSize, batchSize)
    set(&configuration.training.epochs, epochs)
    set(&configuration.training.seed, seed)
    set(&configuration.training.optimizer, optimizer)
    set(&configuration.training.learningRate, learningRate)
    set(&configuration.training.weightDecay, weightDecay)
    set(&configuration.training.momentum, momentum)
    set(&configuration.training.nesterov, nesterov)
    set(&configuration.training.schedule, schedule)
    set(&configuration.training.warmUpEpochs, warmUpEpochs)
    set(&configuration.training.stepEpochs, stepEpochs)
    set(&configuration.training.stepFactor, stepFactor)
    set(&configuration.training.clipNorm, clipNorm)
    set(&configuration.training.earlyStopping, earlyStopping)
    if !freeze.isEmpty { configuration.training.freeze = freeze }
    for group in learningRateFactors { configuration.training.learningRateFactors[group.name] = group.value }
    set(&configuration.training.accumulation, accumulation)
    set(&configuration.training.averageDecay, averageDecay)
    set(&configuration.output, output)
  }
}

extension OptimizerName: ExpressibleByArgument {}
extension ScheduleName: ExpressibleByArgument {}

func set<Value>(_ property: inout Value, _ flag: Value?) { if let flag { property = flag } }
func set<Value>(_ property: inout Value?, _ flag: Value?) { if let flag { property = flag } }
