import Foundation
import Martlet
import MartletModels
import Testing

@testable import MartletTraining

@Suite("Rules of training")
struct TrainingRulesTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func files(_ name: String = "a") -> TrainingFiles {
    TrainingFiles(
      checkpoint: folder.url.appendingPathComponent("\(name).checkpoint"),
      model: folder.url.appendingPathComponent("\(name).model"))
  }

  private func options(
    _ optimizer: any Optimizer = Adam(), epochs: Int = 1, _ rules: (inout TrainingRules) -> Void
  ) -> Trainer.Options {
    var chosen = TrainingRules()
    rules(&chosen)
    return Trainer.Options(optimizer: optimizer, learningRate: 0.1, epochs: epochs, seed: 1, rules: chosen)
  }

  /// The state before and after training.
  private func trained(
    _ task: RulesTask, _ options: Trainer.Options
  ) throws -> (before: [String: [Float]], after: [String: [Float]]) {
    func state() throws -> [String: [Float]] {
      try task.network.stateDict.filter { $0.value.scalar == .float32 }.mapValues {
        try $0.scalars(Float.self)
      }
    }
    let before = try state()
    _ = try Trainer(task, options: options, files: files()).run(observer: StoppingObserver())
    return (before, try state())
  }

  @Test("frozen parts keep parameters and running statistics, and the others learn")
  func freezing() throws {
    let (before, after) = try trained(RulesTask([2, 2]), options { $0.frozen = ["encoder"] })
    for (name, values) in before {
      #expect((after[name] == values) == name.hasPrefix("encoder."), "\(name)")
    }
    let checkpoint = try Checkpoint(contentsOf: files().checkpoint)
    #expect(!checkpoint.optimizer.keys.contains { $0.hasPrefix("encoder.") })
  }

  @Test("a frozen part runs as in inference")
  func frozenMode() throws {
    let task = try RulesTask([2])
    let rules = options { $0.frozen = ["*.bn1", "*.bn2"] }.rules
    let losses = try [Mode.training, .inference].map { mode in
      let function = try withModuleSettings(rules.moduleSettings(of: task.network)) {
        try Function(task.sets[0].map(\.type), mode: mode) { [try task.loss($0)] }
      }
      return try function(task.sets[0])[0].item(Float.self)
    }
    // All that tells training from inference here is batch normalisation.
    #expect(losses[0] == losses[1])
    let function = try Function(task.sets[0].map(\.type), mode: .training) { [try task.loss($0)] }
    #expect(try function(task.sets[0])[0].item(Float.self) != losses[1])
  }

  @Test("the learning rate has a factor for names that match")
  func rateFactors() throws {
    let sgd = SGD()
    let plain = try trained(RulesTask([2]), options(sgd) { _ in })
    let (before, after) = try trained(
      RulesTask([2]),
      options(sgd) { $0.rateFactors = ["encoder": 0.5, "head": 0] })
    for (name, values) in before where !name.contains("running") {
      let factor: Float = name.hasPrefix("encoder.") ? 0.5 : name.hasPrefix("head.") ? 0 : 1
      let whole = try #require(plain.after[name])
      let found = try #require(after[name])
      for index in values.indices {
        let expected = values[index] + factor * (whole[index] - values[index])
        #expect(abs(found[index] - expected) <= 1e-6, "\(name)")
      }
    }
  }

  @Test("several batches a step are one batch of all their images", arguments: [[2, 2], [1, 1, 1, 1]])
  func accumulation(_ sizes: [Int]) throws {
    let one = try trained(RulesTask([4], norm: false), options(SGD()) { _ in })
    let several = try trained(
      RulesTask(sizes, norm: false), options(SGD()) { $0.accumulation = sizes.count })
    for (name, values) in one.after {
      let found = try #require(several.after[name])
      #expect(found != several.before[name])
      for (a, b) in zip(values, found) { #expect(abs(a - b) <= 1e-6, "\(name)") }
    }
  }

  @Test("the epoch's last step takes the batches that are left, and forgets the sums of the one before")
  func accumulationOfTheRest() throws {
    // Two steps: of two batches, and of one.
    let several = try trained(
      RulesTask([2, 2, 2], norm: false), options(SGD()) { $0.accumulation = 2 })
    let pairs = try trained(RulesTask([4, 2], norm: false), options(SGD()) { _ in })
    for (name, values) in pairs.after {
      let found = try #require(several.after[name])
      for (a, b) in zip(values, found) { #expect(abs(a - b) <= 1e-6, "\(name)") }
    }
  }

  @Test(
    "of several batches the one whose gradients are not finite is looked into, wherever it is",
    arguments: [0, 1])
  func notFiniteGradient(_ place: Int) throws {
    let task = try RulesTask([2, 2])
    // A root is 0 where its slope is infinite: where images are.
    task.addition = { images, logits in
      try (logits * images.abs().sum(axes: [1], keepDimensions: true)).square().sum().sqrt()
    }
    var batches = task.sets
    batches[place][0] = try Tensor.full(0, batches[place][0].type)
    let updates = try ModelUpdates(task, options { $0.accumulation = 2 })
    let error = #expect(throws: ModelUpdates.NotFinite.self) {
      try updates.step(batches, learningRate: 0.1, step: 0, update: 0, seed: 1)
    }
    #expect(error?.what.hasPrefix("gradient norm") == true, "\(error as Any)")
    #expect(error?.cause?.hasPrefix("the output of") == true, "\(error as Any)")
  }

  @Test("the average of the weights is validated and kept")
  func average() throws {
    let task = try RulesTask([2])
    let (before, after) = try trained(task, options { $0.averageDecay = 0.9 })
    let checkpoint = try Checkpoint(contentsOf: files().checkpoint)
    var sum = 0.0
    for (name, last) in after.sorted(by: { $0.key < $1.key }) {
      let average = try #require(checkpoint.average[name]).scalars(Float.self)
      let first = try #require(before[name])
      // The first step keeps a tenth.
      for (a, (b, c)) in zip(average, zip(first, last)) { #expect(abs(a - (0.1 * b + 0.9 * c)) <= 1e-6) }
      #expect(try checkpoint.model[name]?.scalars(Float.self) == last)
      sum = average.reduce(sum) { $0 + Double($1) }
    }
    #expect(checkpoint.progress.bestScore == sum)
  }

  @Test(
    "a run with all rules that is stopped and resumed ends with the bytes of one that is not",
    arguments: 1...5)
  func resuming(_ step: Int) throws {
    let rules = options(epochs: 3) {
      $0.frozen = ["encoder.0"]
      $0.rateFactors = ["head": 2]
      $0.accumulation = 2
      $0.averageDecay = 0.8
    }
    func task() throws -> RulesTask { try RulesTask([2, 2, 2], dropout: 0.3) }
    #expect(
      try Trainer(task(), options: rules, files: files("whole")).run(observer: StoppingObserver())
        == .finished)
    let stop = StopSignal()
    let outcome = try Trainer(task(), options: rules, files: files("parts"))
      .run(stop: stop, observer: StoppingObserver(stop, after: step))
    #expect(outcome == .interrupted)
    #expect(
      try Trainer(resuming: task(), options: rules, files: files("parts")).run(observer: StoppingObserver())
        == .finished)
    #expect(
      try Data(contentsOf: files("whole").checkpoint) == Data(contentsOf: files("parts").checkpoint))
    #expect(try Data(contentsOf: files("whole").model) == Data(contentsOf: files("parts").model))
  }

  @Test("a parameter that the loss does not depend on is left alone, by weight decay too")
  func unused() throws {
    final class Half: Module {
      let used: Linear
      let idle: Linear
      init() throws {
        used = try Linear(inputs: 3, outputs: 2)
        idle = try Linear(inputs: 3, outputs: 2)
      }
    }
    let model = try Half()
    let optimizer = AdamW(weightDecay: 0.1)
    let before = try model.stateDict.mapValues { try $0.scalars(Float.self) }
    let type = TensorType([4, 3])
    let step = try TrainingStep(
      model: model, optimizer: optimizer, state: OptimizerState(optimizer, for: model), batch: [type]
    ) { try model.used($0[0]).square().mean() }
    _ = try step([Tensor.ones([4, 3])], learningRate: 0.1, step: 0, seed: 0)
    for (name, tensor) in model.stateDict {
      #expect(try (tensor.scalars(Float.self) == before[name]) == name.hasPrefix("idle"), "\(name)")
    }
  }

  @Test("rules that do not fit are refused by name")
  func refusals() throws {
    func message(_ rules: @escaping (inout TrainingRules) -> Void) throws -> String {
      let error = #expect(throws: MartletError.self) {
        try Trainer(RulesTask([2]), options: options(Adam(), rules), files: files())
      }
      return error?.description ?? ""
    }
    #expect(try message { $0.frozen = ["decodr"] }.contains("got decodr, which matches none"))
    #expect(try message { $0.frozen = ["*"] }.contains("parameters that are not frozen"))
    #expect(try message { $0.rateFactors = ["up": 1, "tail": 2] }.contains("got tail"))
    #expect(
      try message { $0.rateFactors = ["encoder": 1, "*.conv1": 2] }.contains(
        "matches both *.conv1 and encoder"))
    #expect(
      try message {
        $0.frozen = ["encoder"]
        $0.rateFactors = ["encoder.0": 0.1]
      }.contains("got encoder.0, which matches frozen ones alone"))
  }

  @Test("a stage can have numerics of its own")
  func stageNumerics() throws {
    var configuration = UNet.Configuration()
    configuration.baseChannels = 32
    configuration.depth = 1
    let network = try UNet(configuration)
    let type = TensorType([1, 3, 64, 64], .float32, .channelsLast)
    let settings = try Dictionary(
      uniqueKeysWithValues: network.modules(matching: "encoder", for: "test").map {
        (ObjectIdentifier($0), ModuleSettings(numerics: .direct))
      })
    func listing() throws -> [String] {
      let function = try Function([type]) { [try network($0[0])] }
      return function.listing(names: network.namesByIdentity).description.split(separator: "\n").map(
        String.init)
    }
    let mixed = try withModuleSettings(settings, listing)
    #expect(try listing().contains { $0.contains("encoder.1.conv2") && $0.contains("winograd") })
    #expect(!mixed.contains { $0.contains("encoder.1.conv2") && $0.contains("winograd") })
    #expect(mixed.contains { $0.contains("decoder.0.conv2") && $0.contains("winograd") })
    #expect(throws: MartletError.self) { try network.modules(matching: "middle", for: "test") }
  }
}
