import Foundation
import Martlet
import MartletData
import MartletModels

/// Writes the page of a segmentation run from what its folder holds.
enum SegmentationReport {
  static func write(
    _ files: RunFolder, configuration: SegmentationConfiguration, task: SegmentationTask
  ) throws {
    let (network, description) = try SegmentationModelDescription.load(files.model)
    let validation = try task.validation(of: network, description)
    let evaluation = try validation.evaluate()
    let report = try ReportData(
      files, task: task, score: "mean_iou",
      figures: [
        ("Mean IoU", evaluation.confusion.meanIntersectionOverUnion),
        ("Mean Dice", evaluation.confusion.meanDice),
        ("Pixel accuracy", evaluation.confusion.pixelAccuracy),
      ],
      sections: [
        ReportImages(examples(evaluation, validation)), ReportClasses(classScores(evaluation, task.classes)),
      ], configuration: configuration)
    try ReportPage.write(report, to: files.report)
  }

  private static func classScores(
    _ evaluation: SegmentationEvaluation, _ classes: [SegmentationClass]
  ) -> [ReportClasses.Item] {
    let palette = ClassPalette(classes)
    let pixels = Double(max(evaluation.confusion.pixelCount, 1))
    return classes.enumerated().map { index, item in
      let color = palette[index]
      return ReportClasses.Item(
        name: item.name, color: index == 0 ? nil : MaskColor(color.red, color.green, color.blue),
        intersectionOverUnion: evaluation.confusion.intersectionOverUnion(index),
        dice: evaluation.confusion.dice(index), precision: evaluation.confusion.precision(index),
        recall: evaluation.confusion.recall(index),
        share: Double(evaluation.confusion.truthCount(index)) / pixels
      )
    }
  }

  private static func examples(
    _ evaluation: SegmentationEvaluation, _ validation: any SegmentationValidation
  ) throws -> [ReportImages.Item] {
    let ranked = evaluation.scoredImages.sorted {
      ($0.meanIntersectionOverUnion, $1.name) > ($1.meanIntersectionOverUnion, $0.name)
    }
    var chosen: [(ReportImages.Item.Rank, SegmentationEvaluation.ImageScore)] = []
    if let best = ranked.first { chosen.append((.best, best)) }
    if ranked.count > 2 { chosen.append((.median, ranked[ranked.count / 2])) }
    if ranked.count > 1, let worst = ranked.last { chosen.append((.worst, worst)) }
    return try chosen.map { rank, score in
      let example = try validation.example(score.index)
      return ReportImages.Item(
        rank: rank, name: score.name, intersectionOverUnion: score.meanIntersectionOverUnion,
        input: example.input,
        truth: example.truth, prediction: example.prediction)
    }
  }
}
