import Martlet
import MartletKernels

/// A slice of a prediction that no further window changes.
public struct PredictedSlice {
  /// The slice's number in the volume.
  public let z: Int
  /// Each voxel's likeliest class, the first of equals: [height, width].
  public let labels: UnsafeBufferPointer<UInt8>
  /// Each voxel's share of each class, classes side by side.
  public let probabilities: UnsafeBufferPointer<Float>
}

/// Predicts volumes window by window, as MONAI's `sliding_window_inference`: windows overlap, and what they give is joined
/// as ``WindowBlend`` says. Volumes that are smaller than a window are in the middle of one, with zeros around.
///
/// Sums of scores are held for as many slices as a window has, and passed on slice by slice from the first.
public struct VolumeWindows {
  /// A batch of one window, float32 [1, C, D, H, W] with channels last, and where it begins in the volume; gives its
  /// probabilities [1, classes, D, H, W], channels last.
  public typealias Network = (Tensor, _ start: [Int]) throws -> Tensor

  /// The size of windows, in voxels.
  public let window: VolumeSize
  /// The share of a window along each axis that the next one has too: 0 up to, but without, 1.
  public let overlap: Double
  /// How much each voxel of a window counts where windows overlap.
  public let blend: WindowBlend
  /// What is done to a volume's values before the network has them.
  public let normalization: VolumeNormalization
  /// Classes that the network tells apart, 1 to 255.
  public let classCount: Int

  /// - Throws: ``MartletError`` when the layout cannot be meant.
  public init(
    window: VolumeSize, overlap: Double = 0.25, blend: WindowBlend = .gaussian,
    normalization: VolumeNormalization, classCount: Int
  ) throws {
    try VolumeSampling(size: window).check()
    try require(
      overlap >= 0 && overlap < 1, "overlap", "expected a number from 0 up to, but without, 1, got \(overlap)"
    )
    try require(
      (1...LabelMap.largestClassCount).contains(classCount), "classes",
      "expected 1 to \(LabelMap.largestClassCount) classes, got \(classCount)")
    self.window = window
    self.overlap = overlap
    self.blend = blend
    self.normalization = normalization
    self.classCount = classCount
  }

  /// Bytes that joining windows takes for a volume of a size, besides the volume and the network.
  public func byteCount(_ volume: VolumeSize) -> Int {
    min(window.depth, volume.depth).saturatingProduct(volume.area).saturatingProduct(4 * classCount + 5)
  }

  /// The labels of what a window covers, ``LabelMap/ignored`` where it reaches beyond the volume.
  public func labels(of sample: LabeledVolume, at start: [Int]) -> [UInt8] {
    var labels = [UInt8](repeating: 0, count: window.count)
    labels.withUnsafeMutableBufferPointer {
      VolumePatch(start: start, size: window).write(sample.labels, sample.volume.size, to: $0)
    }
    return labels
  }

  /// Predicts a volume and passes on its slices from the first to the last.
  ///
  /// - Throws: ``MartletError`` when the volume has other channels; whatever the network and `body` throw.
  public func predict(
    _ volume: Volume, _ network: Network, _ body: (PredictedSlice) throws -> Void
  ) throws {
    let scales = try normalization.scales(of: volume)
    let starts = zip(volume.size.lengths, window.lengths).map {
      WindowPositions(length: $0, size: $1, overlap: overlap).starts
    }
    let band = SliceBand(volume.size, window, classCount: classCount, weights: blend.weights(window.lengths))
    let type = TensorType([1, volume.channels] + window.lengths, .float32, .channelsLast)
    let expected = TensorType([1, classCount] + window.lengths, .float32, .channelsLast)
    for (index, z) in starts[0].enumerated() {
      for y in starts[1] {
        for x in starts[2] {
          let patch = VolumePatch(start: [z, y, x], size: window)
          let input = try Tensor(type: type) { patch.write(volume, scales, to: $0) }
          let scores = try network(input, patch.start)
          try require(
            scores.type == expected, "sliding window", "expected scores \(expected), got \(scores.type)")
          try scores.withElements { band.add($0, at: patch.start) }
        }
      }
      let end = index + 1 < starts[0].count ? starts[0][index + 1] : volume.size.depth
      try band.finish(max(z, 0)..<end, body)
    }
  }
}
