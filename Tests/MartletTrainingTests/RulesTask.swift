import Martlet
import MartletModels

@testable import MartletTraining

/// A tiny network on random batches.
final class RulesTask: TrainingTask {
  let network: UNet
  var model: any Module { network }
  let sets: [[Tensor]]
  var stepsPerEpoch: Int { sets.count }
  var samplesPerEpoch: Int { sets.count * sets[0][0].shape[0] }
  let data = "data"
  var modelDescription: [String: String] { [:] }
  /// Batches that have no loss: all of their labels are ignored.
  let ignored: Set<Int>
  /// What is added to the loss.
  var addition: ((_ images: Tensor, _ logits: Tensor) throws -> Tensor)?

  /// - Parameter sizes: Images in each batch.
  init(_ sizes: [Int], norm: Bool = true, dropout: Double = 0, ignored: Set<Int> = []) throws {
    self.ignored = ignored
    var configuration = UNet.Configuration()
    configuration.baseChannels = 4
    configuration.depth = 1
    configuration.batchNorm = norm
    configuration.dropout = dropout
    network = try withSeed(1) { try UNet(configuration) }
    var start = 0
    sets = try sizes.enumerated().map { index, size in
      defer { start += size }
      var batch = try Self.batch(start..<start + size)
      if ignored.contains(index) { batch[1] = try Tensor.full(255, batch[1].type) }
      return batch
    }
  }

  /// Some of the batches of another task, and its network.
  init(selecting indices: [Int], of task: RulesTask) {
    network = task.network
    sets = indices.map { task.sets[$0] }
    ignored = []
  }

  /// Images by their numbers, so that the same ones can come in other batches.
  private static func batch(_ images: Range<Int>) throws -> [Tensor] {
    let pixels = try images.map {
      try Tensor.uniform(TensorType([1, 3, 8, 8]), from: -1, to: 1, seed: 3, stream: UInt64($0))
    }
    let labels: [UInt8] = images.flatMap { image in (0..<64).map { UInt8(($0 * 7 + image) % 2) } }
    return [
      try concatenated(pixels, axis: 0).converted(to: .channelsLast),
      try Tensor(shape: [images.count, 8, 8], scalars: labels),
    ]
  }

  private final class Batches: BatchSource {
    private var left: ArraySlice<TrainingBatch>
    init(_ batches: ArraySlice<TrainingBatch>) { left = batches }
    func next() -> TrainingBatch? { left.popFirst() }
  }

  func batches(epoch: Int, startingAt step: Int) -> any BatchSource {
    let batches = sets.enumerated().map { index, tensors in
      TrainingBatch(tensors: tensors, count: tensors[0].shape[0], hasLoss: !ignored.contains(index))
    }
    return Batches(batches[step...])
  }

  func loss(_ batch: [Tensor]) throws -> Tensor {
    let logits = try network.logits(batch[0])
    let loss = try Loss.crossEntropy(logits, batch[1], ignoredIndex: 255)
    return try addition.map { try loss + $0(batch[0], logits) } ?? loss
  }

  /// The sum of all weights as they are at validation: changes with any of them.
  func validate() throws -> ValidationResult {
    let sum = try network.stateDict.sorted { $0.key < $1.key }.reduce(0.0) { sum, entry in
      entry.value.scalar == .float32
        ? try entry.value.scalars(Float.self).reduce(sum) { $0 + Double($1) } : sum
    }
    return ValidationResult(loss: 1, score: sum, metrics: [])
  }
  func checkData(since earlier: String) {}
}

final class StoppingObserver: TrainerObserver {
  private let stop: StopSignal?
  private let step: Int
  private var steps = 0
  private(set) var epochs: [EpochReport] = []

  /// - Parameter step: After how many steps to ask for a stop.
  init(_ stop: StopSignal? = nil, after step: Int = .max) {
    self.stop = stop
    self.step = step
  }

  func trainingStarts(at epoch: Int, of epochs: Int, stepsPerEpoch: Int) {}
  func stepEnded(_ report: StepReport) {
    steps += 1
    if steps == step { stop?.request() }
  }
  func epochEnded(_ report: EpochReport) { epochs.append(report) }
  func trainingEnded(_ outcome: Trainer.Outcome) {}
}
