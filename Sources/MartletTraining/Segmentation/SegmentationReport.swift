import Foundation
import Martlet
import MartletData
import MartletModels
import Yams

/// Writes the page of a segmentation run from what its folder holds.
enum SegmentationReport {
  static func write(
    _ files: RunFolder, configuration: SegmentationConfiguration, data: SegmentationDataset
  ) throws {
    let (network, description) = try SegmentationModelDescription.load(files.model)
    let predictor = SegmentationPredictor(network: network, description: description)
    let loss = try SegmentationLoss(
      configuration.loss, classWeights: configuration.classWeights, classCount: network.classCount)
    let evaluation = try SegmentationEvaluator(network: network, description: description, loss: loss)
      .evaluate(data, batchSize: configuration.batchSize)
    let columns = RunRecorder.columns(description)
    let rows = try MetricsFile(files.metrics, columns: columns, continuingAt: .max).rows
    func value(_ name: String, _ row: MetricsFile.Row) -> Double {
      columns.firstIndex(of: name).map { row.values[$0] } ?? .nan
    }
    let epochs = rows.map { row in
      ReportData.Epoch(
        epoch: row.epoch, trainingLoss: value("training_loss", row), validationLoss: value("validation_loss", row),
        meanIntersectionOverUnion: value("mean_iou", row), learningRate: value("learning_rate", row))
    }
    var best: ReportData.Epoch?
    for epoch in epochs where epoch.meanIntersectionOverUnion > best?.meanIntersectionOverUnion ?? -1 { best = epoch }
    let report = ReportData(
      name: files.url.lastPathComponent, date: Date(),
      figures: [
        ("Mean IoU", evaluation.confusion.meanIntersectionOverUnion), ("Mean Dice", evaluation.confusion.meanDice),
        ("Pixel accuracy", evaluation.confusion.pixelAccuracy),
      ],
      epochs: epochs, bestEpoch: best?.epoch, classes: classScores(evaluation, data),
      examples: try examples(evaluation, data, predictor), configuration: try settings(configuration))
    try ReportPage.write(report, to: files.report)
  }

  private static func classScores(
    _ evaluation: SegmentationEvaluation, _ data: SegmentationDataset
  ) -> [ReportData.ClassScore] {
    let palette = ClassPalette(data.classes)
    let pixels = Double(max(evaluation.confusion.pixelCount, 1))
    return data.classes.enumerated().map { index, item in
      let color = palette[index]
      return ReportData.ClassScore(
        name: item.name, color: index == 0 ? nil : MaskColor(color.red, color.green, color.blue),
        intersectionOverUnion: evaluation.confusion.intersectionOverUnion(index),
        dice: evaluation.confusion.dice(index), share: Double(evaluation.confusion.truthCount(index)) / pixels)
    }
  }

  private static func examples(
    _ evaluation: SegmentationEvaluation, _ data: SegmentationDataset, _ predictor: SegmentationPredictor
  ) throws -> [ReportData.Example] {
    let ranked = evaluation.images.sorted {
      ($0.meanIntersectionOverUnion, $1.name) > ($1.meanIntersectionOverUnion, $0.name)
    }
    var chosen: [(ReportData.Example.Rank, SegmentationEvaluation.ImageScore)] = []
    if let best = ranked.first { chosen.append((.best, best)) }
    if ranked.count > 2 { chosen.append((.median, ranked[ranked.count / 2])) }
    if ranked.count > 1, let worst = ranked.last { chosen.append((.worst, worst)) }
    return try chosen.map { rank, score in
      let example = try SegmentationExample(data, score.index, predictor)
      return ReportData.Example(
        rank: rank, name: score.name, intersectionOverUnion: score.meanIntersectionOverUnion, input: example.input,
        truth: example.truth, prediction: example.prediction)
    }
  }

  private static func settings(_ configuration: SegmentationConfiguration) throws -> [(key: String, value: String)] {
    let mapping = try Yams.compose(yaml: ConfigurationFile.write(configuration))?.mapping
    return try (mapping ?? [:]).compactMap { key, value in
      guard let key = key.string else { return nil }
      let text = try value.scalar?.string ?? Yams.serialize(node: value)
      return (key, text.trimmingCharacters(in: .whitespacesAndNewlines))
    }
  }
}
