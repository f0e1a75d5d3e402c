import Martlet
import Testing

@testable import MartletTraining

@Suite struct ConfigurationFileTests {
  private func error(_ text: String) -> String {
    do {
      _ = try ConfigurationFile.parse(text, source: "run.yaml")
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
  }
}
