import Martlet
import Testing

@testable import MartletTraining

@Suite struct PixelStatisticsTests {
  private static let measures: [String: PixelMeasure] = [
    "iou": .intersectionOverUnion, "f1": .dice, "f2": .fScore(beta: 2), "precision": .precision,
    "recall": .recall, "accuracy": .accuracy, "specificity": .specificity,
    "balanced_accuracy": .balancedAccuracy,
  ]

  private static func statistics(_ fixture: MetricFixture.Statistics) throws -> PixelStatistics {
    var statistics = PixelStatistics(classCount: fixture.weights.count)
    for image in fixture.images {
      var confusion = ConfusionMatrix(classCount: fixture.weights.count, ignoreIndex: 9)
      try confusion.add(
        truth: MetricFixture.digits(image.truth), prediction: MetricFixture.digits(image.prediction))
      statistics.add(confusion)
    }
    return statistics
  }

  @Test func everyMeasureAndReductionIsThatOfSMP() throws {
    let fixture = try MetricFixture.load().statistics
    let statistics = try Self.statistics(fixture)
    var seen: Set<String> = []
    for row in fixture.values {
      let measure = try #require(Self.measures[row[0].word])
      let reduction = try #require(PixelReduction(rawValue: row[1].word))
      seen.insert("\(row[0].word) \(row[1].word)")
      let value = try statistics.value(
        measure, reduction, classWeights: row[2].flag ? fixture.weights : nil, zeroDivision: row[3].number)
      #expect(agrees(value, row[4].number), "\(row): \(value)")
    }
    #expect(seen.count == Self.measures.count * PixelReduction.allCases.count)
  }

  @Test func withoutAReductionEachImageAndClassIsThere() throws {
    let fixture = try MetricFixture.load().statistics
    let statistics = try Self.statistics(fixture)
    for (name, expected) in fixture.none {
      let values = statistics.values(try #require(Self.measures[name]))
      #expect(zip(values.joined(), expected.joined()).allSatisfy { agrees($0, $1) }, "\(name)")
      #expect(values.map(\.count) == expected.map(\.count))
    }
  }

  @Test func weightedReductionsNeedWeights() throws {
    var statistics = PixelStatistics(classCount: 2)
    statistics.add(ConfusionMatrix(classCount: 2))
    for reduction in [PixelReduction.weighted, .weightedImagewise] {
      #expect(throws: MartletError.self) { try statistics.value(.recall, reduction) }
    }
    for weights in [[1], [1, -1], [0, 0], [.nan, 1], [.infinity, 1]] {
      #expect(throws: MartletError.self) {
        try statistics.value(.recall, .weighted, classWeights: weights)
      }
    }
  }

  @Test func nothingAtAll() throws {
    let empty = PixelStatistics(classCount: 2)
    #expect(try empty.value(.dice, .micro).isNaN)
    #expect(try empty.value(.dice, .macro) == 1)
    #expect(try empty.value(.dice, .macroImagewise).isNaN)
  }
}
