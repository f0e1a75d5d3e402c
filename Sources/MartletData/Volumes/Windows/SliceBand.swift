import Martlet
import MartletKernels

/// Weighted sums of scores for as many slices of a volume as a window has. Slice z is kept at z modulo that number.
final class SliceBand {
  private let volume: VolumeSize
  private let window: VolumeSize
  private let depth: Int
  private let classCount: Int
  private let weights: [Float]
  private var sums: [Float]
  private var totals: [Float]
  private var labels: [UInt8]

  /// - Parameter weights: A weight for each voxel of a window.
  init(_ volume: VolumeSize, _ window: VolumeSize, classCount: Int, weights: [Float]) {
    self.volume = volume
    self.window = window
    self.classCount = classCount
    self.weights = weights
    depth = min(window.depth, volume.depth)
    sums = Array(repeating: 0, count: depth * volume.area * classCount)
    totals = Array(repeating: 0, count: depth * volume.area)
    labels = Array(repeating: 0, count: volume.area)
  }

  /// Adds a window's scores [depth, height, width, classes] where it lies in the volume.
  func add(_ scores: UnsafeBufferPointer<Float>, at start: [Int]) {
    // A window is outside the volume only where the volume is smaller, so all of its slices are in the band.
    let inside = zip(zip(window.lengths, volume.lengths), start).map { sizes, start in
      max(0, -start)..<min(sizes.0, sizes.1 - start)
    }
    sums.withUnsafeMutableBufferPointer { sums in
      totals.withUnsafeMutableBufferPointer { totals in
        weights.withUnsafeBufferPointer { weights in
          ThreadPool.parallelFor(inside[0].count) { index in
            let z = inside[0].lowerBound + index
            for y in inside[1] {
              let line = ((start[0] + z) % depth * volume.height + start[1] + y) * volume.width + start[2]
              for x in inside[2] {
                let source = (z * window.height + y) * window.width + x
                let weight = weights[source]
                totals[line + x] += weight
                for item in 0..<classCount {
                  sums[(line + x) * classCount + item] += scores[source * classCount + item] * weight
                }
              }
            }
          }
        }
      }
    }
  }

  /// Passes on slices that are done, and makes room for those that come.
  ///
  /// - Throws: ``MartletError`` when scores are no numbers; whatever `body` throws.
  func finish(_ slices: Range<Int>, _ body: (PredictedSlice) throws -> Void) throws {
    let area = volume.area
    for z in slices {
      let start = z % depth * area
      try divide(start)
      try sums.withUnsafeBufferPointer { sums in
        try labels.withUnsafeBufferPointer { labels in
          try body(
            PredictedSlice(
              z: z, labels: labels,
              probabilities: UnsafeBufferPointer(
                rebasing: sums[start * classCount..<(start + area) * classCount])))
        }
      }
      sums.withUnsafeMutableBufferPointer {
        $0[start * classCount..<(start + area) * classCount].update(repeating: 0)
      }
      totals.withUnsafeMutableBufferPointer { $0[start..<start + area].update(repeating: 0) }
    }
  }

  /// Turns a slice's sums into means and finds the largest.
  private func divide(_ start: Int) throws {
    let scores = start * classCount..<(start + volume.area) * classCount
    try sums.withUnsafeMutableBufferPointer { sums in
      try totals.withUnsafeBufferPointer { totals in
        try labels.withUnsafeMutableBufferPointer { labels in
          try LikeliestClass.find(
            in: UnsafeBufferPointer(rebasing: sums[scores]), rows: volume.height, width: volume.width,
            classCount: classCount, to: labels
          ) { row in
            for voxel in start + row * volume.width..<start + (row + 1) * volume.width {
              for item in 0..<classCount { sums[voxel * classCount + item] /= totals[voxel] }
            }
          }
        }
      }
    }
  }
}
