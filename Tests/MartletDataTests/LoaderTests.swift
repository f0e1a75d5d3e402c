import Foundation
import Martlet
import Testing

@testable import MartletData

struct LoaderTests {
  /// A property, since it must stay until the test is over.
  private let folder: DatasetFolder

  init() throws { folder = try DatasetFolder() }

  /// Fills the folder with samples.
  private func fill(_ count: Int) throws {
    for index in 0..<count {
      let rows = (0..<6).map { y in (0..<7).map { x in UInt8((x * y + index) % 3 == 0 ? 255 : 0) } }
      try folder.addPair("\(index)", rows)
    }
  }

  private func loader(
    batchSize: Int = 3, dropsLast: Bool = false, prefetchCount: Int = 2,
    threadCount: Int = 1, augmentation: AugmentationPipeline = .strong
  ) throws -> BatchLoader {
    let dataset = try folder.dataset()
    return try BatchLoader(
      dataset, batchSize: batchSize, frame: .window(width: 8, height: 4),
      normalization: dataset.normalization(),
      augmentation: augmentation, seed: 7, shuffles: true, dropsLast: dropsLast, prefetchCount: prefetchCount,
      threadCount: threadCount)
  }

  private func all(_ batches: BatchSequence) throws -> [SegmentationBatch] {
    var all: [SegmentationBatch] = []
    while let batch = try batches.next() { all.append(batch) }
    return all
  }

  private func bytes(_ batches: [SegmentationBatch]) throws -> [[Float]] {
    try batches.map { try $0.images.scalars() + $0.labels.map { Float($0) } }
  }

  @Test func everySampleComesOnceInShapesOfTheWindow() throws {
    try fill(8)
    let loader = try loader()
    let batches = try all(loader.batches(epoch: 2))
    #expect(loader.batchCount() == 3)
    #expect(batches.map(\.count) == [3, 3, 2])
    #expect(batches.map(\.index) == [0, 1, 2])
    #expect(batches.flatMap(\.sampleIndices).sorted() == Array(0..<8))
    #expect(batches[0].images.shape == [3, 3, 4, 8])
    #expect(batches[0].images.layout == .channelsLast)
    #expect(batches[0].labels.count == 3 * 4 * 8)
    let labels = try batches[2].labelTensor()
    #expect(labels.shape == [2, 4, 8])
    #expect(try labels.scalars(Int64.self) == batches[2].labels.map { Int64($0) })
    #expect(try batches[2].labelTensor(.int32).scalars(Int32.self) == batches[2].labels.map { Int32($0) })
    #expect(throws: MartletError.self) { try batches[2].labelTensor(.float32) }
  }

  @Test func aBatchHoldsItsSamplesAsRendered() throws {
    try fill(5)
    let loader = try loader()
    for batch in try all(loader.batches(epoch: 4)) {
      let pixels = try batch.images.withElements { (elements: UnsafeBufferPointer<Float>) in Array(elements) }
      for (position, index) in batch.sampleIndices.enumerated() {
        let expected = try loader.augmentation.render(
          loader.dataset.load(index), frame: loader.frame, normalization: loader.normalization, seed: 7,
          epoch: 4,
          sampleIndex: index)
        #expect(Array(pixels[position * 96..<(position + 1) * 96]) == expected.pixels)
        #expect(Array(batch.labels[position * 32..<(position + 1) * 32]) == expected.labels)
      }
    }
  }

  @Test func theLastBatchCanBeDropped() throws {
    try fill(8)
    #expect(try all(loader(dropsLast: true).batches(epoch: 0)).map(\.count) == [3, 3])
    #expect(
      datasetErrorText { try loader(batchSize: 9, dropsLast: true) }.contains("at least 9 samples"))
  }

  @Test func epochsAreShuffledBySeedAlone() throws {
    try fill(8)
    let loader = try loader()
    #expect(loader.plan(epoch: 0) != loader.plan(epoch: 1))
    #expect(loader.plan(epoch: 1) == loader.plan(epoch: 1))
    let inOrder = try BatchLoader(
      loader.dataset, batchSize: 3, frame: loader.frame, normalization: loader.normalization)
    #expect(inOrder.plan(epoch: 1) == [[0, 1, 2], [3, 4, 5], [6, 7]])
  }

  @Test func threadsAndDepthChangeNothing() throws {
    try fill(11)
    let expected = try bytes(all(loader(prefetchCount: 0).batches(epoch: 1)))
    for (depth, threads) in [(1, 1), (2, 1), (3, 2), (8, 4)] {
      let loader = try loader(prefetchCount: depth, threadCount: threads)
      #expect(try bytes(all(loader.batches(epoch: 1))) == expected)
    }
  }

  @Test func mixedSamplesDoNotDependOnThreadsEither() throws {
    try fill(11)
    func loaded(_ depth: Int, _ threads: Int) throws -> [[Float]] {
      let loader = try loader(prefetchCount: depth, threadCount: threads, augmentation: .complete)
      return try bytes(all(loader.batches(epoch: 1)))
    }
    let expected = try loaded(0, 1)
    #expect(try loaded(8, 4) == expected)
    let strong = try bytes(all(loader().batches(epoch: 1)))
    #expect(expected != strong)
  }

  @Test func windowsAreLaidAroundClassesThatThereAre() throws {
    try fill(2)
    var pipeline = AugmentationPipeline.none
    pipeline.cropClass = AugmentationClassCrop(classes: [1, 2])
    let error = datasetErrorText { try loader(augmentation: pipeline) }
    #expect(error.contains("cropClass.classes: expected class indices below 2, got [1, 2]"))
  }

  @Test func anEpochGoesOnWhereItWasLeft() throws {
    try fill(11)
    let loader = try loader()
    let whole = try bytes(all(loader.batches(epoch: 3)))
    let rest = try all(loader.batches(epoch: 3, startingAt: 2))
    #expect(rest.map(\.index) == [2, 3])
    #expect(try bytes(rest) == Array(whole[2...]))
    #expect(try all(loader.batches(epoch: 3, startingAt: 4)).isEmpty)
  }

  @Test func wholeImagesOfOneSizeShareABatch() throws {
    try fill(3)
    try folder.addPair("2b", [[0, 255, 0], [0, 0, 0]])
    let dataset = try folder.dataset()
    let loader = try BatchLoader(
      dataset, batchSize: 4, frame: .whole(multipleOf: 4), normalization: dataset.normalization())
    let batches = try all(loader.batches(epoch: 0))
    #expect(batches.map(\.images.shape) == [[3, 3, 8, 8], [1, 3, 4, 4]])
    #expect(batches[1].labels == [0, 1, 0, 255, 0, 0, 0, 255] + [UInt8](repeating: 255, count: 8))
    let input = try dataset.load(3).image.networkInput(loader.normalization, multipleOf: 4)
    #expect(try input.scalars(Float.self) == batches[1].images.scalars(Float.self))
  }

  @Test func anErrorReachesTheConsumerInItsPlace() throws {
    for depth in [0, 3] {
      try fill(9)
      let loader = try loader(prefetchCount: depth, threadCount: 2)
      let bad = loader.plan(epoch: 0)[1][0]
      try Data("gone".utf8).write(to: loader.dataset.samples[bad].image)
      let batches = loader.batches(epoch: 0)
      #expect(try batches.next()?.index == 0)
      let name = loader.dataset.samples[bad].image.lastPathComponent
      #expect(datasetErrorText { try batches.next() }.contains(name))
      #expect(datasetErrorText { try batches.next() }.contains(name))
    }
  }

  @Test func aCancelledSequenceEnds() throws {
    try fill(9)
    let loader = try loader()
    let batches = loader.batches(epoch: 0)
    _ = try batches.next()
    batches.cancel()
    #expect(try batches.next() == nil)
    #expect(try batches.next() == nil)
  }

  @Test func argumentsAreChecked() throws {
    try fill(2)
    let dataset = try folder.dataset()
    func error(
      _ dataset: SegmentationDataset, batchSize: Int = 1, channels: Int = 3, prefetchCount: Int = 1,
      threads: Int = 1
    ) -> String {
      datasetErrorText {
        try BatchLoader(
          dataset, batchSize: batchSize, frame: .window(width: 4, height: 4),
          normalization: .unit(channels: channels),
          prefetchCount: prefetchCount, threadCount: threads)
      }
    }
    #expect(error(dataset) == "no error")
    #expect(error(dataset.subset([])).contains("empty"))
    #expect(error(dataset, batchSize: 0).contains("got 0"))
    #expect(error(dataset, channels: 1).contains("3 channels, got 1"))
    #expect(error(dataset, prefetchCount: -1).contains("got -1"))
    #expect(error(dataset, threads: 0).contains("got 0"))
  }
}

struct LoaderPrefetchTests {
  @Test func noMoreThanTheDepthIsMadeAhead() throws {
    let made = Counter()
    let prefetcher = Prefetcher(range: 0..<100, depth: 3, threadCount: 2) { number, _ in
      made.add()
      return number
    }
    #expect(try prefetcher.next() == 0)
    // One was taken, so that four may have been started, and never a fifth.
    made.wait(for: 4)
    Thread.sleep(forTimeInterval: 0.05)
    #expect(made.value == 4)
    #expect(try prefetcher.next() == 1)
  }

  @Test func lettingGoEndsTheThreads() throws {
    let ended = Counter()
    let token = Token { ended.add() }
    var prefetcher: Prefetcher<Int>? = Prefetcher(range: 0..<1000, depth: 2, threadCount: 2) {
      [token] number, _ in
      _ = token
      return number
    }
    _ = consume token
    _ = try prefetcher?.next()
    prefetcher = nil
    // What the threads hold on to goes with the last of them.
    ended.wait(for: 1)
    #expect(ended.value == 1)
  }

  @Test func theMakerIsToldThatItIsNotWanted() throws {
    let started = Counter()
    let stopped = Counter()
    let prefetcher = Prefetcher<Int>(range: 0..<1, depth: 1, threadCount: 1) { number, isCancelled in
      started.add()
      while !isCancelled() { Thread.sleep(forTimeInterval: 0.001) }
      stopped.add()
      return number
    }
    started.wait(for: 1)
    prefetcher.cancel()
    stopped.wait(for: 1)
    #expect(try prefetcher.next() == nil)
  }

  @Test(arguments: [0, 1, 3])
  func severalCanTake(depth: Int) async throws {
    let prefetcher = Prefetcher(range: 0..<200, depth: depth, threadCount: 2) { number, _ in number }
    let taken = try await withThrowingTaskGroup(of: [Int].self) { group in
      for _ in 0..<2 {
        group.addTask {
          var numbers: [Int] = []
          while let number = try prefetcher.next() { numbers.append(number) }
          return numbers
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(taken.sorted() == Array(0..<200))
  }

  @Test func whatIsCancelledWhileItIsMadeIsNothing() throws {
    let started = Counter()
    let prefetcher = Prefetcher<Int>(range: 0..<3, depth: 0, threadCount: 0) { _, isCancelled in
      started.add()
      while !isCancelled() { Thread.sleep(forTimeInterval: 0.001) }
      throw CancellationError()
    }
    let thread = Thread {
      started.wait(for: 1)
      prefetcher.cancel()
    }
    thread.start()
    #expect(try prefetcher.next() == nil)
    #expect(try prefetcher.next() == nil)
  }

  /// A count that can be waited for, for a minute at most.
  private final class Counter: @unchecked Sendable {
    private let condition = NSCondition()
    private var count = 0

    var value: Int {
      condition.lock()
      defer { condition.unlock() }
      return count
    }

    func add() {
      condition.lock()
      count += 1
      condition.broadcast()
      condition.unlock()
    }

    func wait(for target: Int) {
      condition.lock()
      defer { condition.unlock() }
      let limit = Date(timeIntervalSinceNow: 60)
      while count < target, condition.wait(until: limit) {}
    }
  }

  private final class Token: Sendable {
    let atEnd: @Sendable () -> Void
    init(_ atEnd: @escaping @Sendable () -> Void) { self.atEnd = atEnd }
    deinit { atEnd() }
  }
}
