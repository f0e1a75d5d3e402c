import Foundation
import Martlet
import MartletInterchange
import MartletKernels
import Testing

@testable import MartletData

@Suite struct VolumePatchTests {
  private static let size = VolumeSize(depth: 2, height: 3, width: 3)
  private static let sample = LabeledVolume(
    volume: Volume(size: size, channels: 2, values: (0..<36).map { Float($0) }),
    labels: (0..<18).map { UInt8($0) })
  private static let same = [ValueScale](
    repeating: ValueScale(lowest: -.infinity, highest: .infinity, mean: 0, factor: 1), count: 2)

  private func written(_ patch: VolumePatch) -> (values: [Float], labels: [UInt8]) {
    var values = [Float](repeating: -1, count: patch.size.count * 2)
    var labels = [UInt8](repeating: 77, count: patch.size.count)
    values.withUnsafeMutableBufferPointer { values in
      labels.withUnsafeMutableBufferPointer { patch.write(Self.sample, Self.same, to: values, labels: $0) }
    }
    return (values, labels)
  }

  @Test("values and labels move together, and what is outside is 0 and ignored")
  func inside() {
    let (values, labels) = written(
      VolumePatch(start: [1, -1, 1], size: VolumeSize(depth: 2, height: 2, width: 2)))
    #expect(labels == [255, 255, 10, 11, 255, 255, 255, 255])
    #expect(values == [0, 0, 0, 0, 10, 28, 11, 29, 0, 0, 0, 0, 0, 0, 0, 0])
  }

  @Test("each flip and turn is another order of the same voxels, four turns and two flips are none")
  func symmetries() {
    var seen: Set<[UInt8]> = []
    for turns in 0..<4 {
      for flips in 0..<8 {
        var patch = VolumePatch(start: [0, 0, 0], size: Self.size)
        patch.transform.quarterTurns = turns
        patch.transform.flips = (0..<3).map { flips >> $0 & 1 == 1 }
        let (values, labels) = written(patch)
        #expect(labels.sorted() == Self.sample.labels)
        #expect(labels.enumerated().allSatisfy { values[2 * $0] == Float($1) })
        seen.insert(labels)
      }
    }
    // The plane has eight symmetries, the depth two.
    #expect(seen.count == 16)
    var patch = VolumePatch(start: [0, 0, 0], size: Self.size)
    patch.transform.quarterTurns = 1
    #expect(written(patch).labels.prefix(9) == [2, 5, 8, 1, 4, 7, 0, 3, 6])
  }

  @Test("patches around the foreground hold its voxel, every class as often")
  func foreground() {
    let volume = VolumeSize(depth: 8, height: 9, width: 10)
    var labels = [UInt8](repeating: 0, count: volume.count)
    labels[volume.count - 1] = 2
    for index in 0..<200 { labels[index] = 1 }
    let sampling = VolumeSampling(size: VolumeSize(depth: 2, height: 3, width: 4), foregroundShare: 1)
    var generator = PhiloxGenerator(seed: 1, stream: 0)
    var rare = 0
    for _ in 0..<200 {
      let start = sampling.start(in: labels, volume, classVoxels: [519, 200, 1], &generator)
      #expect(zip(start, [6, 6, 6]).allSatisfy { (0...$1).contains($0) })
      if start == [6, 6, 6] { rare += 1 }
    }
    #expect((70...130).contains(rare), "\(rare)")
    // Without a foreground, or room, there is no choice of voxels.
    let large = VolumeSampling(size: VolumeSize(depth: 9, height: 12, width: 10))
    #expect(large.start(in: labels, volume, classVoxels: [719, 0, 0], &generator) == [0, -1, 0])
  }

  @Test("batches follow from seed, epoch and position, whatever is cached and made ahead")
  func deterministic() throws {
    let folders = try VolumeFolders()
    for name in ["a", "b", "c"] { try folders.addUsual(name) }
    func batches(_ cache: Int, _ prefetch: Int, epoch: Int, from start: Int = 0, seed: UInt64 = 4) throws
      -> [VolumeBatch]
    {
      let data = try VolumeDataset(images: folders.images, masks: folders.masks, cacheLimit: cache)
      let loader = try VolumeLoader(
        data, batchSize: 2,
        sampling: .init(size: VolumeSize(depth: 2, height: 4, width: 4), patchesPerVolume: 3),
        normalization: data.normalization(.zScore), augmentation: .strong, seed: seed, prefetchCount: prefetch
      )
      let source = loader.batches(epoch: epoch, startingAt: start)
      var all: [VolumeBatch] = []
      while let batch = try source.next() { all.append(batch) }
      return all
    }
    func values(_ batches: [VolumeBatch]) throws -> [[Float]] { try batches.map { try $0.images.scalars() } }
    let first = try batches(1 << 20, 2, epoch: 1)
    #expect(first.map(\.count) == [2, 2, 2, 2, 1])
    let again = try batches(0, 0, epoch: 1)
    #expect(try values(first) == values(again) && first.map(\.labels) == again.map(\.labels))
    #expect(try values(Array(first[2...])) == values(batches(0, 1, epoch: 1, from: 2)))
    #expect(try values(first) != values(batches(0, 0, epoch: 2)))
    #expect(try values(first) != values(batches(0, 0, epoch: 1, seed: 5)))
    #expect(Set(first.flatMap(\.volumeIndices)) == [0, 1, 2])
  }

  @Test func badArguments() throws {
    let folders = try VolumeFolders()
    try folders.addUsual("a")
    let data = try folders.dataset()
    let normal = try data.normalization(.zScore)
    let good = VolumeSampling(size: VolumeSize(depth: 2, height: 2, width: 2))
    for (batch, edit) in [
      (0, { _ in }), (1, { $0.size.depth = 0 }),
      (1, { $0.size = VolumeSize(depth: 256, height: 256, width: 256) }),
      (1, { $0.size.width = .max }), (1, { $0.patchesPerVolume = 0 }), (1, { $0.foregroundShare = .nan }),
    ] as [(Int, (inout VolumeSampling) -> Void)] {
      var sampling = good
      edit(&sampling)
      #expect(throws: MartletError.self) {
        try VolumeLoader(data, batchSize: batch, sampling: sampling, normalization: normal)
      }
    }
  }
}
