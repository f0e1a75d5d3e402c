import ArgumentParser
import Martlet
import MartletTraining

/// Where the time of a training step goes.
struct StepProfile: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile", abstract: "Show how long each node of a U-Net's training step takes.")

  @OptionGroup var workload: Workload
  @Option(help: "Runs of which each node's fastest counts.") var runs = 5
  @Flag(help: "Add up the nodes of each operation.") var byOperation = false

  func run() throws {
    let network = try workload.makeNetwork()
    let optimizer = Adam()
    let batch = [try workload.images(), try workload.targets()]
    let step = try TrainingStep(
      model: network, optimizer: optimizer, state: OptimizerState(optimizer, for: network),
      batch: batch.map(\.type)
    ) { try Loss.crossEntropy(network($0[0]), $0[1]) }
    try printProfile(
      of: step, batch: batch, names: network.namesByIdentity, runs: runs, byOperation: byOperation)
  }
}

/// Prints the fastest of some runs of each node of a training step.
func printProfile(
  of step: TrainingStep, batch: [Tensor], names: [ObjectIdentifier: String], runs: Int, byOperation: Bool
) throws {
  var fastest: [Double] = []
  for run in 0..<max(1, runs) {
    let times = try step.nodeTimes(batch, step: run).map { $0 / .milliseconds(1) }
    fastest = fastest.isEmpty ? times : zip(fastest, times).map { min($0, $1) }
  }
  let listing = step.listing(names: names)
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
