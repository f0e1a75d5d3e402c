import Foundation
import Martlet
import MartletData
import MartletFiles
import MartletModels
import Testing

@testable import MartletTraining

/// Images are measured in whatever pieces memory allows.
@Suite("Evaluation within a limit of memory")
struct SegmentationEvaluatorTests {
  private let folder: TemporaryFolder
  private let network: any SegmentationModel
  private let description: SegmentationModelDescription

  init() throws {
    folder = try TemporaryFolder()
    var options = NetworkOptions()
    options.baseChannels = 4
    options.depth = 2
    description = SegmentationModelDescription(
      model: "unet", network: options, inputChannels: 3, classCount: 2,
      options: SegmentationOptions(
        encoding: .extremes, classes: [SegmentationClass("background"), SegmentationClass("cell")]),
      normalization: .imageNet)
    network = try withSeed(3) { [description] in try description.makeNetwork() }
  }

  private func data(_ sizes: [(width: Int, height: Int)]) throws -> SegmentationDataset {
    for name in ["images", "masks"] { try Folder.create(folder.url.appending(path: name).path) }
    for (index, size) in sizes.enumerated() {
      let count = size.width * size.height
      let image = Image(
        width: size.width, height: size.height, channels: 3,
        samples: .uint8((0..<3 * count).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }))
      try image.write(to: folder.url.appending(path: "images/\(index).png").path)
      let mask = Image(
        width: size.width, height: size.height, channels: 1,
        samples: .uint8((0..<count).map { $0 / 7 % 3 == 0 ? 255 : 0 }))
      try mask.write(to: folder.url.appending(path: "masks/\(index).png").path)
    }
    return try SegmentationDataset(
      images: folder.url.appending(path: "images"), masks: folder.url.appending(path: "masks"),
      options: description.options)
  }

  private func evaluator(_ loss: String = "cross-entropy") throws -> SegmentationEvaluator {
    SegmentationEvaluator(
      network: network, description: description,
      loss: try SegmentationLoss(loss, classWeights: [], classCount: 2))
  }

  /// The classes and the mean of −log p of the truth, from probabilities of windows.
  private func predicted(_ data: SegmentationDataset, _ index: Int) throws -> (labels: [UInt8], loss: Double)
  {
    let sample = try data.load(index)
    let regions = ImageRegions(sample.image)
    let predictor = SegmentationPredictor(borrowing: network, description: description)
    var options = PredictionOptions()
    options.tile = PredictionOptions.standardTile
    var (labels, sum) = ([UInt8](), 0.0)
    try predictor.predict(regions, predictor.plan(for: regions, options)) { rows in
      for (pixel, label) in rows.labels.enumerated() {
        let truth = sample.labels.values[labels.count]
        sum -= log(Double(rows.probabilities[2 * pixel + Int(truth)]))
        labels.append(label)
      }
    }
    return (labels, sum / Double(labels.count))
  }

  @Test("fewer images at once change no figure but rounding")
  func smallerBatches() throws {
    let data = try data([(40, 32), (40, 32), (40, 32), (24, 32), (40, 32), (40, 32)])
    let evaluator = try evaluator()
    let whole = try evaluator.evaluate(data, batchSize: 4, measures: .calibration)
    #expect(whole.images.map(\.index) == Array(0..<6))
    // The batch of three takes more than this, an image less.
    let function = try Function([TensorType([1, 3, 32, 40], .float32, .channelsLast)]) {
      [try network.logits($0[0])]
    }
    let limit = 2 * (function.plan.arenaByteCount + 40 * 32 * 64)
    let parts = try evaluator.evaluate(data, batchSize: 4, measures: .calibration, memoryLimit: limit)
    #expect(parts.confusion == whole.confusion && parts.images == whole.images)
    #expect(abs(parts.loss - whole.loss) < 1e-6 * whole.loss)
    #expect(parts.calibration?.bins.map(\.count) == whole.calibration?.bins.map(\.count))
  }

  @Test("an image that does not fit is measured as it is predicted, in windows")
  func windows() throws {
    let data = try data([(40, 28), (560, 530), (512, 512)])
    let evaluation = try evaluator().evaluate(data, batchSize: 2, measures: .calibration, memoryLimit: 1)
    var confusion = ConfusionMatrix(classCount: 2, ignoreIndex: Int(LabelMap.ignored))
    for index in 0..<3 {
      try confusion.add(truth: data.load(index).labels.values, prediction: predicted(data, index).labels)
    }
    #expect(evaluation.confusion == confusion)
    #expect(evaluation.images.map(\.index) == [0, 1, 2])
    #expect(evaluation.calibration?.bins.reduce(0) { $0 + $1.count } == 40 * 28 + 560 * 530 + 512 * 512)
    for index in [0, 2] {
      // One window: its loss is that of the pixels that the image has.
      let one = try evaluator().evaluate(data.subset([index]), batchSize: 1, memoryLimit: 1)
      #expect(try abs(one.loss - predicted(data, index).loss) < 1e-5)
    }
    // A window of the image's size is the image.
    let own = try evaluator("dice").evaluate(data.subset([2]), batchSize: 1, memoryLimit: 1)
    let whole = try evaluator("dice").evaluate(data.subset([2]), batchSize: 1)
    #expect(own.confusion == whole.confusion && abs(own.loss - whole.loss) < 1e-6)
  }

  @Test("a network whose weights are no numbers is an error", arguments: [Int.max, 1])
  func noNumbers(_ limit: Int) throws {
    var state = network.stateDict
    let bias = try #require(state["head.bias"])
    state["head.bias"] = try Tensor(
      shape: bias.shape, scalars: [Float](repeating: .nan, count: bias.shape[0]))
    try network.loadStateDict(state, source: "test")
    let data = try data([(40, 28)])
    let error = #expect(throws: MartletError.self) {
      try evaluator().evaluate(data, batchSize: 1, measures: .all, memoryLimit: limit)
    }
    #expect(error?.description.contains("no numbers") == true, "\(error?.description ?? "")")
  }

  @Test("an image without a pixel that counts spoils no mean")
  func unscored() throws {
    var evaluation = SegmentationEvaluation(classNames: ["background", "cell"])
    func image(_ name: String, _ score: Double) -> SegmentationEvaluation.ImageScore {
      .init(name: name, index: 0, meanIntersectionOverUnion: score)
    }
    evaluation.images = [image("a", 0.25), image("b", .nan), image("c", 0.75)]
    #expect(evaluation.meanImageScore == 0.5)
    #expect(evaluation.scoredImages.map(\.name) == ["a", "c"])
    #expect(try evaluation.json().contains("\"mean_image_iou\" : 0.5"))
    evaluation.images = [image("b", .nan)]
    #expect(evaluation.meanImageScore.isNaN)
  }
}
