import Martlet
import Testing

@testable import MartletTraining

@Suite struct ClassificationReportTests {
  @Test func isThatOfScikitLearn() throws {
    for example in try MetricFixture.load().reports {
      var confusion = ConfusionMatrix(classCount: example.classes)
      try confusion.add(
        truth: MetricFixture.digits(example.truth), prediction: MetricFixture.digits(example.prediction))
      let report = ClassificationReport(confusion)
      func numbers(_ row: ClassificationReport.Row) -> [Double] {
        [row.precision, row.recall, row.f1, Double(row.support)]
      }
      let rows = (report.classes + [report.macroAverage, report.weightedAverage]).flatMap(numbers)
      let expected = (example.rows + [example.macro, example.weighted]).flatMap { $0 }
      #expect(rows.count == expected.count)
      for (a, b) in zip(rows, expected) { #expect(agrees(a, b, within: 1e-14), "\(rows), \(expected)") }
      #expect(agrees(confusion.cohensKappa, example.kappa.number, within: 1e-14))
    }
  }

  @Test func nothingAtAll() {
    let report = ClassificationReport(ConfusionMatrix(classCount: 2))
    #expect(report.accuracy.isNaN)
    #expect(report.weightedAverage.f1 == 0 && report.macroAverage.support == 0)
    #expect(ConfusionMatrix(classCount: 2).cohensKappa.isNaN)
  }
}
