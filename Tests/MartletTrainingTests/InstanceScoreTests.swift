import Martlet
import MartletData
import Testing

@testable import MartletTraining

@Suite struct InstanceScoreTests {
  @Test func followTheDefinition() throws {
    for example in try MetricFixture.load().instances {
      var scores = InstanceScores()
      for pair in example.pairs {
        try scores.add(
          truth: MetricFixture.digits(pair.truth), prediction: MetricFixture.digits(pair.prediction),
          width: example.width, height: example.height)
      }
      #expect(scores.truthCount == example.truths)
      #expect(scores.predictionCount == example.predictions)
      #expect(scores.images == example.images)
      #expect(agrees(scores.averagePrecision, example.average, within: 1e-14))
      for ((_, value), expected) in zip(scores.precisions, example.precisions) {
        #expect(agrees(value, expected, within: 1e-14))
      }
    }
  }

  /// 3 of 4 pixels is an overlap of 0.75, which is not above the threshold of 0.75.
  @Test func anOverlapMustBeAboveTheThreshold() throws {
    var scores = InstanceScores()
    try scores.add(truth: [1, 1, 1, 1], prediction: [1, 1, 1, 0], width: 4, height: 1)
    #expect(scores.precisions.map(\.value) == [1, 1, 1, 1, 1, 0, 0, 0, 0, 0])
    #expect(scores.precisions.map(\.threshold) == [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95])
  }

  @Test func objectsAreOfOneClassAndFoundByTheirOwn() throws {
    var scores = InstanceScores()
    // Two that touch, of which the prediction has one, and the other as a part of the first.
    try scores.add(truth: [1, 2, 2, 0], prediction: [2, 2, 2, 0], width: 4, height: 1)
    #expect(scores.truthCount == 2 && scores.predictionCount == 1)
    // Two of three pixels: found up to 0.65, and then 1 / (1 + 0 + 1).
    #expect(scores.precisions.map(\.value) == [0.5, 0.5, 0.5, 0.5, 0, 0, 0, 0, 0, 0])

    // The same place and another class is another object, as objects are that predictions are written with.
    var others = InstanceScores()
    try others.add(truth: [1, 1, 0], prediction: [2, 2, 0], width: 3, height: 1)
    #expect(others.averagePrecision == 0)
    let labels = LabelMap(width: 4, height: 1, values: [1, 2, 2, 0])
    #expect(try InstanceMap(labels).objects.count == 2)
  }

  @Test func withoutObjectsThereIsNoScore() throws {
    var scores = InstanceScores()
    #expect(scores.averagePrecision.isNaN)
    try scores.add(truth: [0, 0], prediction: [0, 0], width: 2, height: 1)
    #expect(scores.averagePrecision.isNaN && scores.images == 0)
    try scores.add(truth: [], prediction: [], width: 0, height: 0)
    #expect(throws: MartletError.self) { try scores.add(truth: [0], prediction: [0], width: 2, height: 1) }
    #expect(throws: MartletError.self) {
      try scores.add(truth: [0], prediction: [0], width: .max, height: .max)
    }
    #expect(throws: MartletError.self) { try scores.add(truth: [0], prediction: [0], width: -1, height: -1) }
  }
}
