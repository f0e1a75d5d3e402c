import Foundation
import MartletData

extension SegmentationEvaluation {
  /// All figures as a table for a terminal.
  public var table: String {
    let width = max(10, classNames.map(\.count).max() ?? 0)
    func padded(_ text: String) -> String { text + String(repeating: " ", count: max(0, width - text.count)) }
    var lines = [padded("class") + "       IoU      Dice  Precision    Recall"]
    func figures(_ iou: Double, _ dice: Double, _ precision: Double, _ recall: Double) -> [String] {
      [figure(iou), figure(dice), " " + figure(precision), figure(recall)]
    }
    for (index, name) in classNames.enumerated() {
      let values = figures(
        confusion.intersectionOverUnion(index), confusion.dice(index), confusion.precision(index),
        confusion.recall(index))
      lines.append(([padded(name)] + values).joined(separator: "  "))
    }
    let means = figures(
      confusion.meanIntersectionOverUnion, confusion.meanDice, confusion.mean(confusion.precision),
      confusion.mean(confusion.recall))
    lines.append(([padded("mean")] + means).joined(separator: "  "))
    lines.append("")
    lines.append(
      "\(counted(images.count, sampleName)): loss (\(lossName))\(figure(loss)), pixel accuracy\(figure(confusion.pixelAccuracy)), "
        + "foreground IoU\(figure(confusion.foregroundIntersectionOverUnion)), mean over \(sampleName)s\(figure(meanImageScore)), "
        + "kappa\(figure(confusion.cohensKappa))")
    if let instances {
      lines.append(
        "instances: \(instances.truthCount) in truth, \(instances.predictionCount) predicted, average precision"
          + figure(instances.averagePrecision))
    }
    if let surfaces {
      for (index, score) in surfaces.classes.enumerated().dropFirst() {
        lines.append(
          "distances of \(classNames[index]): 95% Hausdorff \(figure(score.hausdorff95)), average surface"
            + "\(figure(score.averageDistance)), in \(counted(score.images, sampleName)); missed in \(score.missed)"
        )
      }
    }
    if let calibration { lines.append("calibration error\(figure(calibration.expectedError))") }
    for (index, spacing) in (volumeSpacings ?? []).enumerated() {
      lines.append(
        "\(images[index].name): mean IoU\(figure(images[index].meanIntersectionOverUnion)), mean Dice"
          + "\(figure(meanVolumeDice(index))), spacing \(spacing.map { String(format: "%.4g", $0) }.joined(separator: " "))"
      )
    }
    if let precision { lines += ["", precision.table] }
    return lines.joined(separator: "\n")
  }

  private var sampleName: String { volumeSpacings == nil ? "image" : "volume" }

  private func figure(_ value: Double) -> String {
    value.isFinite ? String(format: "%8.4f", value) : "       –"
  }
}
