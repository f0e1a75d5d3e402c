import Martlet
import MartletKernels

/// Numbers of a normal distribution, in memory like that of tensors.
struct Floats {
  let storage: Storage
  let count: Int

  init(_ count: Int, stream: UInt64) throws {
    self.count = count
    storage = try Storage(byteCount: count * MemoryLayout<Float>.stride)
    RandomFill.normal(
      .float32, storage.address, count: count, mean: 0, standardDeviation: 1, seed: 1, stream: stream)
  }

  var address: UnsafeMutableRawPointer { storage.address }
  var pointer: UnsafeMutablePointer<Float> { address.assumingMemoryBound(to: Float.self) }
}
