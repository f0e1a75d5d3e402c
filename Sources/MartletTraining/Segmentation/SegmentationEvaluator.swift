import Martlet
import MartletData
import MartletModels

/// Runs a network over images and compares what it says with their masks.
///
/// Images go through the network whole, those of one size that follow each other together, as far as a limit of memory
/// allows; an image that is too large by itself goes through it in the windows that it would be predicted in.
public final class SegmentationEvaluator {
  private let network: any SegmentationModel
  private let description: SegmentationModelDescription
  private let loss: SegmentationLoss
  private let numerics: Numerics
  private let isFrozen: Bool
  private var recordings: [Output: RecordedNetwork] = [:]

  /// What is wanted besides the loss.
  private enum Output {
    case classes
    /// And their probabilities.
    case classesAndConfidences
    /// Those of all classes.
    case probabilities
  }

  /// Batches that are made ahead while one is measured.
  private static let prefetchCount = 2

  /// - Parameter isFrozen: Whether the network stays as it is: its weights are then prepared once, and it has the
  ///   ``Precision`` of the task that evaluates it first.
  public init(
    network: any SegmentationModel, description: SegmentationModelDescription, loss: SegmentationLoss,
    numerics: Numerics = .current, isFrozen: Bool = false
  ) {
    self.network = network
    self.description = description
    self.loss = loss
    self.numerics = numerics
    self.isFrozen = isFrozen
  }

  /// - Parameters:
  ///   - batchSize: Images of one size that the network is given at once, where memory allows.
  ///   - measures: What is measured beside the counts of pixels.
  ///   - spacing: The height and the width of a pixel, for distances.
  ///   - memoryLimit: The most bytes that a batch may take, the network's weights aside.
  /// - Throws: ``MartletError`` when a file cannot be read any more, for a spacing that is none, and for a network whose
  ///   probabilities are no numbers, where they are wanted.
  public func evaluate(
    _ data: SegmentationDataset, batchSize: Int, measures: SegmentationMeasures = [],
    spacing: [Double] = [1, 1], memoryLimit: Int = PredictionOptions().memoryLimit
  ) throws -> SegmentationEvaluation {
    var results = Results(
      names: data.classes.map(\.name),
      meter: try SegmentationMeter(
        classCount: data.classes.count, measures: measures, spacing: spacing),
      wantsConfidences: measures.contains(.calibration))
    for part in try parts(of: data, batchSize, memoryLimit, results.output) {
      if part.batchSize > 0 {
        try evaluateWhole(data, part, &results)
      } else {
        for index in part.samples { try evaluateInWindows(data, index, &results) }
      }
    }
    return results.evaluation
  }

  // MARK: What fits

  /// Samples that follow each other, and how many images of one size of them go through the network at once: none where
  /// they go in windows.
  private struct Part {
    var samples: Range<Int>
    var batchSize: Int
  }

  private func parts(
    of data: SegmentationDataset, _ batchSize: Int, _ memoryLimit: Int, _ output: Output
  ) throws -> [Part] {
    try BatchLoader.check(batchSize: batchSize, "evaluate")
    var parts: [Part] = []
    var start = 0
    while start < data.count {
      let first = data.samples[start]
      let end =
        data.samples[start...].firstIndex { ($0.width, $0.height) != (first.width, first.height) }
        ?? data.count
      let wanted = min(end - start, batchSize)
      var fitting = wanted
      while fitting > 0, try byteCount(fitting, first, data.channels, output) > memoryLimit { fitting /= 2 }
      let own = fitting == wanted ? batchSize : fitting
      if let last = parts.last, last.batchSize == own {
        parts[parts.count - 1].samples = last.samples.lowerBound..<end
      } else {
        parts.append(Part(samples: start..<end, batchSize: own))
      }
      start = end
    }
    return parts
  }

  /// Bytes that a batch takes, besides the network's weights, with those that are made ahead.
  private func byteCount(
    _ count: Int, _ sample: SegmentationDataset.Sample, _ channels: Int, _ output: Output
  ) throws -> Int {
    let types = [
      TensorType([count, channels, sample.height, sample.width], .float32, .channelsLast),
      TensorType([count, sample.height, sample.width], .uint8),
    ]
    let pixels = count.saturatingProduct(sample.height).saturatingProduct(sample.width)
    // Values and labels of each batch; classes and confidences of the one that is measured.
    let held = pixels.saturatingProduct((4 * channels + 2) * (Self.prefetchCount + 1) + 5)
    // Where pixels alone are too many nothing is planned for them.
    guard held < 1 << 40 else { return held }
    return try held.saturatingSum(
      recording(output).plan(for: types).arenaByteCount)
  }

  // MARK: Whole images

  private func evaluateWhole(_ data: SegmentationDataset, _ part: Part, _ results: inout Results) throws {
    let loader = try BatchLoader(
      data.subset(Array(part.samples)), batchSize: part.batchSize, frame: .whole(multipleOf: 1),
      normalization: description.normalization, prefetchCount: Self.prefetchCount)
    let batches = loader.batches(epoch: 0)
    while let batch = try batches.next() {
      let inputs = [batch.images, try batch.labelTensor(.uint8)]
      let outputs = try recording(results.output)(inputs)
      if loss.isDefined(for: batch.labels) {
        results.add(loss: try outputs[0].cast(to: .float64).item(Double.self), count: batch.count)
      }
      let classes = try outputs[1].scalars(UInt8.self)
      let confidences = results.wantsConfidences ? try outputs[2].scalars(Float.self) : []
      let area = batch.height * batch.width
      for (position, index) in batch.sampleIndices.enumerated() {
        let pixels = position * area..<(position + 1) * area
        let sample = part.samples.lowerBound + index
        try results.add(
          SegmentationMeter.Image(
            width: batch.width, height: batch.height, truth: Array(batch.labels[pixels]),
            prediction: Array(classes[pixels]),
            confidences: results.wantsConfidences ? Array(confidences[pixels]) : []),
          name: data.samples[sample].name, index: sample)
      }
    }
  }

  // MARK: Windows

  /// The loss is the mean over windows, those left out in which no pixel counts.
  private func evaluateInWindows(_ data: SegmentationDataset, _ index: Int, _ results: inout Results) throws {
    let sample = try data.load(index)
    let (tile, classCount) = (PredictionOptions.standardTile, network.classCount)
    var losses: [Double] = []
    let windows = try SlidingWindow(
      PredictionOptions().layout(tile: tile), normalization: description.normalization,
      classCount: classCount,
      placedNetwork: { [self] images, places in
        let labels = places.flatMap(sample.labels.values(in:))
        let type = TensorType([places.count, tile.height, tile.width], .uint8)
        let inputs = [images, try Tensor(type: type) { _ = $0.initialize(from: labels) }]
        let outputs = try recording(.probabilities)(inputs)
        if loss.isDefined(for: labels) {
          losses.append(try outputs[0].cast(to: .float64).item(Double.self))
        }
        return outputs[1]
      })
    var (prediction, confidences): ([UInt8], [Float]) = ([], [])
    try windows.predict(ImageRegions(sample.image, name: data.samples[index].fileName)) { rows in
      prediction += rows.labels
      guard results.wantsConfidences else { return }
      for (pixel, label) in rows.labels.enumerated() {
        confidences.append(rows.probabilities[pixel * classCount + Int(label)])
      }
    }
    if !losses.isEmpty { results.add(loss: losses.reduce(0, +) / Double(losses.count), count: 1) }
    try results.add(
      SegmentationMeter.Image(
        width: sample.image.width, height: sample.image.height, truth: sample.labels.values,
        prediction: prediction, confidences: confidences),
      name: data.samples[index].name, index: index)
  }

  /// From images and labels to the loss and what else is wanted.
  private func recording(_ output: Output) -> RecordedNetwork {
    if let known = recordings[output] { return known }
    let recording = RecordedNetwork(isFrozen: isFrozen, numerics: numerics) { [network, loss] arguments in
      let logits = try network.logits(arguments[0])
      let value = try loss(logits, arguments[1])
      func classes() throws -> Tensor { try logits.argmax(axis: 1).cast(to: .uint8) }
      func probabilities() throws -> Tensor { try logits.softmax(axis: 1) }
      switch output {
      case .classes: return [value, try classes()]
      case .classesAndConfidences:
        return [value, try classes(), try probabilities().max(axes: [1]).cast(to: .float32)]
      case .probabilities: return [value, try probabilities().converted(to: .channelsLast)]
      }
    }
    recordings[output] = recording
    return recording
  }

  /// What is gathered of the images.
  private struct Results {
    let names: [String]
    var meter: SegmentationMeter
    let wantsConfidences: Bool
    private var lossSum = 0.0
    private var lossCount = 0
    private var images: [SegmentationEvaluation.ImageScore] = []

    init(names: [String], meter: SegmentationMeter, wantsConfidences: Bool) {
      self.names = names
      self.meter = meter
      self.wantsConfidences = wantsConfidences
    }

    var output: Output { wantsConfidences ? .classesAndConfidences : .classes }

    /// - Parameter count: The images that it is the mean of.
    mutating func add(loss: Double, count: Int) {
      lossSum += loss * Double(count)
      lossCount += count
    }

    mutating func add(_ image: SegmentationMeter.Image, name: String, index: Int) throws {
      if !image.confidences.allSatisfy(\.isFinite) { throw MartletError.probabilitiesAreNoNumbers }
      let counts = try meter.add(image)
      images.append(
        .init(name: name, index: index, meanIntersectionOverUnion: counts.meanIntersectionOverUnion))
    }

    var evaluation: SegmentationEvaluation {
      var evaluation = SegmentationEvaluation(classNames: names)
      evaluation.loss = lossCount == 0 ? .nan : lossSum / Double(lossCount)
      evaluation.images = images
      evaluation.take(meter)
      return evaluation
    }
  }
}

extension LabelMap {
  /// The labels of what a window covers, ``ignored`` where it reaches beyond the map.
  fileprivate func values(in window: PixelWindow) -> [UInt8] {
    var labels = [UInt8](repeating: Self.ignored, count: window.width * window.height)
    let columns = max(window.x, 0)..<min(window.x + window.width, width)
    for y in max(window.y, 0)..<min(window.y + window.height, height) {
      let start = (y - window.y) * window.width + columns.lowerBound - window.x
      labels.replaceSubrange(
        start..<start + columns.count,
        with: values[y * width + columns.lowerBound..<y * width + columns.upperBound])
    }
    return labels
  }
}
