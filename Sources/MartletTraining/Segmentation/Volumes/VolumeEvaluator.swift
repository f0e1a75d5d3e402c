import Martlet
import MartletData
import MartletModels

/// Runs a network over whole volumes, window by window, and compares what it says with their masks.
public final class VolumeEvaluator {
  private let network: any SegmentationModel
  private let loss: SegmentationLoss
  private let recording: RecordedNetwork
  private let windows: VolumeWindows

  /// - Parameter isFrozen: Whether the network stays as it is: its weights are then prepared once, and it has the task's
  ///   ``Precision``.
  /// - Throws: ``MartletError`` for a network that is not for volumes.
  public init(
    network: any SegmentationModel, description: SegmentationModelDescription, loss: SegmentationLoss,
    numerics: Numerics = .current, isFrozen: Bool = false
  ) throws {
    self.network = network
    self.loss = loss
    recording = RecordedNetwork(isFrozen: isFrozen, numerics: numerics) { arguments in
      let logits = try network.logits(arguments[0])
      return [
        try logits.softmax(axis: 1).converted(to: .channelsLast), try loss(logits, arguments[1]),
      ]
    }
    let volumes = try description.volumeDescription()
    windows = try VolumeWindows(
      window: volumes.window, normalization: volumes.normalization, classCount: network.classCount)
  }

  /// The loss is the mean over windows, those left out in which no voxel counts.
  ///
  /// - Parameters:
  ///   - measures: What is measured beside the counts of voxels. Objects are not looked for in volumes.
  ///   - spacing: The depth, height and width of a voxel, for distances; `nil` for each volume's own.
  /// - Throws: ``MartletError`` when a file cannot be read any more, and for a spacing that is none.
  public func evaluate(
    _ data: VolumeDataset, measures: SegmentationMeasures = [], spacing: [Double]? = nil
  ) throws -> SegmentationEvaluation {
    let names = data.classes.map(\.name)
    var meter = try SegmentationMeter(
      classCount: names.count, measures: measures.subtracting(.instances), spacing: spacing ?? [1, 1, 1],
      axes: 3)
    var evaluation = SegmentationEvaluation(classNames: names)
    var volumeSpacings: [[Double]] = []
    var losses: [Double] = []
    for (index, sample) in data.samples.enumerated() {
      let volume = try data.load(index)
      let spacing = spacing ?? sample.geometry.spacing
      var image = SegmentationMeter.Image(
        shape: sample.size.lengths, spacing: spacing, truth: volume.labels,
        prediction: [], confidences: [])
      try windows.predict(volume.volume) { window, start in
        let labels = windows.labels(of: volume, at: start)
        let results = try recorded(window, labels)
        if loss.isDefined(for: labels) { losses.append(try results[1].cast(to: .float64).item(Double.self)) }
        return results[0]
      } _: { slice in
        image.prediction += slice.labels
        guard measures.contains(.calibration) else { return }
        for (voxel, label) in slice.labels.enumerated() {
          image.confidences.append(slice.probabilities[voxel * network.classCount + Int(label)])
        }
      }
      let counts = try meter.add(image)
      volumeSpacings.append(spacing)
      evaluation.images.append(
        .init(name: sample.name, index: index, meanIntersectionOverUnion: counts.meanIntersectionOverUnion))
    }
    evaluation.loss = losses.isEmpty ? .nan : losses.reduce(0, +) / Double(losses.count)
    evaluation.take(meter)
    evaluation.volumeSpacings = volumeSpacings
    return evaluation
  }

  /// Probabilities and loss of a window.
  private func recorded(_ window: Tensor, _ labels: [UInt8]) throws -> [Tensor] {
    let type = TensorType([1] + windows.window.lengths, .uint8)
    let inputs = [window, try Tensor(type: type) { _ = $0.initialize(from: labels) }]
    return try recording(inputs)
  }
}
