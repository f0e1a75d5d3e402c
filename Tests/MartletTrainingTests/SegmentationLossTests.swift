import Martlet
import MartletData
import Testing

@testable import MartletTraining

@Suite struct SegmentationLossTests {
  private func error(_ expression: String, _ weights: [Double] = []) -> String {
    do {
      _ = try SegmentationLoss(expression, classWeights: weights, classCount: 2)
      return "none"
    } catch {
      return "\(error)"
    }
  }

  @Test func factorsAndWeightsThatLearnNothingAreRefused() {
    #expect(error("0*dice").contains("above 0 in front of a loss"))
    #expect(error("0*dice+0*cross-entropy").contains("above 0"))
    #expect(error("cross-entropy+-1*dice").contains("0 or more in front of *dice, got -1"))
    #expect(error("cross-entropy", [0, 0]).contains("expected a class weight above 0"))
    #expect(error("cross-entropy", [1, -1]).contains("0 or more"))
    #expect(error("0*dice+cross-entropy", [0, 1]) == "none")
  }

  @Test func aBatchOfNothingThatCountsHasNoLoss() throws {
    let plain = try SegmentationLoss("cross-entropy", classWeights: [], classCount: 2)
    #expect(!plain.isDefined(for: [LabelMap.ignored, LabelMap.ignored]))
    #expect(plain.isDefined(for: [LabelMap.ignored, 0]))
    let weighted = try SegmentationLoss("cross-entropy", classWeights: [0, 1], classCount: 2)
    #expect(!weighted.isDefined(for: [LabelMap.ignored, 0]))
    #expect(weighted.isDefined(for: [0, 1]))
  }
}
