import Foundation
import Martlet
import Testing

@testable import MartletTraining

@Suite struct ConfigurationFileTests {
  private func error(_ text: String) -> String {
    do {
      _ = try ConfigurationFile.parse(text, as: SegmentationConfiguration.self, source: "run.yaml")
      return "none"
    } catch {
      return "\(error)"
    }
  }

  @Test func valuesOfAnotherKindAreNamedWithLineAndKey() {
    #expect(
      error("images: a\nepochs: many\n")
        == "[configuration] run.yaml:2: epochs: expected a whole number, got many")
    #expect(
      error("images: a\nmasks: b\nlearning-rate: fast\n").contains(
        "run.yaml:3: learning-rate: expected a number, got fast"))
    #expect(error("seed: -1\n").contains("run.yaml:1: seed: expected a whole number of 0 or more, got -1"))
    #expect(error("batch-norm: 3\n").contains("run.yaml:1: batch-norm: expected true or false, got 3"))
    #expect(error("learning-rate: [1]\n").contains("learning-rate: expected one value, got a list"))
    #expect(error("learning-rate: {a: 1}\n").contains("learning-rate: expected one value, got a mapping"))
    #expect(
      error("class-weights: [1, x]\n").contains("run.yaml:1: class-weights[1]: expected a number, got x"))
    #expect(error("class-weights: 3\n").contains("class-weights: expected a list, got 3"))
    #expect(error("stage-numerics: 3\n").contains("stage-numerics: expected a mapping, got 3"))
    let steps = error("augmentation: [rotation]\n")
    #expect(
      steps.contains("augmentation: expected none, flips, standard, strong or steps such as")
        && steps.hasSuffix(", got a list"), "\(steps)")
    #expect(
      error("augmentation: {rotation: 3}\n").contains("augmentation.rotation: expected a mapping, got 3"))
  }

  @Test func choicesAreListed() {
    #expect(
      error("format: pictures\n").contains(
        "run.yaml:1: format: expected auto, folders, dsb, coco, voc, labelme, cvat, got pictures"))
    #expect(
      error("mask-encoding: grey\n").contains(
        "mask-encoding: expected auto, indices, binary, extremes, nonzero, colors, got grey"))
  }

  private func parsed<Configuration: RunConfiguration>(
    _ text: String, as type: Configuration.Type
  ) throws -> Configuration {
    try ConfigurationFile.parse(text, as: type, source: "run.yaml")
  }

  @Test func aConfigurationSurvivesItsFile() throws {
    var segmentation = SegmentationConfiguration()
    segmentation.images = "a"
    segmentation.clipNorm = 0.5
    segmentation.augmentation = .pipeline(.strong)
    segmentation.epochs = 7
    segmentation.training.learningRateFactors = ["encoder": 0.1, "decoder.0": 2]
    segmentation.stageNumerics = ["encoder.0": .strict]
    let text = try ConfigurationFile.write(segmentation)
    #expect(text.hasPrefix("task: segmentation\nimages: a\n"))
    #expect(try parsed(text, as: SegmentationConfiguration.self) == segmentation)

    var recommendation = RecommendationConfiguration()
    recommendation.timeColumn = ""
    recommendation.cutoffs = [1, 10]
    recommendation.earlyStopping = 0
    recommendation.training.learningRateFactors = ["item_embedding": 0.1]
    let other = try ConfigurationFile.write(recommendation)
    #expect(other.hasPrefix("task: recommendation\n"))
    #expect(try parsed(other, as: RecommendationConfiguration.self) == recommendation)
    #expect(
      recommendation.differences(from: .init()) == [
        "time-column", "early-stopping", "learning-rate-factors", "cutoffs",
      ])
  }

  @Test func numbersAndListsAreWrittenAsPeopleWriteThem() throws {
    var configuration = RecommendationConfiguration()
    configuration.learningRate = 0.0005
    // Text that looks like a number stays text.
    configuration.userColumn = "1e3"
    let text = try ConfigurationFile.write(configuration)
    for line in ["learning-rate: 0.0005", "hidden-dropout: 0.2", "momentum: 0.9"] {
      #expect(text.contains("\n\(line)\n"), "\(line) in \(text)")
    }
    #expect(try parsed(text, as: RecommendationConfiguration.self) == configuration)
    let settings = try Dictionary(
      ConfigurationFile.settings(configuration).map { ($0.key, $0.value) }, uniquingKeysWith: { a, _ in a })
    #expect(settings["cutoffs"] == "5, 10, 20" && settings["user-column"] == "1e3")
    #expect(settings["learning-rate"] == "0.0005")
  }

  @Test func numbersKeepAllTheirDigits() throws {
    for number in [
      1.0 / 3, 0.00031622776601683794, 0.1, 1e-5, 1.2345678901234567, 123456.78901234567, 5e-324,
    ] {
      var configuration = SegmentationConfiguration()
      configuration.learningRate = number
      configuration.training.learningRateFactors = ["encoder": number]
      configuration.classWeights = [1, number]
      configuration.augmentation = .pipeline(.strong)
      let text = try ConfigurationFile.write(configuration)
      let read = try parsed(text, as: SegmentationConfiguration.self)
      #expect(read == configuration, "\(number) in \(text)")
      #expect(read.record == configuration.record)
    }
  }

  @Test func everyKeyIsWritten() throws {
    var all = RecommendationConfiguration()
    all.timeColumn = "t"
    all.weights = "w"
    all.clipNorm = 1
    all.averageDecay = 0.9
    all.training.weightDecay = 0
    let text = try ConfigurationFile.write(all)
    for key in RecommendationConfiguration.keys {
      #expect(text.contains("\n\(key.name):"), "\(key.name)")
    }
  }

  @Test func fewOfManyKeysAreNamed() {
    let text = error("zzz: 1\n")
    #expect(text.contains("unknown key zzz; of ") && text.contains(" known keys the nearest are "), "\(text)")
    #expect(text.count < 300)
  }

  @Test func aRunIsDecidedByAllButPlaces() throws {
    var configuration = SegmentationConfiguration()
    configuration.images = "/a"
    configuration.masks = "/b"
    configuration.learningRateFactors = ["a": 1, "b": 2, "c": 3, "d": 4]
    configuration.clipNorm = .infinity
    configuration.augmentation = .pipeline(.strong)
    let record = configuration.record
    let file = URL(filePath: "run/config.yaml")
    var moved = configuration
    moved.images = "/elsewhere"
    moved.output = "/run"
    #expect(moved.record == record)
    try moved.check(since: record, in: file)
    moved.epochs = 9
    moved.weights = "file"
    moved.mixUp = 0.5
    let error = #expect(throws: MartletError.self) { try moved.check(since: record, in: file) }
    #expect(error?.message.contains("epochs is 9 and was 20") == true, "\(error?.message ?? "")")
    #expect(error?.message.contains("mix-up is 0.5 and was not given") == true)
    let damage = #expect(throws: MartletError.self) { try moved.check(since: "{", in: file) }
    #expect(damage?.operation == "checkpoint")
  }

  @Test func keysOfAnotherTaskAreUnknown() throws {
    let text = "task: recommendation\nhiden-size: 3\n"
    let error = #expect(throws: MartletError.self) {
      try parsed(text, as: RecommendationConfiguration.self)
    }
    #expect(error?.message == "run.yaml:2: unknown key hiden-size; did you mean hidden-size?")
    let images = #expect(throws: MartletError.self) {
      try parsed("images: a\n", as: RecommendationConfiguration.self)
    }
    #expect(
      images?.message == "run.yaml:1: unknown key images; it is a key of files with `task: segmentation`")
    let other = #expect(throws: MartletError.self) { try parsed(text, as: SegmentationConfiguration.self) }
    #expect(other?.message.contains("unknown key hiden-size") == true)
    let task = #expect(throws: MartletError.self) {
      try parsed("task: recommendation\n", as: SegmentationConfiguration.self)
    }
    #expect(task?.message == "run.yaml:1: task: expected segmentation, got recommendation")
  }

  @Test func filesOfEarlierVersionsAreForSegmentation() throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appendingPathComponent("config.yaml")
    func kind(_ text: String) throws -> RunKind {
      try text.write(to: file, atomically: true, encoding: .utf8)
      return try ConfigurationFile.kind(of: file)
    }
    #expect(try kind("images: a\n") == .segmentation)
    #expect(try kind("") == .segmentation)
    #expect(try kind("model: sasrec\ntask: recommendation\n") == .recommendation)
    let error = #expect(throws: MartletError.self) { try kind("epochs: 1\ntask: cooking\n") }
    #expect(
      error?.message.hasSuffix("config.yaml:2: task: expected segmentation or recommendation, got cooking")
        == true)
  }
}
