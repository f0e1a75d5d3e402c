import Martlet

/// Makes batches of a dataset, on threads of its own ahead of whoever uses them.
///
/// What a batch holds follows from the seed, the epoch and the batch's position, and from nothing that ran
/// before or beside it: a run that was stopped goes on with `batches(epoch:startingAt:)`.
///
/// ```swift
/// let loader = try BatchLoader(
///   training, batchSize: 8, frame: .window(width: 256, height: 256),
///   normalization: training.normalization(), augmentation: .standard, seed: 1, shuffles: true)
/// let batches = loader.batches(epoch: 0)
/// while let batch = try batches.next() { … }
/// ```
public struct BatchLoader: Sendable {
  /// What samples are loaded from.
  public let dataset: SegmentationDataset
  /// The most samples of a batch. With ``SampleFrame/window(width:height:)`` only the last one can have fewer.
  public let batchSize: Int
  /// What part of each image a batch holds.
  public let frame: SampleFrame
  /// What is done to values last, for as many channels as the dataset has.
  public let normalization: Normalization
  /// The random changes of samples. With ``SampleFrame/whole(multipleOf:)`` none is made.
  public let augmentation: AugmentationPipeline
  /// What orders and changes follow from.
  public let seed: UInt64
  /// Whether each epoch has an order of its own. Otherwise it is the dataset's.
  public let shuffles: Bool
  /// Whether a last batch of fewer samples is left out.
  public let dropsLast: Bool
  /// Batches that are made ahead. With 0 each is made when it is asked for, by the caller.
  public let prefetchCount: Int
  /// Threads that make batches ahead, 1 to 256; no more than ``prefetchCount`` are started.
  public let threadCount: Int

  /// How many samples a batch can have, wherever a number can be given.
  public static let batchSizes = 1...65_536

  /// - Throws: ``MartletError`` for a number of samples that no batch can have.
  package static func check(batchSize: Int, _ operation: String) throws {
    try require(
      batchSizes.contains(batchSize), operation,
      "expected a batch size of \(batchSizes.lowerBound) to \(batchSizes.upperBound), got \(batchSize)")
  }

  /// - Parameters:
  ///   - frame: What part of each image a batch holds. With ``SampleFrame/whole(multipleOf:)`` a batch has
  ///     images of one size only, so that it may be smaller than `batchSize`, and nothing is augmented.
  ///   - augmentation: The random changes of samples, none unless given.
  ///   - shuffles: Whether each epoch has an order of its own. Otherwise it is the dataset's.
  ///   - dropsLast: Whether a last batch of fewer samples is left out.
  ///   - prefetchCount: Batches that are made ahead. With 0 each is made when it is asked for, by the caller.
  ///   - threadCount: Threads that make batches ahead.
  /// - Throws: ``MartletError`` naming the argument that cannot be meant, or where no batch would be left.
  public init(
    _ dataset: SegmentationDataset, batchSize: Int, frame: SampleFrame, normalization: Normalization,
    augmentation: AugmentationPipeline = .none, seed: UInt64 = 0, shuffles: Bool = false,
    dropsLast: Bool = false,
    prefetchCount: Int = 2, threadCount: Int = 1
  ) throws {
    try require(dataset.count > 0, "loader", "expected a dataset with samples, got an empty one")
    try Self.check(batchSize: batchSize, "loader")
    try require(
      !dropsLast || dataset.count >= batchSize, "loader",
      "expected at least \(batchSize) samples for a batch, got \(dataset.count); "
        + "keep the last batch or make batches smaller"
    )
    try require(prefetchCount >= 0, "loader", "expected 0 or more batches made ahead, got \(prefetchCount)")
    try require((1...256).contains(threadCount), "loader", "expected 1 to 256 threads, got \(threadCount)")
    try require(
      normalization.channels == dataset.channels, "loader",
      "expected a normalization of \(dataset.channels) channels, got \(normalization.channels)")
    try frame.check()
    try augmentation.check()
    let wanted = augmentation.cropClass?.classes ?? []
    try require(
      wanted.allSatisfy { $0 < dataset.classes.count }, "augmentation",
      "cropClass.classes: expected class indices below \(dataset.classes.count), got \(wanted)")
    self.dataset = dataset
    self.batchSize = batchSize
    self.frame = frame
    self.normalization = normalization
    self.augmentation = augmentation
    self.seed = seed
    self.shuffles = shuffles
    self.dropsLast = dropsLast
    self.prefetchCount = prefetchCount
    self.threadCount = threadCount
  }

  /// The samples of each batch of an epoch. Every sample comes once, but for a last batch that is dropped.
  public func plan(epoch: Int) -> [[Int]] {
    var plan: [[Int]] = []
    var size: (width: Int, height: Int)?
    for index in order(epoch: epoch) {
      let sample = dataset.samples[index]
      let sampleSize = frame.size(imageWidth: sample.width, imageHeight: sample.height)
      if let last = plan.last, last.count < batchSize, let size, size == sampleSize {
        plan[plan.count - 1].append(index)
      } else {
        plan.append([index])
        size = sampleSize
      }
    }
    if dropsLast, let last = plan.last, last.count < batchSize { plan.removeLast() }
    return plan
  }

  /// Batches of an epoch. With a window it is the same for all.
  public func batchCount(epoch: Int = 0) -> Int { plan(epoch: epoch).count }

  /// The order of an epoch's samples.
  func order(epoch: Int) -> [Int] {
    shuffles ? EpochOrder.shuffled(dataset.count, seed: seed, epoch: epoch) : Array(0..<dataset.count)
  }

  /// An epoch's batches from a position on, made ahead. Letting go of the result stops its threads.
  public func batches(epoch: Int, startingAt start: Int = 0) -> BatchSequence {
    let plan = plan(epoch: epoch)
    let loader = self
    return BatchSequence(
      Prefetcher(
        range: min(max(start, 0), plan.count)..<plan.count, depth: prefetchCount, threadCount: threadCount
      ) { index, isCancelled in
        try loader.batch(plan[index], epoch: epoch, index: index, isCancelled)
      })
  }

  private func batch(
    _ indices: [Int], epoch: Int, index: Int, _ isCancelled: () -> Bool
  ) throws -> SegmentationBatch {
    let first = dataset.samples[indices[0]]
    let (width, height) = frame.size(imageWidth: first.width, imageHeight: first.height)
    let channels = dataset.channels
    let area = width * height
    var labels = [UInt8](repeating: 0, count: indices.count * area)
    let type = TensorType([indices.count, channels, height, width], .float32, .channelsLast)
    let images = try Tensor(type: type) { (pixels: UnsafeMutableBufferPointer<Float>) in
      try labels.withUnsafeMutableBufferPointer { labels in
        for (position, sampleIndex) in indices.enumerated() {
          if isCancelled() { throw CancellationError() }
          let pixelStart = position * area * channels
          let values = UnsafeMutableBufferPointer(
            rebasing: pixels[pixelStart..<pixelStart + area * channels])
          try augmentation.write(
            .init(count: dataset.count, load: dataset.load),
            AugmentationDraws(seed: seed, epoch: epoch, sampleIndex: sampleIndex), frame, normalization,
            WindowPixels(values, width: width, height: height, channels: channels),
            UnsafeMutableBufferPointer(rebasing: labels[position * area..<(position + 1) * area]))
        }
      }
    }
    return SegmentationBatch(
      epoch: epoch, index: index, sampleIndices: indices, images: images, labels: labels)
  }
}

/// The batches of an epoch, in order.
public final class BatchSequence: Sendable {
  private let prefetcher: Prefetcher<SegmentationBatch>

  init(_ prefetcher: Prefetcher<SegmentationBatch>) { self.prefetcher = prefetcher }

  /// The next batch, waiting for it if need be; `nil` at the end of the epoch and after ``cancel()``.
  ///
  /// - Throws: ``MartletError`` of the file that could not be read. Later calls throw it again.
  public func next() throws -> SegmentationBatch? { try prefetcher.next() }

  /// Stops making batches. Threads end after the sample they are at.
  public func cancel() { prefetcher.cancel() }
}
