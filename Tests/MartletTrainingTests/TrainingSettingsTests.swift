import Foundation
import Martlet
import MartletData
import MartletModels
import Testing

@testable import MartletTraining

/// What cannot be meant is refused before any data is read, and what does not fit before a folder is made.
@Suite("Settings of a training")
struct TrainingSettingsTests {
  private func message(_ change: (inout TrainingSettings) -> Void) -> String {
    var settings = SegmentationConfiguration().training
    change(&settings)
    do {
      try settings.check()
      try settings.checkUse()
      return "none"
    } catch {
      return "\(error)"
    }
  }

  @Test func bounds() {
    #expect(message { _ in } == "none")
    for epochs in [1e300, .infinity, .nan, -0.5] {
      #expect(message { $0.warmUpEpochs = epochs }.contains("warm-up-epochs: expected 0 to 1000000"))
    }
    #expect(message { $0.stepEpochs = .max }.contains("step-epochs: expected 1 to 1000000"))
    #expect(message { $0.stepEpochs = 0 }.contains("step-epochs: expected 1 to 1000000, got 0"))
    #expect(message { $0.batchSize = 65537 }.contains("batch-size: expected 1 to 65536, got 65537"))
    // The largest that are allowed are no trap.
    var settings = SegmentationConfiguration().training
    settings.schedule = .step
    settings.stepEpochs = 1_000_000
    settings.warmUpEpochs = 1_000_000
    #expect(
      settings.trainerOptions(stepsPerEpoch: 1_000_000).schedule
        == .step(period: 1_000_000_000_000, factor: 0.1))
  }

  @Test func nesterovIsForMomentum() {
    #expect(
      message { $0.nesterov = true }
        == "[configuration] nesterov: expected the optimizer sgd with it, got adam")
    #expect(
      message {
        $0.nesterov = true
        $0.optimizer = .sgd
        $0.momentum = 0
      }.contains("nesterov: expected a momentum above 0 with it, got 0.0"))
    #expect(
      message {
        $0.nesterov = true
        $0.optimizer = .sgd
      } == "none")
  }

  @Test func weightDecayIsTheOptimizersUnlessGiven() {
    var settings = TrainingSettings(batchSize: 1, epochs: 1, schedule: .constant, warmUpEpochs: 0)
    for (optimizer, decay) in [(OptimizerName.adamw, 0.01), (.adam, 0), (.sgd, 0), (.sparseAdam, 0)] {
      settings.optimizer = optimizer
      settings.weightDecay = nil
      settings.settle()
      #expect(settings.weightDecay == decay)
      settings.weightDecay = 0.5
      settings.settle()
      #expect(settings.weightDecay == 0.5)
    }
    #expect(
      message {
        $0.optimizer = .sparseAdam
        $0.weightDecay = 0.1
      } == "[configuration] weight-decay: expected 0 with the optimizer sparse-adam, got 0.1")
  }

  @Test func whatWouldChangeNothingIsRefused() {
    #expect(
      message { $0.momentum = 0.5 }
        == "[configuration] momentum: expected the optimizer sgd with it, got adam")
    #expect(
      message { $0.stepEpochs = 3 }
        == "[configuration] step-epochs: expected the schedule step with it, got cosine")
    #expect(message { $0.stepFactor = 0.5 }.contains("step-factor: expected the schedule step with it"))
    #expect(
      message {
        $0.optimizer = .sgd
        $0.momentum = 0.5
        $0.schedule = .step
        $0.stepEpochs = 3
        $0.stepFactor = 0.5
      } == "none")
  }

  @Test func namesAreThoseThatThereAre() throws {
    func parsed(_ text: String) throws -> SegmentationConfiguration {
      try ConfigurationFile.parse(text, as: SegmentationConfiguration.self, source: "run.yaml")
    }
    #expect(try parsed("optimizer: sgd\nschedule: step\n").optimizer == .sgd)
    let error = #expect(throws: MartletError.self) { try parsed("optimizer: adamm\n") }
    #expect(error?.message == "run.yaml:1: optimizer: expected adam, adamw, sgd, sparse-adam, got adamm")
    #expect(throws: MartletError.self) { try parsed("schedule: linear\n") }
  }

  private func cells(_ folder: TemporaryFolder, size: Int = 32) throws -> SegmentationConfiguration {
    let cells = folder.url.appending(path: "cells").path
    try synthesizeCells(count: 6, size: size, seed: 1, output: cells)
    var configuration = SegmentationConfiguration()
    configuration.images = "\(cells)/images"
    configuration.masks = "\(cells)/masks"
    configuration.network.baseChannels = 4
    configuration.network.depth = 2
    configuration.size = 32
    configuration.batchSize = 2
    configuration.epochs = 1
    configuration.output = folder.url.appending(path: "run").path
    return configuration
  }

  @Test func aBatchThatCannotBeTrainedOnLeavesNoFolder() throws {
    let folder = try TemporaryFolder()
    var configuration = try cells(folder)
    // 5 training images in batches of 2, and one pixel at the deepest level.
    configuration.size = 4
    let error = #expect(throws: MartletError.self) { try SegmentationRun.start(configuration) }
    #expect(
      error?.message.contains("a batch [1, 3, 4, 4] cannot be trained on") == true, "\(error?.message ?? "")")
    #expect(!FileManager.default.fileExists(atPath: configuration.output))
    configuration.batchSize = 5
    #expect(try SegmentationRun.start(configuration).train() == .finished)
  }

  @Test func batchesAreOfTheTypesThatWereSaid() throws {
    let folder = try TemporaryFolder()
    var configuration = try cells(folder)
    for mixUp in [nil, 0.2] {
      configuration.mixUp = mixUp
      let task = try configuration.makeTask(isNew: true)
      let batches = try task.batches(epoch: 0, startingAt: 0)
      var types: [[TensorType]] = []
      while let batch = try batches.next() { types.append(batch.tensors.map(\.type)) }
      #expect(Set(types) == Set(task.batchTypes) && task.batchTypes.count == 2)
    }
  }

  @Test func reportsMeasureWithTheRunsNumerics() throws {
    let folder = try TemporaryFolder()
    var configuration = try cells(folder, size: 64)
    configuration.network.baseChannels = 32
    configuration.network.depth = 1
    configuration.ignoreIndex = 7
    // Of the validation image few pixels count, so that no mean hides what numerics change.
    var labels = [UInt8](repeating: 7, count: 64 * 64)
    for place in 0..<16 { labels[place * 251] = place % 2 == 0 ? 255 : 0 }
    for sample in try configuration.datasets().validation.samples {
      try Image(width: 64, height: 64, channels: 1, samples: .uint8(labels)).write(to: sample.mask.path)
    }
    var losses: [Double] = []
    for (numerics, stages) in [
      (Numerics.fast, [:]), (.direct, [:]), (.fast, ["encoder": Numerics.direct]),
    ] as [(Numerics, [String: Numerics])] {
      configuration.numerics = numerics
      configuration.stageNumerics = stages
      let task = try configuration.makeTask(isNew: true)
      // Large scores, so that rounding in them is more than that of the loss.
      var state = task.network.stateDict
      let weight = try #require(state["head.weight"])
      state["head.weight"] = try Tensor(
        shape: weight.shape, scalars: weight.scalars(Float.self).map { $0 * 2000 })
      try task.network.loadStateDict(state, source: "test")
      let own = try task.validate().loss
      // The network of the report is another object with the same weights.
      let copy = try task.description.makeNetwork()
      try copy.loadStateDict(task.network.stateDict, source: "test")
      #expect(try task.validation(of: copy, task.description).evaluate().loss == own)
      losses.append(own)
    }
    #expect(Set(losses).count == 3, "numerics must differ for this to show anything: \(losses)")
  }

  @Test func manyClassesAndSharedImagesAreSaidInALine() throws {
    let folder = try TemporaryFolder()
    var configuration = try cells(folder)
    #expect(
      try configuration.makeTask(isNew: true).introduction
        == "5 training and 1 validation image; classes background, foreground")
    let data = try configuration.datasets()
    for sample in data.training.samples + data.validation.samples {
      let labels = (0..<sample.width * sample.height).map { UInt8($0 % 200) }
      try Image(width: sample.width, height: sample.height, channels: 1, samples: .uint8(labels))
        .write(to: sample.mask.path)
    }
    configuration.maskEncoding = .indices
    configuration.classes = (0...200).map { "class-\($0)" }
    // 255 is no index below 201.
    configuration.ignoreIndex = 255
    let introduction = try configuration.makeTask(isNew: true).introduction
    #expect(introduction.contains("201 classes: class-0, class-1") && introduction.count < 200)
    configuration.validationImages = configuration.images
    configuration.validationMasks = configuration.masks
    #expect(
      try configuration.makeTask(isNew: true).introduction.hasPrefix(
        "6 training and 6 validation images (which the network is trained on too); "))
  }

  @Test func whatIsIgnoredMustBeInTheMasks() throws {
    let folder = try TemporaryFolder()
    var configuration = try cells(folder)
    func message() -> String {
      do {
        try configuration.check()
        _ = try configuration.datasets()
        return "none"
      } catch {
        return "\(error)"
      }
    }
    configuration.ignoreColor = "red"
    #expect(message().contains("ignore-color: expected a colour such as #ffffff, got red"))
    configuration.ignoreColor = "#ff0000"
    #expect(message().contains("ignore-color: expected ignore-index in its place"))
    configuration.classes = ["background 0 0 0", "cell 255 255 255"]
    configuration.maskEncoding = .colors
    #expect(message() == "none")
    configuration.ignoreColor = nil
    configuration.ignoreIndex = 3
    #expect(
      message().contains("ignore-index: expected ignore-color in its place, since masks are colours, got 3"))
  }
}
