import ArgumentParser
import Martlet
import MartletTraining

/// Where the time of a training step, or of a prediction, goes.
struct StepProfile: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile", abstract: "Show how long each node of a network's training step takes.")

  @OptionGroup var workload: Workload
  @Flag(help: "Show a prediction instead.") var inference = false
  @Option(help: "Passes of a prediction to leave out.") var withoutPasses: [String] = []
  @Option(help: "What a prediction's convolutions multiply in: fp32, bf16 or int8, calibrated on the images.")
  var precision = Precision.float32
  @Option(help: "Runs of which each node's fastest counts.") var runs = 5
  @Flag(help: "Add up the nodes of each operation.") var byOperation = false

  func run() throws {
    let network = try workload.makeNetwork()
    let names = network.namesByIdentity
    let images = try workload.images()
    guard inference else {
      let optimizer = Adam()
      let batch = [images, try workload.targets()]
      let step = try TrainingStep(
        model: network, optimizer: optimizer, state: OptimizerState(optimizer, for: network),
        batch: batch.map(\.type)
      ) { try Loss.crossEntropy(network($0[0]), $0[1]) }
      return try printProfile(step.listing(names: names), runs: runs, byOperation: byOperation) {
        try step.nodeTimes(batch, step: $0)
      }
    }
    let predictor = try workload.predictor(network, precision, withoutPasses: withoutPasses)
    let listing = try predictor.listing(for: [images.type], names: names)
    try printProfile(listing, runs: runs, byOperation: byOperation) { _ in try predictor.nodeTimes([images]) }
    print("\(predictor.constantByteCount) bytes of constants, \(listing.arenaByteCount) of arena")
  }
}

/// Prints the fastest of some runs of each node of a plan.
func printProfile(
  _ listing: PlanListing, runs: Int, byOperation: Bool, times: (_ run: Int) throws -> [Duration]
) throws {
  var fastest: [Double] = []
  for run in 0..<max(1, runs) {
    let times = try times(run).map { $0 / .milliseconds(1) }
    fastest = fastest.isEmpty ? times : zip(fastest, times).map { min($0, $1) }
  }
  if byOperation {
    var sums: [String: Double] = [:]
    for (row, time) in zip(listing.rows, fastest) { sums[row.operation, default: 0] += time }
    for (name, sum) in sums.sorted(by: { $0.value > $1.value }) { print("\(rounded(sum)) ms  \(name)") }
  } else {
    for (row, time) in zip(listing.rows, fastest) {
      print(
        "\(rounded(time)) ms  \(row.operation)  \(row.layer)  \(row.outputs.first.map { "\($0)" } ?? "")")
    }
  }
  print("\(rounded(fastest.reduce(0, +))) ms  in all")
}
