import ArgumentParser

/// The workers that `Benchmarks/bench.py` runs beside those of other frameworks, and measurements of single kernels.
@main
struct MartletBench: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "martlet-bench", abstract: "Measure Martlet.",
    subcommands: [
      TrainingStepWorker.self, InferenceWorker.self, ColdStartWorker.self, ConvolutionWorker.self,
      RecommendationStepWorker.self, RecommendationRankWorker.self, LossReplay.self, StepProfile.self,
      MachineLimits.self, TileShare.self, AlgorithmChoice.self, RoundingErrors.self, ConformanceWorker.self,
    ])
}
