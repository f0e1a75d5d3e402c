import Martlet
import Testing

@testable import MartletTraining

@Suite struct SurfaceDistanceTests {
  @Test func areThoseOfMONAI() throws {
    for example in try MetricFixture.load().surfaces {
      let distances = try SurfaceDistances(
        truth: MetricFixture.digits(example.truth), prediction: MetricFixture.digits(example.prediction),
        shape: example.shape, spacing: example.spacing)
      let title: Comment = "\(example.shape), \(String(describing: example.spacing))"
      #expect(agrees(distances.hausdorff(percentile: 100), example.hausdorff.number), title)
      #expect(agrees(distances.average, example.average.number), title)
      // Between infinite distances MONAI interpolates to what is no number; all of them are infinite.
      let expected =
        example.hausdorff.number == .infinity ? .infinity : example.hausdorff95.number
      #expect(agrees(distances.hausdorff(), expected), title)
    }
  }

  @Test func imagesWithoutTheClassAreNotInItsMean() throws {
    var scores = try SurfaceScores(classCount: 3)
    // Two pixels apart; class 2 in the prediction only; nothing.
    try scores.add(truth: [1, 0, 0, 0], prediction: [0, 0, 1, 2], width: 4, height: 1)
    try scores.add(truth: [0, 0, 0, 0], prediction: [0, 0, 0, 0], width: 4, height: 1)
    try scores.add(truth: [1, 1, 0, 255], prediction: [1, 1, 0, 0], width: 4, height: 1)
    #expect(scores.classes[1].images == 2 && scores.classes[1].missed == 0)
    #expect(scores.classes[1].averageDistance == 1 && scores.classes[1].hausdorff95 == 1)
    #expect(scores.classes[2].images == 0 && scores.classes[2].missed == 1)
    #expect(scores.classes[2].averageDistance.isNaN)
    #expect(scores.classes[0].images == 0)
  }

  @Test func spacingStretches() throws {
    var scores = try SurfaceScores(classCount: 2, spacing: [10, 0.5])
    try scores.add(truth: [1, 0, 0, 0], prediction: [0, 0, 1, 0], width: 4, height: 1)
    #expect(scores.classes[1].averageDistance == 1)
  }

  @Test func whatIsNoMaskIsRefused() {
    func refuse(_ truth: [UInt8], _ shape: [Int], _ spacing: [Double]? = nil) {
      #expect(throws: MartletError.self) {
        try SurfaceDistances(truth: truth, prediction: [0, 1], shape: shape, spacing: spacing)
      }
    }
    refuse([0], [1, 2])
    refuse([0, 1], [2, 2])
    refuse([0, 1], [-1, -2])
    refuse([0, 1], [.max, .max, 2])
    refuse([0, 1], [1, 2], [1])
    refuse([0, 1], [1, 2], [1, 0])
    refuse([0, 1], [1, 2], [1, .nan])
    refuse([0, 1], [1, 2], [1, 1e200])
    #expect(throws: MartletError.self) { try SurfaceScores(classCount: 2, spacing: [1]) }
  }
}
