import Foundation
import Martlet
import Testing

@testable import MartletTraining

@Suite struct RecommendationResumeTests {
  /// Asks for a stop after each of a few steps.
  private final class Stopping: TrainerObserver {
    var stop = StopSignal()
    var left: Int
    init(after steps: Int) { left = steps }

    func trainingStarts(at epoch: Int, of epochs: Int, stepsPerEpoch: Int) {}
    func stepEnded(_ report: StepReport) {
      left -= 1
      if left == 0 { stop.request() }
    }
    func epochEnded(_ report: EpochReport) {}
    func trainingEnded(_ outcome: Trainer.Outcome) {}
  }

  @Test(arguments: ["cross-entropy", "bpr", "windows"])
  func aStopAnywhereChangesNoByte(choice: String) throws {
    let folder = try TemporaryFolder()
    var configuration = try RecommendationFixture.configuration(in: folder.url)
    if choice == "windows" {
      (configuration.examples, configuration.model, configuration.batchSize) = ("windows", "sasrec", 8)
    } else {
      configuration.loss = choice
    }
    func files(_ name: String) -> TrainingFiles {
      TrainingFiles(
        checkpoint: folder.url.appendingPathComponent("\(name).checkpoint"),
        model: folder.url.appendingPathComponent("\(name).model"))
    }
    func task(isNew: Bool) throws -> (RecommendationTask, Trainer.Options) {
      let task = try configuration.makeTask(isNew: isNew)
      return (task, configuration.training.trainerOptions(stepsPerEpoch: task.stepsPerEpoch))
    }
    let (whole, options) = try task(isNew: true)
    #expect(whole.stepsPerEpoch > 5)
    let outcome = try Trainer(whole, options: options, files: files("whole")).run(
      observer: Stopping(after: .max))
    #expect(outcome == .finished)

    var trainer = try Trainer(task(isNew: true).0, options: options, files: files("parts"))
    var stops = 0
    while true {
      // Within an epoch, at its end, and beyond it.
      let stopping = Stopping(after: [3, whole.stepsPerEpoch - 3, whole.stepsPerEpoch + 2, .max][stops])
      if try trainer.run(stop: stopping.stop, observer: stopping) == .finished { break }
      stops += 1
      trainer = try Trainer(resuming: task(isNew: false).0, options: options, files: files("parts"))
    }
    #expect(stops == 3)
    for path in [\TrainingFiles.checkpoint, \.model] {
      #expect(
        try Data(contentsOf: files("whole")[keyPath: path]) == Data(contentsOf: files("parts")[keyPath: path])
      )
    }
  }
}
