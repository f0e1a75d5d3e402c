import Foundation
import Martlet
import MartletInterchange
import MartletModels
import Testing

@testable import MartletTraining

/// A tiny network on random images, whose validation gives what it is told to.
private final class StubTask: TrainingTask {
  let network: UNet
  var model: any Module { network }
  let stepsPerEpoch = 2
  let samplesPerEpoch = 4
  var data = "data"
  var batchTypes: [[TensorType]] = []
  /// One an epoch.
  var validations: [ValidationResult]

  init(_ validations: [ValidationResult] = []) throws {
    var configuration = UNet.Configuration()
    configuration.baseChannels = 4
    configuration.depth = 1
    network = try withSeed(1) { try UNet(configuration) }
    self.validations = validations
  }

  static let batch = [
    TensorType([2, 3, 8, 8], .float32, .channelsLast), TensorType([2, 8, 8], .uint8),
  ]

  static func tensors() throws -> [Tensor] {
    let pixels: [Float] = (0..<384).map { (i: Int) -> Float in Float(i % 7) / 7 }
    let image = try Tensor(shape: [2, 3, 8, 8], scalars: pixels).converted(to: .channelsLast)
    return [
      image, try Tensor(shape: [2, 8, 8], scalars: (0..<128).map { (i: Int) -> UInt8 in UInt8(i % 2) }),
    ]
  }

  private final class Batches: BatchSource {
    var left: Int
    init(_ left: Int) { self.left = left }
    func next() throws -> TrainingBatch? {
      left -= 1
      return left < 0 ? nil : TrainingBatch(tensors: try StubTask.tensors(), count: 2)
    }
  }

  func batches(epoch: Int, startingAt step: Int) -> any BatchSource { Batches(stepsPerEpoch - step) }
  func loss(_ batch: [Tensor]) throws -> Tensor { try Loss.crossEntropy(network.logits(batch[0]), batch[1]) }
  func validate() throws -> ValidationResult { validations.removeFirst() }
  func checkData(since earlier: String) throws {
    try require(earlier == data, "stub", "\(earlier) is not \(data)")
  }
  var modelDescription: [String: String] { [:] }
}

private final class SilentObserver: TrainerObserver {
  private let ended: () -> Void

  /// - Parameter ended: Called after each epoch.
  init(_ ended: @escaping () -> Void = {}) { self.ended = ended }

  func trainingStarts(at epoch: Int, of epochs: Int, stepsPerEpoch: Int) {}
  func stepEnded(_ report: StepReport) {}
  func epochEnded(_ report: EpochReport) { ended() }
  func trainingEnded(_ outcome: Trainer.Outcome) {}
}

@Suite struct TrainerTests {
  private let folder: TemporaryFolder
  private let files: TrainingFiles
  private let options = Trainer.Options(optimizer: Adam(), learningRate: 1e-3, epochs: 3, seed: 1)

  init() throws {
    folder = try TemporaryFolder()
    files = TrainingFiles(
      checkpoint: folder.url.appendingPathComponent("checkpoint"),
      model: folder.url.appendingPathComponent("model"))
  }

  private func result(_ loss: Double, _ score: Double) -> ValidationResult {
    ValidationResult(loss: loss, score: score, metrics: [])
  }

  private func failure(
    _ validations: [ValidationResult], ended: @escaping () -> Void = {}
  ) throws -> String {
    let trainer = try Trainer(StubTask(validations), options: options, files: files)
    let error = #expect(throws: MartletError.self) { try trainer.run(observer: SilentObserver(ended)) }
    return error?.message ?? ""
  }

  @Test(arguments: [(Double.nan, 0.5), (-.infinity, 0.5), (0.1, Double.nan)])
  func aValidationThatIsNotFiniteIsNeverBest(loss: Double, score: Double) throws {
    let first = try failure([result(loss, score)])
    #expect(first.contains("after epoch 1") && first.contains("from before the validation"), "\(first)")
    #expect(!FileManager.default.fileExists(atPath: files.model.path))

    var best: Data?
    let second = try failure([result(0.3, 0.2), result(loss, score)]) { [files] in
      best = try? Data(contentsOf: files.model)
    }
    #expect(second.contains("after epoch 2"), "\(second)")
    let progress = try Checkpoint(contentsOf: files.checkpoint).progress
    #expect(progress.epoch == 1 && progress.step == 2)
    // The second epoch, which trained on, must not have replaced the first one's weights.
    #expect(try best != nil && best == Data(contentsOf: files.model))
  }

  @Test func anEpochWhoseValidationFailsIsNotLost() throws {
    let results = [result(0.3, 0.2), result(0.2, 0.3), result(0.1, 0.4)]
    #expect(
      try Trainer(StubTask(results), options: options, files: files).run(observer: SilentObserver())
        == .finished)
    let whole = try Data(contentsOf: files.checkpoint)
    // Nothing comes of the second one.
    #expect(try failure([results[0], result(.nan, .nan)]).contains("epoch 2"))
    let resumed = try Trainer(resuming: StubTask(Array(results[1...])), options: options, files: files)
    #expect(try resumed.run(observer: SilentObserver()) == .finished)
    #expect(try Data(contentsOf: files.checkpoint) == whole)
  }

  @Test func howATrainingEndedIsKept() throws {
    let task = try StubTask([result(0.3, 0.2), result(0.2, 0.1), result(0.1, 0.4)])
    var patient = options
    patient.earlyStopping = 1
    #expect(
      try Trainer(task, options: patient, files: files).run(observer: SilentObserver()) == .stoppedEarly)
    func outcome(_ options: Trainer.Options) throws -> Trainer.Outcome {
      try Trainer(resuming: task, options: options, files: files).run(observer: SilentObserver())
    }
    #expect(try outcome(patient) == .stoppedEarly)
    let all = try StubTask([result(0.3, 0.2), result(0.2, 0.3), result(0.1, 0.4)])
    #expect(try Trainer(all, options: options, files: files).run(observer: SilentObserver()) == .finished)
    var longer = options
    longer.epochs = 5
    #expect(try outcome(longer) == .finished)
  }

  @Test func optionsThatCannotBeMeantAreRefused() throws {
    func message(_ change: (inout Trainer.Options) -> Void) throws -> String {
      var changed = options
      change(&changed)
      let error = #expect(throws: MartletError.self) {
        try Trainer(StubTask(), options: changed, files: files)
      }
      return error?.description ?? ""
    }
    for count in [1e300, .infinity, .nan, -1] {
      #expect(try message { $0.warmUpEpochs = count }.contains("a warm-up of 0 to 1000000 epochs"))
    }
    #expect(try message { $0.epochs = .max }.contains("1 to 1000000 epochs"))
    #expect(try message { $0.rules.accumulation = 0 }.contains("1 or more batches"))
    for number in [-1, 0, Double.nan] {
      #expect(try message { $0.clipNorm = number }.contains("a positive norm"))
    }
    #expect(try message { $0.earlyStopping = 0 }.contains("1 or more epochs, got 0"))
    #expect(try message { $0.learningRate = .nan }.contains("a learning rate of 0 or more"))
    #expect(try message { $0.rules.averageDecay = 1 }.contains("below 1, got 1"))
    #expect(try message { $0.rules.rateFactors = ["encoder": -1] }.contains("got -1.0 for encoder"))
  }

  @Test func whatCannotBeTrainedIsKnownBeforeTheFirstStep() throws {
    func message(_ optimizer: any Optimizer, _ batches: [[TensorType]]) throws -> String {
      let task = try StubTask()
      task.batchTypes = batches
      let options = Trainer.Options(optimizer: optimizer, learningRate: 0.1, epochs: 1, seed: 1)
      let error = #expect(throws: MartletError.self) { try Trainer(task, options: options, files: files) }
      return error?.description ?? ""
    }
    func batch(_ count: Int, _ side: Int) -> [TensorType] {
      [
        TensorType([count, 3, side, side], .float32, .channelsLast), TensorType([count, side, side], .uint8),
      ]
    }
    #expect(try message(SGD(nesterov: true), [batch(2, 8)]).contains("[sgd_step]"))
    // The last batch of an epoch has one image, of which the deepest level has one pixel.
    let single = try message(Adam(), [batch(2, 2), batch(1, 2)])
    #expect(single.contains("a batch [1, 3, 2, 2] cannot be trained on"), "\(single)")
    #expect(single.contains("expected more than 1 value per channel"), "\(single)")
    let large = try message(Adam(), [batch(8, 32768)])
    #expect(large.contains("TiB, more than the ") && large.contains("of this machine"), "\(large)")
  }

  @Test func otherDataIsRefusedAndOldCheckpointsAreNot() throws {
    let task = try StubTask([result(0.3, 0.2), result(0.2, 0.3), result(0.1, 0.4)])
    #expect(try Trainer(task, options: options, files: files).run(observer: SilentObserver()) == .finished)
    task.data = "other"
    let error = #expect(throws: MartletError.self) {
      try Trainer(resuming: task, options: options, files: files)
    }
    #expect(error?.message == "data is not other")

    var old = try Checkpoint(contentsOf: files.checkpoint)
    old.data = nil
    try old.write(to: files.checkpoint)
    #expect(try Trainer(resuming: task, options: options, files: files).isFinished)
  }

  @Test func stateIsLoadedWholeOrNotAtAll() throws {
    let network = try StubTask().network
    let state = try OptimizerState(Adam(), for: network)
    var other = state.stateDict.mapValues { $0 }
    for (name, tensor) in other { other[name] = try tensor + 1 }
    let last = try #require(other.keys.max())
    other[last] = try Tensor.zeros([3, 1, 7])
    let error = #expect(throws: MartletError.self) { try state.load(other) }
    #expect(error?.message.contains(last) == true, "\(error as Any)")
    for (name, tensor) in state.stateDict {
      #expect(try tensor.scalars(Float.self).allSatisfy { $0 == 0 }, "\(name)")
    }
  }

  @Test func theFirstLayerThatIsNotFiniteIsNamedAndNotWhatItSpoils() throws {
    let task = try StubTask()
    let step = try TrainingStep(
      model: task.network, optimizer: Adam(), state: OptimizerState(Adam(), for: task.network),
      batch: StubTask.batch, loss: task.loss)
    let batch = try StubTask.tensors()
    func found() throws -> String? {
      try step.firstNonFinite(batch, step: 0, seed: 1, names: task.network.namesByIdentity)
    }
    #expect(try found() == nil)

    var state = task.network.stateDict
    let shape = try #require(state["encoder.0.bn1.running_var"]).shape
    state["encoder.0.bn1.running_var"] = try Tensor(
      shape: shape, scalars: [Float](repeating: .nan, count: shape[0]))
    try task.network.loadStateDict(state, source: "test")
    #expect(try found() == nil, "training writes running statistics and does not read them")

    let weight = try #require(state["encoder.0.conv1.weight"])
    let values = try weight.scalars(Float.self)
    state["encoder.0.conv1.weight"] = try Tensor(shape: weight.shape, scalars: values.map { $0 * 1e38 * 100 })
    let isFinite = try #require(state["encoder.0.conv1.weight"]).scalars(Float.self).allSatisfy(\.isFinite)
    try task.network.loadStateDict(state, source: "test")
    let text = try #require(try found())
    #expect(
      isFinite
        ? text.hasPrefix("the output of encoder.0.conv1 (") : text == "the parameter encoder.0.conv1.weight",
      "\(text)")
  }
}
