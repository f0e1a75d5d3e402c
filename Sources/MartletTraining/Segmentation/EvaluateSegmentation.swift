import Foundation
import Martlet
import MartletData

/// Measures a run's network on images with masks: what `martlet evaluate` does.
///
/// - Parameters:
///   - run: A run folder, or a weights file if images are given.
///   - images: Folder of images; `nil` for the run's own validation images, which its checkpoint names.
/// - Throws: ``MartletError`` when the run or the images cannot be read, or a validation image is gone.
public func evaluateSegmentation(
  _ run: URL, images: URL?, masks: URL?, format: DatasetFormat = .auto, batchSize: Int,
  numerics: Numerics = .current
) throws -> SegmentationEvaluation {
  try require(batchSize > 0, "evaluate", "expected a batch size of 1 or more, got \(batchSize)")
  let (network, description) = try SegmentationModelDescription.load(runOrWeights: run)
  let data: SegmentationDataset
  if let images, let masks {
    data = try SegmentationDataset(
      images: images, masks: masks, format: format, options: description.options)
  } else {
    let files = RunFolder(run)
    let configuration = try ConfigurationFile.read(files.configuration, as: SegmentationConfiguration.self)
    let hasCheckpoint = FileManager.default.fileExists(atPath: files.checkpoint.path)
    // Checkpoints of earlier versions name no images; what the configuration gives is then all that is known.
    if hasCheckpoint, let recorded = try Checkpoint.data(of: files.checkpoint) {
      data = try configuration.validationData(
        of: DataFingerprint(text: recorded), options: description.options)
    } else {
      data = try configuration.datasets().validation
    }
  }
  let loss = try SegmentationLoss("cross-entropy", classWeights: [], classCount: network.classCount)
  return try SegmentationEvaluator(network: network, description: description, loss: loss, numerics: numerics)
    .evaluate(data, batchSize: batchSize)
}

extension SegmentationEvaluation {
  private struct Document: Encodable {
    struct ClassFigures: Encodable {
      var name: String
      var iou: Double?
      var dice: Double?
      var pixels: Int
    }
    struct ImageFigures: Encodable {
      var name: String
      var meanIou: Double?
    }
    var images: Int
    var loss: Double?
    var pixelAccuracy: Double?
    var meanIou: Double?
    var meanDice: Double?
    var foregroundIou: Double?
    var meanImageIou: Double?
    var classes: [ClassFigures]
    var perImage: [ImageFigures]
  }

  /// Mean over images of each image's mean IoU.
  public var meanImageScore: Double {
    images.reduce(0) { $0 + $1.meanIntersectionOverUnion } / Double(max(images.count, 1))
  }

  /// All figures as JSON; a figure that does not exist, such as the IoU of a class that is nowhere, is left out.
  public func json() throws -> String {
    func known(_ value: Double) -> Double? { value.isFinite ? value : nil }
    let document = Document(
      images: images.count, loss: known(loss), pixelAccuracy: known(confusion.pixelAccuracy),
      meanIou: known(confusion.meanIntersectionOverUnion), meanDice: known(confusion.meanDice),
      foregroundIou: known(confusion.foregroundIntersectionOverUnion), meanImageIou: known(meanImageScore),
      classes: classNames.indices.map {
        .init(
          name: classNames[$0], iou: known(confusion.intersectionOverUnion($0)),
          dice: known(confusion.dice($0)),
          pixels: confusion.truthCount($0))
      },
      perImage: images.map { .init(name: $0.name, meanIou: known($0.meanIntersectionOverUnion)) })
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    return String(decoding: try encoder.encode(document), as: UTF8.self)
  }

  /// All figures as a table for a terminal.
  public var table: String {
    func figure(_ value: Double) -> String { value.isFinite ? String(format: "%8.4f", value) : "       –" }
    let width = max(10, classNames.map(\.count).max() ?? 0)
    func padded(_ text: String) -> String { text + String(repeating: " ", count: max(0, width - text.count)) }
    var lines = [padded("class") + "       IoU      Dice"]
    for (index, name) in classNames.enumerated() {
      lines.append(
        padded(name) + "  " + figure(confusion.intersectionOverUnion(index)) + "  "
          + figure(confusion.dice(index)))
    }
    lines.append(
      padded("mean") + "  " + figure(confusion.meanIntersectionOverUnion) + "  " + figure(confusion.meanDice))
    lines.append("")
    lines.append(
      "\(counted(images.count, "image")): loss\(figure(loss)), pixel accuracy\(figure(confusion.pixelAccuracy)), "
        + "foreground IoU\(figure(confusion.foregroundIntersectionOverUnion)), mean over images\(figure(meanImageScore))"
    )
    return lines.joined(separator: "\n")
  }
}
