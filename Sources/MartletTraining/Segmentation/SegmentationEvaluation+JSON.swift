import Foundation

extension SegmentationEvaluation {
  /// What ``json()`` writes. Keys are only ever added.
  private struct Document: Encodable {
    struct ClassFigures: Encodable {
      var name: String
      var iou: Double?
      var dice: Double?
      var precision: Double?
      var recall: Double?
      var specificity: Double?
      var pixels: Int
      var distances: Distances?
    }
    struct Distances: Encodable {
      var images: Int
      var missed: Int
      var hausdorff95: Double?
      var averageSurfaceDistance: Double?
    }
    struct ImageFigures: Encodable {
      var name: String
      var meanIou: Double?
    }
    struct VolumeFigures: Encodable {
      struct Item: Encodable {
        var name: String
        var iou: Double?
        var dice: Double?
        var hausdorff95: Double?
        var averageSurfaceDistance: Double?
      }
      var name: String
      var spacing: [Double]
      var meanIou: Double?
      var meanDice: Double?
      var classes: [Item]
    }
    struct Average: Encodable {
      var precision: Double?
      var recall: Double?
      var f1: Double?
    }
    struct Instances: Encodable {
      var images: Int
      var truth: Int
      var predicted: Int
      var averagePrecision: Double?
      var precisions: [Double?]
      var thresholds: [Double]
    }
    struct CalibrationFigures: Encodable {
      struct Bin: Encodable {
        var pixels: Int
        var accuracy: Double?
        var confidence: Double?
      }
      var expectedCalibrationError: Double?
      var maximumCalibrationError: Double?
      var bins: [Bin]
    }
    struct PrecisionFigures: Encodable {
      var name: String
      /// In float32, by name.
      var float32: [String: Double]
      var largestDifference: Double?
      var meanDifference: Double?
      var changedPixels: Double?
    }
    var images: Int
    var loss: Double?
    var lossName: String
    var pixelAccuracy: Double?
    var meanIou: Double?
    var meanDice: Double?
    var foregroundIou: Double?
    var meanImageIou: Double?
    var cohensKappa: Double?
    var macroAverage: Average
    var weightedAverage: Average
    var classes: [ClassFigures]
    /// By measure and reduction.
    var reductions: [String: [String: Double]]
    var instances: Instances?
    var calibration: CalibrationFigures?
    var perImage: [ImageFigures]
    var volumes: [VolumeFigures]?
    var arithmetic: PrecisionFigures?
  }

  /// The images that have a mean IoU: those with a pixel that counts.
  var scoredImages: [ImageScore] { images.filter { !$0.meanIntersectionOverUnion.isNaN } }

  /// Mean over images of each image's mean IoU, without images that have none; `nan` where no image has one.
  public var meanImageScore: Double {
    let scored = scoredImages
    return scored.reduce(0) { $0 + $1.meanIntersectionOverUnion } / Double(scored.count)
  }

  /// All figures as JSON; a figure that does not exist, such as the IoU of a class that is nowhere, is left out.
  public func json() throws -> String {
    let report = ClassificationReport(confusion)
    let document = Document(
      images: images.count, loss: known(loss), lossName: lossName,
      pixelAccuracy: known(confusion.pixelAccuracy),
      meanIou: known(confusion.meanIntersectionOverUnion), meanDice: known(confusion.meanDice),
      foregroundIou: known(confusion.foregroundIntersectionOverUnion), meanImageIou: known(meanImageScore),
      cohensKappa: known(confusion.cohensKappa), macroAverage: average(report.macroAverage),
      weightedAverage: average(report.weightedAverage), classes: classNames.indices.map(classFigures),
      reductions: try reductions(),
      instances: instances.map {
        .init(
          images: $0.images, truth: $0.truthCount, predicted: $0.predictionCount,
          averagePrecision: known($0.averagePrecision), precisions: $0.precisions.map { known($0.value) },
          thresholds: $0.precisions.map(\.threshold))
      },
      calibration: calibration.map {
        .init(
          expectedCalibrationError: known($0.expectedError), maximumCalibrationError: known($0.maximumError),
          bins: $0.bins.map {
            .init(pixels: $0.count, accuracy: known($0.accuracy), confidence: known($0.confidence))
          })
      },
      perImage: images.map { .init(name: $0.name, meanIou: known($0.meanIntersectionOverUnion)) },
      volumes: volumeSpacings.map { $0.enumerated().map(volumeFigures) }, arithmetic: precision.map(figures))
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    return String(decoding: try encoder.encode(document), as: UTF8.self)
  }

  private func figures(_ report: PrecisionReport) -> Document.PrecisionFigures {
    let known = report.metrics.filter { $0.float32.isFinite }.map { ($0.name, $0.float32) }
    return .init(
      name: report.precision.rawValue, float32: Dictionary(known) { first, _ in first },
      largestDifference: report.loss.flatMap { self.known($0.largestDifference) },
      meanDifference: report.loss.flatMap { self.known($0.meanDifference) },
      changedPixels: report.loss.map { Double($0.changedPixels) / Double(max(1, $0.pixels)) })
  }

  private func known(_ value: Double) -> Double? { value.isFinite ? value : nil }

  private func average(_ row: ClassificationReport.Row) -> Document.Average {
    Document.Average(precision: known(row.precision), recall: known(row.recall), f1: known(row.f1))
  }

  private func classFigures(_ index: Int) -> Document.ClassFigures {
    let counts = confusion.pixelCounts(index)
    // Surfaces of the background are not measured.
    let surface = index == 0 ? nil : surfaces?.classes[index]
    return Document.ClassFigures(
      name: classNames[index], iou: known(confusion.intersectionOverUnion(index)),
      dice: known(confusion.dice(index)), precision: known(PixelMeasure.precision.value(counts)),
      recall: known(PixelMeasure.recall.value(counts)),
      specificity: known(PixelMeasure.specificity.value(counts)), pixels: confusion.truthCount(index),
      distances: surface.map {
        .init(
          images: $0.images, missed: $0.missed, hausdorff95: known($0.hausdorff95),
          averageSurfaceDistance: known($0.averageDistance))
      })
  }

  private func volumeFigures(_ index: Int, _ spacing: [Double]) -> Document.VolumeFigures {
    let counts = statistics.images[index]
    let dice = counts.map(PixelMeasure.dice.value)
    return Document.VolumeFigures(
      name: images[index].name, spacing: spacing, meanIou: known(images[index].meanIntersectionOverUnion),
      meanDice: known(meanVolumeDice(index)),
      classes: classNames.indices.map { item in
        let surface = item == 0 ? nil : surfaces?.images[index][item - 1]
        return .init(
          name: classNames[item], iou: known(PixelMeasure.intersectionOverUnion.value(counts[item])),
          dice: known(dice[item]), hausdorff95: surface.flatMap { known($0.hausdorff95) },
          averageSurfaceDistance: surface.flatMap { known($0.averageDistance) })
      })
  }

  /// The mean of a volume's Dice over the classes that truth or prediction have.
  func meanVolumeDice(_ index: Int) -> Double {
    let values = statistics.images[index].map(PixelMeasure.dice.value).filter { !$0.isNaN }
    return values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
  }

  /// Every measure in every reduction, classes weighted by their pixels.
  private func reductions() throws -> [String: [String: Double]] {
    let measures: KeyValuePairs<String, PixelMeasure> = [
      "iou": .intersectionOverUnion, "f1": .dice, "f2": .fScore(beta: 2), "precision": .precision,
      "recall": .recall, "specificity": .specificity, "accuracy": .accuracy,
      "balanced_accuracy": .balancedAccuracy,
    ]
    let pixels = classNames.indices.map { Double(confusion.truthCount($0)) }
    var table: [String: [String: Double]] = [:]
    for (name, measure) in measures {
      for reduction in PixelReduction.allCases {
        let isWeighted = reduction == .weighted || reduction == .weightedImagewise
        if isWeighted && confusion.pixelCount == 0 { continue }
        let value = try statistics.value(measure, reduction, classWeights: isWeighted ? pixels : nil)
        table[name, default: [:]][reduction.rawValue] = known(value)
      }
    }
    return table
  }
}
