import Martlet
import Testing

@testable import MartletTraining

@Suite struct MetricConfusionTests {
  /// Truth and prediction worked out by hand:
  ///   truth       0 0 1 1 1 2 2 2 2 0
  ///   prediction  0 1 1 1 0 2 2 1 0 0
  private func example() throws -> ConfusionMatrix {
    var matrix = ConfusionMatrix(classCount: 3)
    try matrix.add(
      truth: [0, 0, 1, 1, 1, 2, 2, 2, 2, 0] as [UInt8], prediction: [0, 1, 1, 1, 0, 2, 2, 1, 0, 0] as [Int64])
    return matrix
  }

  @Test func countsPixels() throws {
    let matrix = try example()
    #expect(matrix.counts == [2, 1, 0, 1, 2, 0, 1, 1, 2])
    #expect(matrix.pixelCount == 10)
    #expect((0..<3).map(matrix.truthCount) == [3, 3, 4])
    #expect((0..<3).map(matrix.predictionCount) == [4, 4, 2])
    #expect(matrix.count(truth: 2, prediction: 0) == 1)
    #expect(matrix.count(truth: 0, prediction: 2) == 0)
  }

  @Test func measuresFollowTheirDefinitions() throws {
    let matrix = try example()
    #expect(matrix.pixelAccuracy == 6.0 / 10)
    let overlaps: [Double] = [0.4, 0.4, 0.5]
    let dice: [Double] = [4.0 / 7, 4.0 / 7, 2.0 / 3]
    #expect((0..<3).map(matrix.intersectionOverUnion) == overlaps)
    #expect((0..<3).map(matrix.dice) == dice)
    #expect(matrix.meanIntersectionOverUnion == overlaps.reduce(0, +) / 3)
    #expect(matrix.meanDice == dice.reduce(0, +) / 3)
    // Foreground in both: 5 pixels (one of them 2 taken for 1); in either: 8.
    #expect(matrix.foregroundIntersectionOverUnion == 5.0 / 8)
  }

  @Test func foregroundOfTwoClassesIsTheSecondClass() throws {
    var matrix = ConfusionMatrix(classCount: 2)
    try matrix.add(truth: [0, 1, 1, 0, 1, 1], prediction: [0, 1, 0, 1, 1, 1])
    #expect(matrix.foregroundIntersectionOverUnion == matrix.intersectionOverUnion(1))
    #expect(matrix.intersectionOverUnion(1) == 3.0 / 5)
  }

  @Test func absentClassIsLeftOutOfMeans() throws {
    var matrix = ConfusionMatrix(classCount: 4)
    // Class 2 is in neither; class 3 is only predicted, so it counts with 0.
    try matrix.add(truth: [0, 0, 1, 1], prediction: [0, 0, 1, 3])
    #expect(matrix.intersectionOverUnion(2).isNaN)
    #expect(matrix.dice(2).isNaN)
    #expect(matrix.intersectionOverUnion(3) == 0)
    #expect(matrix.meanIntersectionOverUnion == 0.5)
  }

  @Test func nothingAtAllHasNoMeasures() {
    let matrix = ConfusionMatrix(classCount: 2)
    for value in [matrix.pixelAccuracy, matrix.meanIntersectionOverUnion, matrix.meanDice] {
      #expect(value.isNaN)
    }
    #expect(matrix.foregroundIntersectionOverUnion.isNaN)
  }

  @Test func ignoredPixelsDoNotCount() throws {
    var matrix = ConfusionMatrix(classCount: 2, ignoreIndex: 255)
    try matrix.add(truth: [0, 255, 1, 255] as [UInt8], prediction: [0, 1, 1, 0] as [UInt8])
    #expect(matrix.counts == [1, 0, 0, 1])
    // An ignored class can be one of the classes, and -100 is PyTorch's default.
    var inner = ConfusionMatrix(classCount: 2, ignoreIndex: 0)
    try inner.add(truth: [0, 1], prediction: [1, 1])
    #expect(inner.counts == [0, 0, 0, 1])
    var negative = ConfusionMatrix(classCount: 2, ignoreIndex: -100)
    try negative.add(truth: [-100, 1], prediction: [0, 0])
    #expect(negative.counts == [0, 0, 1, 0])
  }

  @Test func batchesAddUp() throws {
    var first = ConfusionMatrix(classCount: 3)
    try first.add(truth: [0, 0, 1, 1], prediction: [0, 1, 1, 1])
    var second = ConfusionMatrix(classCount: 3)
    try second.add(truth: [1, 2, 2, 2, 2, 0], prediction: [0, 2, 2, 1, 0, 0])
    first += second
    #expect(try first == example())
  }

  @Test(arguments: [([3], [0]), ([0], [3]), ([-1], [0]), ([0], [-1])])
  func classOutOfRangeIsNamed(truth: [Int], prediction: [Int]) throws {
    var matrix = ConfusionMatrix(classCount: 3)
    let error = #expect(throws: MartletError.self) {
      try matrix.add(truth: [0] + truth, prediction: [0] + prediction)
    }
    #expect(
      error?.description
        == "[metrics] expected classes 0 to 2, got truth \(truth[0]) and prediction \(prediction[0]) at pixel 1"
    )
    #expect(matrix.pixelCount == 0)
  }

  @Test func numbersOfPixelsMustAgree() throws {
    var matrix = ConfusionMatrix(classCount: 3)
    let error = #expect(throws: MartletError.self) { try matrix.add(truth: [0, 1], prediction: [0]) }
    #expect(error?.message == "expected predictions for 2 pixels, got 1")
  }
}
