import Martlet
import MartletData
import MartletModels

/// How well a network segments a set of images.
public struct SegmentationEvaluation: Sendable {
  /// One image of the set.
  public struct ImageScore: Hashable, Sendable {
    public var name: String
    /// Position in the dataset.
    public var index: Int
    /// Mean IoU over the image's classes.
    public var meanIntersectionOverUnion: Double
  }

  /// Mean over images, but for batches without a pixel that counts; `nan` when there is no other.
  public var loss: Double
  /// Pixels of the whole set.
  public var confusion: ConfusionMatrix
  public var classNames: [String]
  public var images: [ImageScore]

  /// What decides which epoch is best: the mean IoU over classes, of all pixels together.
  public var score: Double { confusion.meanIntersectionOverUnion }

  /// The figures in the order in which they are shown and kept.
  public var namedMetrics: [(name: String, value: Double)] {
    var metrics = [
      ("pixel_accuracy", confusion.pixelAccuracy), ("mean_iou", confusion.meanIntersectionOverUnion),
      ("mean_dice", confusion.meanDice),
    ]
    for (index, name) in classNames.enumerated() {
      metrics.append(("iou_\(name)", confusion.intersectionOverUnion(index)))
      metrics.append(("dice_\(name)", confusion.dice(index)))
    }
    return metrics
  }
}

/// Runs a network over whole images and compares what it says with their masks.
public final class SegmentationEvaluator {
  private let network: any SegmentationModel
  private let description: SegmentationModelDescription
  private let loss: SegmentationLoss
  private let numerics: Numerics
  private var functions: [[TensorType]: Function] = [:]

  public init(
    network: any SegmentationModel, description: SegmentationModelDescription, loss: SegmentationLoss,
    numerics: Numerics = .current
  ) {
    self.network = network
    self.description = description
    self.loss = loss
    self.numerics = numerics
  }

  /// - Throws: ``MartletError`` when a file cannot be read any more.
  public func evaluate(_ data: SegmentationDataset, batchSize: Int) throws -> SegmentationEvaluation {
    let loader = try BatchLoader(
      data, batchSize: batchSize, frame: .whole(multipleOf: 1), normalization: description.normalization)
    let names = data.classes.map(\.name)
    var total = ConfusionMatrix(classCount: names.count, ignoreIndex: Int(LabelMap.ignored))
    var lossSum = 0.0
    var lossCount = 0
    var images: [SegmentationEvaluation.ImageScore] = []
    let batches = loader.batches(epoch: 0)
    while let batch = try batches.next() {
      let inputs = [batch.images, try batch.labelTensor(.uint8)]
      let results = try function(for: inputs.map(\.type))(inputs)
      if loss.isDefined(for: batch.labels) {
        lossSum += try results[1].cast(to: .float64).item(Double.self) * Double(batch.count)
        lossCount += batch.count
      }
      try results[0].withElements { (classes: UnsafeBufferPointer<UInt8>) in
        let area = batch.height * batch.width
        try batch.labels.withUnsafeBufferPointer { labels in
          for (position, index) in batch.sampleIndices.enumerated() {
            let pixels = position * area..<(position + 1) * area
            var one = ConfusionMatrix(classCount: names.count, ignoreIndex: Int(LabelMap.ignored))
            try one.add(
              truth: UnsafeBufferPointer(rebasing: labels[pixels]),
              prediction: UnsafeBufferPointer(rebasing: classes[pixels]))
            total += one
            images.append(
              .init(
                name: data.samples[index].name, index: index,
                meanIntersectionOverUnion: one.meanIntersectionOverUnion))
          }
        }
      }
    }
    return SegmentationEvaluation(
      loss: lossCount == 0 ? .nan : lossSum / Double(lossCount), confusion: total, classNames: names,
      images: images)
  }

  /// The function from images and labels to classes and loss, recorded once for each shape.
  private func function(for types: [TensorType]) throws -> Function {
    if let known = functions[types] { return known }
    let function = try Function(types, numerics: numerics) { [network, loss] arguments in
      let logits = try network.logits(arguments[0])
      return [try logits.argmax(axis: 1).cast(to: .uint8), try loss(logits, arguments[1])]
    }
    functions[types] = function
    return function
  }
}
