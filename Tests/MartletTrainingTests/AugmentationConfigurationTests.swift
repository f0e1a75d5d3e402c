import Martlet
import MartletData
import Testing

@testable import MartletTraining

/// Augmentation step by step in a YAML file.
@Suite struct AugmentationConfigurationTests {
  private func parsed(_ text: String) throws -> SegmentationConfiguration {
    try ConfigurationFile.parse(text, as: SegmentationConfiguration.self, source: "run.yaml")
  }

  private func error(_ text: String) -> String {
    do {
      let configuration = try parsed(text)
      try configuration.augmentation.pipeline.check()
      return "none"
    } catch {
      return "\(error)"
    }
  }

  @Test func stepsAreReadWithTheirDefaults() throws {
    let text = """
      augmentation:
        shear: {degrees: 5}
        clahe: {}
        cropClass: {probability: 0.3, classes: [2, 3]}
        cutOut: {labels: ignore}
        mosaic: {probability: 0.25}
      """
    let pipeline = try parsed(text).augmentation.pipeline
    #expect(pipeline.shear == AugmentationShear(degrees: 5))
    #expect(pipeline.clahe == AugmentationCLAHE())
    #expect(pipeline.cropClass == AugmentationClassCrop(probability: 0.3, classes: [2, 3]))
    #expect(pipeline.cutOut == AugmentationCutOut(labels: .ignore))
    #expect(pipeline.mosaic == AugmentationMosaic(probability: 0.25))
    #expect(pipeline.horizontalFlip == nil && pipeline.fill == .reflect)
  }

  @Test func everyStepSurvivesItsFile() throws {
    var configuration = SegmentationConfiguration()
    configuration.augmentation = .pipeline(.complete)
    #expect(try parsed(ConfigurationFile.write(configuration)) == configuration)
  }

  @Test func parametersAreListedForPeople() {
    let lines = AugmentationPipeline.help.split(separator: "\n")
    #expect(lines.contains("rotation(probability=0.5 [0.0 to 1.0], degrees=15.0 [0.0 to 180.0])"))
    #expect(lines.contains("hue(probability=0.5 [0.0 to 1.0], strength=0.1 [0.0 to 0.5])"))
    #expect(lines.contains { $0.hasPrefix("cutOut(") && $0.contains("labels=keep [keep or ignore]") })
    #expect(lines.count == 28)
  }

  @Test func unknownKeysAreToldWithTheNearest() {
    #expect(
      error("augmentation:\n  perspektive: {}\n")
        == "[configuration] run.yaml:2: unknown key perspektive; did you mean perspective?")
    #expect(
      error("augmentation:\n  gridDistortion:\n    cell: 4\n").contains(
        "run.yaml:3: unknown key cell; did you mean cells?"))
    #expect(error("augmentation:\n  blur: {sigma: 4}\n").contains("unknown key sigma; known keys are"))
  }

  @Test func valuesOutOfRangeAreRefused() {
    #expect(
      error("augmentation:\n  hue: {strength: 3}\n")
        == "[augmentation] hue.strength: expected 0.0 to 0.5, got 3.0")
    #expect(
      error("augmentation:\n  blur: {strength: much}\n").contains("run.yaml:2: augmentation.blur.strength"))
    #expect(
      error("augmentation:\n  cutOut: {labels: drop}\n").contains(
        "augmentation.cutOut.labels: expected keep or ignore, got drop"))
  }
}
