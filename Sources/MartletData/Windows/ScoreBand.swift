import Martlet
import MartletKernels

/// Weighted sums of scores for as many rows of an image as a window has. Row y is kept at y modulo that number.
final class ScoreBand {
  private let width: Int
  private let height: Int
  private let imageHeight: Int
  private let classCount: Int
  private let tile: TileSize
  private let weights: [Float]
  private var sums: [Float]
  private var totals: [Float]
  private var labels: [UInt8]

  /// - Parameters:
  ///   - width: The image's.
  ///   - imageHeight: The image's; the band has as many rows as the window if that has fewer.
  ///   - weights: A weight for each pixel of a window of size `tile`.
  init(width: Int, imageHeight: Int, classCount: Int, weights: [Float], tile: TileSize) {
    self.width = width
    self.imageHeight = imageHeight
    height = min(tile.height, imageHeight)
    self.classCount = classCount
    self.weights = weights
    self.tile = tile
    sums = Array(repeating: 0, count: height * width * classCount)
    totals = Array(repeating: 0, count: height * width)
    labels = Array(repeating: 0, count: height * width)
  }

  /// Adds a window's scores where it lies in the image, turned back.
  ///
  /// - Parameters:
  ///   - scores: [rows, columns, classes] of the window after `symmetry`.
  ///   - share: What the window's scores count, besides the weight of each pixel.
  func add(_ scores: UnsafePointer<Float>, x: Int, y: Int, _ symmetry: PlaneSymmetry, share: Float) {
    let changed = symmetry.size(of: tile)
    let rows = max(0, -y)..<min(tile.height, imageHeight - y)
    let columns = max(0, -x)..<min(tile.width, width - x)
    sums.withUnsafeMutableBufferPointer { sums in
      totals.withUnsafeMutableBufferPointer { totals in
        weights.withUnsafeBufferPointer { weights in
          ThreadPool.parallelFor(rows.count) { index in
            let row = rows.lowerBound + index
            let line = (y + row) % height * width
            for column in columns {
              let place = line + x + column
              let weight = weights[row * tile.width + column] * share
              totals[place] += weight
              let source = symmetry.target(row: row, column: column, in: tile)
              let given = scores + (source.row * changed.width + source.column) * classCount
              for item in 0..<classCount { sums[place * classCount + item] += given[item] * weight }
            }
          }
        }
      }
    }
  }

  /// Passes on rows that are done, and makes room for those that come.
  ///
  /// - Throws: ``MartletError`` when scores are no numbers; whatever `body` throws.
  func finish(_ rows: Range<Int>, _ body: (PredictedRows) throws -> Void) throws {
    var y = rows.lowerBound
    while y < rows.upperBound {
      // What lies in memory in one piece.
      let start = y % height
      let count = min(rows.upperBound - y, height - start)
      try divide(start, count)
      try sums.withUnsafeBufferPointer { sums in
        try labels.withUnsafeBufferPointer { labels in
          let pixels = start * width..<(start + count) * width
          try body(
            PredictedRows(
              y: y, height: count, width: width, classCount: classCount,
              probabilities: UnsafeBufferPointer(
                rebasing: sums[pixels.lowerBound * classCount..<pixels.upperBound * classCount]),
              labels: UnsafeBufferPointer(rebasing: labels[pixels])))
        }
      }
      clear(start, count)
      y += count
    }
  }

  /// Turns sums into means and finds the largest.
  private func divide(_ start: Int, _ count: Int) throws {
    let pixels = start * width..<(start + count) * width
    let scores = pixels.lowerBound * classCount..<pixels.upperBound * classCount
    try sums.withUnsafeMutableBufferPointer { sums in
      try totals.withUnsafeBufferPointer { totals in
        try labels.withUnsafeMutableBufferPointer { labels in
          try LikeliestClass.find(
            in: UnsafeBufferPointer(rebasing: sums[scores]), rows: count, width: width,
            classCount: classCount,
            to: UnsafeMutableBufferPointer(rebasing: labels[pixels])
          ) { row in
            for place in (start + row) * width..<(start + row + 1) * width {
              for item in 0..<classCount { sums[place * classCount + item] /= totals[place] }
            }
          }
        }
      }
    }
  }

  private func clear(_ start: Int, _ count: Int) {
    let pixels = start * width..<(start + count) * width
    sums.withUnsafeMutableBufferPointer {
      $0[pixels.lowerBound * classCount..<pixels.upperBound * classCount].update(repeating: 0)
    }
    totals.withUnsafeMutableBufferPointer { $0[pixels].update(repeating: 0) }
  }
}
