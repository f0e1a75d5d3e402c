import ArgumentParser
import Martlet
import MartletModels
import MartletTraining

/// PAUP as published, on random histories of all lengths.
struct RecommendationWorkload: ParsableArguments {
  @Option(help: "Histories in a batch.") var batch = 256
  @Option(help: "Length of the longest history.") var length = 200
  @Option(help: "Items, the padding item counted.") var items = 3417

  func model() throws -> PAUP {
    var configuration = PAUP.Configuration(itemCount: items - 1)
    configuration.maximumLength = length
    return try withSeed(0) { try PAUP(configuration) }
  }

  /// Items, lengths and targets.
  func histories() throws -> [Tensor] {
    var state: UInt64 = 1
    func random(from low: Int, upTo high: Int) -> Int32 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int32(low + Int(state >> 33) % (high - low + 1))
    }
    let lengths = (0..<batch).map { _ in random(from: 1, upTo: length) }
    let histories = lengths.flatMap { count in
      (0..<length).map { $0 < count ? random(from: 1, upTo: items - 1) : 0 }
    }
    return try [
      Tensor(shape: [batch, length], scalars: histories), Tensor(shape: [batch], scalars: lengths),
      Tensor(shape: [batch], scalars: (0..<batch).map { _ in random(from: 1, upTo: items - 1) }),
    ]
  }

  /// One step of training, as often as it is called.
  func trainingStep() throws -> (step: TrainingStep, batch: [Tensor], names: [ObjectIdentifier: String]) {
    let model = try model()
    let optimizer = Adam()
    let batch = try histories()
    let step = try TrainingStep(
      model: model, optimizer: optimizer, state: OptimizerState(optimizer, for: model),
      batch: batch.map(\.type)
    ) { try model.crossEntropyLoss(items: $0[0], lengths: $0[1], targets: $0[2]) }
    return (step, batch, model.namesByIdentity)
  }
}

/// One training step of PAUP: forward, cross-entropy over all items, backward, Adam.
struct RecommendationStepWorker: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "paup-step", abstract: "Run training steps of PAUP as a worker of the benchmark.")

  @OptionGroup var workload: RecommendationWorkload
  @Flag(help: "Show how long each node takes instead.") var profile = false

  func run() throws {
    if profile {
      let (step, batch, names) = try workload.trainingStep()
      return try printProfile(step.listing(names: names), runs: 5, byOperation: false) {
        try step.nodeTimes(batch, step: $0)
      }
    }
    try serve {
      let (step, batch, _) = try workload.trainingStep()
      var count = 0
      return {
        defer { count += 1 }
        return try step(batch, learningRate: 1e-3, step: count, seed: 0).loss
      }
    } value: {
      $0
    }
  }
}

/// Full ranking by PAUP: what histories come to, the scores of all items, and the rank of one item each.
struct RecommendationRankWorker: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "paup-rank", abstract: "Rank all items by PAUP as a worker of the benchmark.")

  @OptionGroup var workload: RecommendationWorkload

  func run() throws {
    try serve {
      let model = try workload.model()
      let batch = try workload.histories()
      let score = try Function(batch[..<2].map(\.type)) {
        [try model.scores(model.represent(items: $0[0], lengths: $0[1]))]
      }
      let targets = try batch[2].scalars(Int32.self).map(Int.init)
      return {
        let scores = try score(Array(batch[..<2]))[0]
        return try scores.withElements { (scores: UnsafeBufferPointer<Float>) -> Double in
          var sum = 0
          for (row, target) in targets.enumerated() {
            let row = scores[row * workload.items..<(row + 1) * workload.items]
            let wanted = row[row.startIndex + target]
            sum += 1 + row.dropFirst().count { $0 > wanted }
          }
          return Double(sum)
        }
      }
    } value: {
      $0
    }
  }
}
