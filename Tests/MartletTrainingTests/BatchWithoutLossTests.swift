import Foundation
import Martlet
import MartletData
import Testing

@testable import MartletTraining

/// A batch in which nothing counts changes nothing.
@Suite("Batches without a loss")
struct BatchWithoutLossTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func files(_ name: String = "a") -> TrainingFiles {
    TrainingFiles(
      checkpoint: folder.url.appendingPathComponent("\(name).checkpoint"),
      model: folder.url.appendingPathComponent("\(name).model"))
  }

  private func options(accumulation: Int = 1, epochs: Int = 2, decay: Double? = 0.9) -> Trainer.Options {
    var rules = TrainingRules()
    rules.accumulation = accumulation
    rules.averageDecay = decay
    return Trainer.Options(optimizer: Adam(), learningRate: 0.01, epochs: epochs, seed: 1, rules: rules)
  }

  /// The checkpoint at the end, and what the observer saw.
  private func trained(
    _ task: RulesTask, _ options: Trainer.Options
  ) throws -> (checkpoint: Checkpoint, epochs: [EpochReport]) {
    let observer = StoppingObserver()
    #expect(try Trainer(task, options: options, files: files()).run(observer: observer) == .finished)
    return (try Checkpoint(contentsOf: files().checkpoint), observer.epochs)
  }

  private func expectEqual(_ a: [String: Tensor], _ b: [String: Tensor]) throws {
    #expect(a.keys == b.keys)
    for (name, tensor) in a where tensor.scalar == .float32 {
      #expect(try tensor.scalars(Float.self) == b[name]?.scalars(Float.self), "\(name)")
    }
  }

  @Test("are as if they were not there, in weights, moments, average and loss", arguments: [1, 2])
  func leavesThingsAlone(_ accumulation: Int) throws {
    // With two batches a step the second one of the first step has none, and the second step has none at all.
    let ignored: Set<Int> = accumulation == 1 ? [1] : [1, 2, 3]
    let sizes = accumulation == 1 ? [2, 2, 2] : [2, 2, 2, 2, 2]
    let some = try trained(RulesTask(sizes, ignored: ignored), options(accumulation: accumulation))
    let left = try RulesTask(sizes)
    let plain = try trained(
      RulesTask(selecting: sizes.indices.filter { !ignored.contains($0) }, of: left), options())
    try expectEqual(some.checkpoint.model, plain.checkpoint.model)
    try expectEqual(some.checkpoint.optimizer, plain.checkpoint.optimizer)
    try expectEqual(some.checkpoint.average, plain.checkpoint.average)
    #expect(some.epochs.map(\.trainingLoss) == plain.epochs.map(\.trainingLoss))
    #expect(some.checkpoint.progress.stepsWithoutUpdate == 2 && some.checkpoint.progress.totalSteps == 6)
  }

  @Test("a stop before or after one changes nothing", arguments: 1...5)
  func resuming(_ step: Int) throws {
    func task() throws -> RulesTask { try RulesTask([2, 2, 2], dropout: 0.3, ignored: [0, 1]) }
    let options = options(epochs: 2)
    #expect(
      try Trainer(task(), options: options, files: files("whole")).run(observer: StoppingObserver())
        == .finished)
    let stop = StopSignal()
    #expect(
      try Trainer(task(), options: options, files: files("parts"))
        .run(stop: stop, observer: StoppingObserver(stop, after: step)) == .interrupted)
    #expect(
      try Trainer(resuming: task(), options: options, files: files("parts")).run(observer: StoppingObserver())
        == .finished)
    #expect(
      try Data(contentsOf: files("whole").checkpoint) == Data(contentsOf: files("parts").checkpoint))
  }

  @Test("an epoch of nothing else has no loss, and goes on")
  func nothingElse() throws {
    let result = try trained(RulesTask([2, 2], ignored: [0, 1]), options())
    #expect(result.epochs.count == 2 && result.epochs.allSatisfy { $0.trainingLoss.isNaN })
  }

  @Test("are known by the loss that they would have")
  func definedness() throws {
    func loss(_ expression: String, _ weights: [Double] = []) throws -> SegmentationLoss {
      try SegmentationLoss(expression, classWeights: weights, classCount: 2)
    }
    let background: [UInt8] = [0, LabelMap.ignored, 0]
    // Weights of pixels in a mean, and those of classes.
    #expect(try !loss("cross-entropy", [0, 1]).isDefined(for: background))
    #expect(try !loss("0.5*dice + 0.5*cross-entropy", [0, 1]).isDefined(for: background))
    for name in ["focal", "dice", "boundary-cross-entropy"] {
      #expect(try loss(name, [0, 1]).isDefined(for: background), "\(name)")
    }
    #expect(try !loss("cross-entropy", [0, 1]).isDefined(forPixels: [5, 0]))
    #expect(try loss("cross-entropy", [0, 1]).isDefined(forPixels: [5, 1]))
    #expect(try !loss("dice").isDefined(forPixels: [0, 0]))
  }

  @Test(
    "every loss is a number where it is said to be, and where pixels count",
    arguments: SegmentationLossTerm.all.map(\.name))
  func numbers(_ name: String) throws {
    let term = try #require(SegmentationLossTerm.all.first { $0.name == name })
    let logits = try Tensor.uniform(TensorType([1, 2, 4, 4]), from: -1, to: 1, seed: 1, stream: 0)
    let choices: [[Double]] = term.takesClassWeights ? [[], [0, 1]] : [[]]
    for weights in choices {
      let loss = try SegmentationLoss(name, classWeights: weights, classCount: 2)
      for first in [0, 1, LabelMap.ignored] as [UInt8] {
        let labels = [first] + [UInt8](repeating: LabelMap.ignored, count: 15)
        let value = try loss(logits, Tensor(shape: [1, 4, 4], scalars: labels)).item(Float.self)
        if loss.isDefined(for: labels) { #expect(value.isFinite, "\(weights) \(first)") }
      }
    }
  }

  @Test(
    "images that are not labelled at all are trained on, and what is labelled nowhere is refused at the start"
  )
  func wholeRun() throws {
    let cells = folder.url.appending(path: "cells").path
    try synthesizeCells(count: 6, size: 32, seed: 1, output: cells)
    func blank(_ names: some Sequence<String>) throws {
      for name in names {
        try Image(
          width: 32, height: 32, channels: 1,
          samples: .uint8([UInt8](repeating: 7, count: 1024))
        ).write(to: "\(cells)/masks/\(name)")
      }
    }
    var configuration = SegmentationConfiguration()
    configuration.images = "\(cells)/images"
    configuration.masks = "\(cells)/masks"
    configuration.ignoreIndex = 7
    configuration.network.baseChannels = 4
    configuration.network.depth = 1
    configuration.size = 32
    configuration.batchSize = 1
    configuration.epochs = 2
    configuration.output = folder.url.appending(path: "run").path
    let split = try configuration.datasets()
    try blank(split.training.samples.prefix(3).map { $0.mask.lastPathComponent })
    #expect(try SegmentationRun.start(configuration).train() == .finished)

    configuration.output = folder.url.appending(path: "other").path
    try blank(split.validation.samples.map { $0.mask.lastPathComponent })
    let error = #expect(throws: MartletError.self) { try SegmentationRun.start(configuration) }
    #expect(error?.message.contains("among those for validation, got none") == true)
    #expect(!FileManager.default.fileExists(atPath: configuration.output))
  }
}
