import Martlet
import MartletKernels

/// How patches are chosen in volumes.
public struct VolumeSampling: Hashable, Sendable {
  /// Of a patch: at most 8,388,608 voxels in all.
  public var size: VolumeSize
  /// Patches of each volume in an epoch, which follow each other.
  public var patchesPerVolume: Int
  /// The share of patches that have a voxel of the foreground in their middle, as far as the volume's border allows: first
  /// a class of those that the volume has is drawn, then one of its voxels, so that rare classes are seen as often as
  /// frequent ones. nnU-Net takes a third.
  public var foregroundShare: Double

  public init(size: VolumeSize, patchesPerVolume: Int = 4, foregroundShare: Double = 1.0 / 3) {
    self.size = size
    self.patchesPerVolume = patchesPerVolume
    self.foregroundShare = foregroundShare
  }

  /// The most voxels of a patch: 192 along each axis and some more.
  static let largestVoxelCount = 1 << 23

  /// - Throws: ``MartletError`` naming what cannot be meant.
  public func check() throws {
    let count = size.lengths.reduce(1) { $0.saturatingProduct(max($1, 0)) }
    try require(
      size.lengths.allSatisfy { $0 > 0 } && count <= Self.largestVoxelCount, "size",
      "expected patches of up to \(Self.largestVoxelCount) voxels, such as 64 or 32x64x64, got \(size)")
    try require(
      (1...65536).contains(patchesPerVolume), "patches", "expected 1 to 65536, got \(patchesPerVolume)")
    try require(
      (0...1).contains(foregroundShare), "foreground-share",
      "expected a share from 0 to 1, got \(foregroundShare)"
    )
  }

  /// Draws where a patch begins: anywhere that it fits, or around a voxel of the foreground.
  func start(
    in labels: [UInt8], _ volume: VolumeSize, classVoxels: [Int], _ generator: inout PhiloxGenerator
  ) -> [Int] {
    let isAroundForeground = generator.uniform() < foregroundShare
    let places = (0..<3).map { _ in generator.uniform() }
    let room = zip(volume.lengths, size.lengths).map { $0 - $1 }
    let present = classVoxels.indices.dropFirst().filter { classVoxels[$0] > 0 }
    guard isAroundForeground, !present.isEmpty else {
      return zip(room, places).map { $0 > 0 ? min(Int($1 * Double($0 + 1)), $0) : -(-$0 / 2) }
    }
    let item = present[generator.index(below: present.count)]
    let voxel = Self.voxel(generator.index(below: classVoxels[item]), of: UInt8(item), in: labels)
    let middle = [voxel / volume.area, voxel / volume.width % volume.height, voxel % volume.width]
    return (0..<3).map { axis in
      room[axis] > 0
        ? min(max(middle[axis] - size.lengths[axis] / 2, 0), room[axis]) : -(-room[axis] / 2)
    }
  }

  /// The place of the n-th voxel of a class.
  private static func voxel(_ number: Int, of item: UInt8, in labels: [UInt8]) -> Int {
    labels.withUnsafeBufferPointer { labels in
      var left = number
      for index in labels.indices where labels[index] == item {
        if left == 0 { return index }
        left -= 1
      }
      return 0
    }
  }
}
