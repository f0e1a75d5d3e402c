import Martlet
import MartletKernels
import Synchronization

/// Patches for one step.
public struct VolumeBatch: Sendable {
  /// The epoch that the batch is of, as it was asked for.
  public let epoch: Int
  /// The batch's position in its epoch.
  public let index: Int
  /// Where the patches' volumes are in the dataset.
  public let volumeIndices: [Int]
  /// Normalised values, float32 [N, C, D, H, W], channels last in memory.
  public let images: Tensor
  /// N × D × H × W classes, or ``LabelMap/ignored``.
  public let labels: [UInt8]

  /// The number of patches, N.
  public var count: Int { images.shape[0] }

  /// The labels as a tensor of uint8 [N, D, H, W].
  public func labelTensor() throws -> Tensor {
    let shape = [images.shape[0]] + images.shape[2...]
    return try Tensor(type: TensorType(shape, .uint8)) { _ = $0.initialize(from: labels) }
  }
}

/// Makes batches of patches of a dataset's volumes, on a thread of its own ahead of whoever uses them.
///
/// An epoch goes through the volumes in an order of its own and takes ``VolumeSampling/patchesPerVolume`` patches of each,
/// one after the other. What a batch holds follows from the seed, the epoch and its position alone.
public struct VolumeLoader: Sendable {
  /// What volumes are loaded from.
  public let dataset: VolumeDataset
  /// Patches of each batch but the last, which may have fewer.
  public let batchSize: Int
  /// The size of patches, and how they are chosen.
  public let sampling: VolumeSampling
  /// What is done to values before patches are changed, for as many channels as the dataset has.
  public let normalization: VolumeNormalization
  /// The random changes of patches.
  public let augmentation: VolumeAugmentation
  /// What orders, places and changes of patches follow from.
  public let seed: UInt64
  /// Batches that are made ahead. With 0 each is made when it is asked for, by the caller.
  public let prefetchCount: Int
  private let scales = ScaleCache()

  /// - Parameter prefetchCount: Batches that are made ahead. With 0 each is made when it is asked for, by the caller.
  /// - Throws: ``MartletError`` naming the argument that cannot be meant.
  public init(
    _ dataset: VolumeDataset, batchSize: Int, sampling: VolumeSampling, normalization: VolumeNormalization,
    augmentation: VolumeAugmentation = .none, seed: UInt64 = 0, prefetchCount: Int = 2
  ) throws {
    try require(dataset.count > 0, "loader", "expected a dataset with volumes, got an empty one")
    try BatchLoader.check(batchSize: batchSize, "loader")
    try require(prefetchCount >= 0, "loader", "expected 0 or more batches made ahead, got \(prefetchCount)")
    try require(
      normalization.channels == dataset.channels, "loader",
      "expected a normalization of \(counted(dataset.channels, "channel")), got \(normalization.channels)")
    try sampling.check()
    self.dataset = dataset
    self.batchSize = batchSize
    self.sampling = sampling
    self.normalization = normalization
    self.augmentation = augmentation
    self.seed = seed
    self.prefetchCount = prefetchCount
  }

  /// Patches in an epoch.
  public var sampleCount: Int { dataset.count * sampling.patchesPerVolume }

  /// Batches in an epoch.
  public var batchCount: Int { (sampleCount + batchSize - 1) / batchSize }

  /// An epoch's batches from a position on, made ahead. Letting go of the result stops its thread.
  public func batches(epoch: Int, startingAt start: Int = 0) -> VolumeBatches {
    let order: [Int] = EpochOrder.shuffled(dataset.count, seed: seed, epoch: epoch)
    let loader = self
    return VolumeBatches(
      Prefetcher(
        range: min(max(start, 0), batchCount)..<batchCount, depth: prefetchCount, threadCount: 1
      ) { index, isCancelled in
        try loader.batch(index, order, epoch: epoch, isCancelled)
      })
  }

  private func batch(
    _ index: Int, _ order: [Int], epoch: Int, _ isCancelled: () -> Bool
  ) throws -> VolumeBatch {
    let positions = Array(index * batchSize..<min((index + 1) * batchSize, sampleCount))
    let volumes = positions.map { order[$0 / sampling.patchesPerVolume] }
    let (size, channels) = (sampling.size, dataset.channels)
    var labels = [UInt8](repeating: 0, count: positions.count * size.count)
    let type = TensorType([positions.count, channels] + size.lengths, .float32, .channelsLast)
    let images = try Tensor(type: type) { (pixels: UnsafeMutableBufferPointer<Float>) in
      try labels.withUnsafeMutableBufferPointer { labels in
        for (place, position) in positions.enumerated() {
          if isCancelled() { throw CancellationError() }
          let volume = volumes[place]
          let sample = try dataset.load(volume)
          // The n-th patch of a volume is the same wherever the volume is in the epoch.
          let number = volume * sampling.patchesPerVolume + position % sampling.patchesPerVolume
          let patch = patch(
            of: sample, dataset.samples[volume].classVoxels,
            AugmentationDraws(seed: seed, epoch: epoch, sampleIndex: number))
          let values = place * size.count * channels..<(place + 1) * size.count * channels
          try patch.write(
            sample, scales.scales(volume) { try normalization.scales(of: sample.volume) },
            to: UnsafeMutableBufferPointer(rebasing: pixels[values]),
            labels: UnsafeMutableBufferPointer(
              rebasing: labels[place * size.count..<(place + 1) * size.count]))
        }
      }
    }
    return VolumeBatch(epoch: epoch, index: index, volumeIndices: volumes, images: images, labels: labels)
  }

  private func patch(
    of sample: LabeledVolume, _ classVoxels: [Int], _ draws: AugmentationDraws
  ) -> VolumePatch {
    var generator = draws.key(.crop).generator
    let start = sampling.start(
      in: sample.labels, sample.volume.size, classVoxels: classVoxels, &generator)
    var steps = draws.key(.quarterTurns).generator
    let transform = VolumeTransform(
      augmentation, isSquare: sampling.size.height == sampling.size.width, &steps, noise: draws.key(.grain))
    return VolumePatch(start: start, size: sampling.size, transform: transform)
  }
}

/// The batches of an epoch, in order.
public final class VolumeBatches: Sendable {
  private let prefetcher: Prefetcher<VolumeBatch>

  init(_ prefetcher: Prefetcher<VolumeBatch>) { self.prefetcher = prefetcher }

  /// The next batch, waiting for it if need be; `nil` at the end of the epoch and after ``cancel()``.
  ///
  /// - Throws: ``MartletError`` of the file that could not be read. Later calls throw it again.
  public func next() throws -> VolumeBatch? { try prefetcher.next() }

  /// Stops making batches.
  public func cancel() { prefetcher.cancel() }
}

/// How the values of volumes are scaled, which takes a look at all of a volume's.
private final class ScaleCache: Sendable {
  private let known = Mutex<[Int: [ValueScale]]>([:])

  func scales(_ index: Int, _ make: () throws -> [ValueScale]) rethrows -> [ValueScale] {
    if let scales = known.withLock({ $0[index] }) { return scales }
    let scales = try make()
    known.withLock { $0[index] = scales }
    return scales
  }
}
