import Martlet
import MartletData
import Testing

@testable import MartletTraining

@Suite struct SegmentationMeterTests {
  private let ignored = LabelMap.ignored

  private func meter(_ measures: SegmentationMeasures) throws -> SegmentationMeter {
    var meter = try SegmentationMeter(classCount: 2, measures: measures, spacing: [1, 1])
    // What is ignored would otherwise join the prediction's two objects, and be far from the truth.
    _ = try meter.add(
      .init(
        width: 5, height: 1, truth: [1, 0, ignored, ignored, 1], prediction: [1, 0, 1, 1, 1],
        confidences: [0.9, 0.8, 0.5, 0.5, 0.7]))
    return meter
  }

  @Test func whatIsIgnoredCountsNowhere() throws {
    let meter = try meter(.all)
    #expect(meter.confusion.pixelCount == 3)
    #expect(meter.statistics.images.count == 1)
    let instances = try #require(meter.instances)
    #expect(instances.truthCount == 2 && instances.predictionCount == 2 && instances.averagePrecision == 1)
    #expect(try #require(meter.surfaces).classes[1].averageDistance == 0)
    #expect(try #require(meter.calibration).bins.reduce(0) { $0 + $1.count } == 3)
  }

  @Test func onlyWhatIsAskedForIsMeasured() throws {
    let meter = try meter([.instances])
    #expect(meter.instances != nil && meter.surfaces == nil && meter.calibration == nil)
  }

  @Test func jsonHoldsWhatWasMeasured() throws {
    let meter = try meter(.all)
    var evaluation = SegmentationEvaluation(
      loss: 0.5, confusion: meter.confusion, classNames: ["background", "cell"],
      images: [.init(name: "a", index: 0, meanIntersectionOverUnion: 1)], statistics: meter.statistics,
      calibration: meter.calibration, instances: meter.instances, surfaces: meter.surfaces)
    for key in ["hausdorff95", "average_precision", "expected_calibration_error", "micro-imagewise"] {
      #expect(try evaluation.json().contains("\"\(key)\""), "\(key)")
    }
    #expect(evaluation.table.contains("average precision  1.0000"))
    #expect(evaluation.table.contains("distances of cell"))
    evaluation.instances = nil
    #expect(try !evaluation.json().contains("\"average_precision\""))
  }

  @Test func newFiguresOfAnEpochComeLast() {
    let names = SegmentationEvaluation(classNames: ["a", "b"]).namedMetrics.map(\.name)
    #expect(
      names == [
        "pixel_accuracy", "mean_iou", "mean_dice", "iou_a", "dice_a", "iou_b", "dice_b", "cohens_kappa",
        "precision_a", "recall_a", "precision_b", "recall_b",
      ])
  }

  @Test func anEvaluationOfNothingCanBeWritten() throws {
    let evaluation = SegmentationEvaluation(classNames: ["a", "b"])
    #expect(try evaluation.json().contains("\"images\" : 0"))
    #expect(!evaluation.table.isEmpty)
  }
}
