import Foundation
import Martlet
import MartletData

/// Everything that changes a model in training: steps of one or several batches, and the average of its weights.
final class ModelUpdates {
  /// A step whose loss or gradients were not finite; nothing was updated.
  struct NotFinite: Error {
    /// Such as `loss nan`.
    var what: String
    /// The first value that was not finite, where one was found.
    var cause: String?
  }

  private let task: any TrainingTask
  private let options: Trainer.Options
  private let parameters: [TrainedParameter]
  private let settings: [ObjectIdentifier: ModuleSettings]
  private let state: OptimizerState
  private let sum: GradientSum?
  private let average: WeightAverage?
  private var steps: [StepKey: TrainingStep] = [:]
  private var additions: [[TensorType]: Function] = [:]

  private struct StepKey: Hashable {
    var batch: [TensorType]
    var addsGradients: Bool
  }

  /// - Throws: ``MartletError`` for rules that do not fit the model.
  init(_ task: any TrainingTask, _ options: Trainer.Options) throws {
    self.task = task
    self.options = options
    parameters = try options.rules.parameters(of: task.model)
    settings = options.rules.moduleSettings(of: task.model)
    state = try OptimizerState(options.optimizer, for: parameters)
    sum = options.rules.accumulation > 1 ? try GradientSum(for: parameters) : nil
    average = try options.rules.averageDecay.map { try WeightAverage(of: task.model, decay: $0) }
  }

  /// Takes over the optimizer's state and the average of a checkpoint.
  func load(_ checkpoint: Checkpoint) throws {
    try state.load(checkpoint.optimizer)
    try average?.load(checkpoint.average)
  }

  func checkpoint(progress: TrainingProgress, data: String, configuration: String?) -> Checkpoint {
    Checkpoint(
      model: task.model, optimizer: state, average: average, progress: progress, data: data,
      configuration: configuration)
  }

  /// Records the steps of the batches that the task knows of.
  ///
  /// - Throws: ``MartletError`` for a batch that the network or the optimizer cannot take, and for a step that the
  ///   machine has too little memory for.
  func prepare() throws {
    for types in task.batchTypes {
      let batch = types.first.map { "\($0.shape)" } ?? "nothing"
      let step: TrainingStep
      do {
        step = try update(types, addsGradients: sum != nil && task.stepsPerEpoch > 1)
      } catch let error as MartletError {
        throw MartletError(
          "training",
          "a batch \(batch) cannot be trained on (other sizes of batches or samples may): \(error)")
      }
      // The batch that is used, and the next one, which is being made.
      let byteCount = types.reduce(step.arenaByteCount) {
        $0.saturatingSum($1.byteCount.saturatingProduct(2))
      }
      let machine = ProcessInfo.processInfo.physicalMemory
      try require(
        UInt64(byteCount) <= machine, "training",
        "a step of a batch \(batch) takes \(byteText(byteCount)), more than the \(byteText(Int(clamping: machine))) of "
          + "this machine: make batches or samples smaller")
    }
  }

  /// Runs `body` with the average of the weights in the model's place, where one is kept.
  func withAveragedWeights<Result>(_ body: () throws -> Result) throws -> Result {
    try average.map { try $0.applied(body) } ?? body()
  }

  /// One update from the mean gradient of some batches.
  ///
  /// - Parameters:
  ///   - step: The number of steps before this one, which random numbers are drawn by.
  ///   - update: The number of updates before this one; some steps make none.
  /// - Returns: The loss of each batch.
  /// - Throws: ``NotFinite`` when nothing was updated.
  func step(
    _ batches: [[Tensor]], learningRate: Double, step: Int, update number: Int, seed: UInt64
  ) throws -> [Double] {
    var losses: [Double] = []
    // Random numbers are drawn anew for each batch, the same whether the run was interrupted or not.
    func draw(_ batch: Int) -> Int { step * options.rules.accumulation + batch }
    for (index, batch) in batches.dropLast().enumerated() {
      let random = RandomState(seed: seed, step: UInt64(draw(index)))
      let scalars = try GradientSum.scalars(batch: index, count: batches.count)
      let results = try addition(batch.map(\.type))([scalars] + batch, random: random)
      losses.append(try results[0].cast(to: .float64).item())
    }
    let last = batches[batches.count - 1]
    let update = try self.update(last.map(\.type), addsGradients: batches.count > 1)
    let result = try update(
      last, learningRate: learningRate, step: number, draw: draw(batches.count - 1), count: batches.count,
      seed: seed)
    losses.append(result.loss)
    let failed = losses.firstIndex { !$0.isFinite }
    if failed == nil, result.isFinite {
      try average?.take(step: number)
      return losses
    }
    let what =
      failed.map { "loss \(Trainer.text(losses[$0]))" }
      ?? "gradient norm \(Trainer.text(result.gradientNorm))"
    // Any of the batches can be what made the sum of the gradients so.
    let names = task.model.namesByIdentity
    for index in failed.map({ $0...$0 }) ?? 0...batches.count - 1 {
      let batch = batches[index]
      let cause = try self.update(batch.map(\.type), addsGradients: false)
        .firstNonFinite(batch, step: draw(index), seed: seed, names: names)
      if let cause { throw NotFinite(what: what, cause: cause) }
    }
    throw NotFinite(what: what, cause: nil)
  }

  private func update(_ types: [TensorType], addsGradients: Bool) throws -> TrainingStep {
    let key = StepKey(batch: types, addsGradients: addsGradients)
    if let known = steps[key] { return known }
    let step = try withModuleSettings(settings) {
      try TrainingStep(
        parameters: parameters, optimizer: options.optimizer, state: state, batch: types,
        sum: addsGradients ? sum : nil, clipNorm: options.clipNorm, loss: task.loss)
    }
    steps[key] = step
    return step
  }

  private func addition(_ types: [TensorType]) throws -> Function {
    if let known = additions[types] { return known }
    guard let sum else { preconditionFailure("a step of several batches has a sum of gradients") }
    let function = try withModuleSettings(settings) {
      try sum.adding(parameters, batch: types, loss: task.loss)
    }
    additions[types] = function
    return function
  }
}
