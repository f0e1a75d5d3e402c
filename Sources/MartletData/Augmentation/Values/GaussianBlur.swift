import Foundation

/// Gaussian blur, one direction after the other, cut off at four standard deviations. Past its edges the window is
/// reflected; the edge itself is not repeated.
struct GaussianBlur: Hashable, Sendable {
  let standardDeviation: Double

  /// The weights from the middle outwards, which add up to 1 with their mirror image.
  var halfKernel: [Float] {
    let reach = Int(4 * standardDeviation + 0.5)
    let weights = (0...reach).map { exp(-0.5 * pow(Double($0) / standardDeviation, 2)) }
    let sum = weights[0] + 2 * weights.dropFirst().reduce(0, +)
    return weights.map { Float($0 / sum) }
  }

  func apply(to window: WindowPixels) {
    let half = halfKernel
    let reach = half.count - 1
    if reach == 0 { return }
    let kernel = (-reach...reach).map { half[abs($0)] }
    let channels = window.channels
    let rowCount = window.width * channels

    // Along each row, which is copied with its reflection first.
    var padded = [Float](repeating: 0, count: rowCount + 2 * reach * channels)
    for y in 0..<window.height {
      let row = UnsafeMutableBufferPointer(rebasing: window.values[y * rowCount..<(y + 1) * rowCount])
      for x in -reach..<window.width + reach {
        let from = reflected(x, window.width) * channels
        for channel in 0..<channels { padded[(x + reach) * channels + channel] = row[from + channel] }
      }
      Self.sum(kernel, padded, step: channels, into: row)
    }

    // Down the columns, all of a row at once.
    let rows = [Float](window.values)
    for y in 0..<window.height {
      let row = UnsafeMutableBufferPointer(rebasing: window.values[y * rowCount..<(y + 1) * rowCount])
      row.update(repeating: 0)
      rows.withUnsafeBufferPointer { rows in
        for (tap, weight) in kernel.enumerated() {
          let start = reflected(y + tap - reach, window.height) * rowCount
          for index in 0..<rowCount { row[index] += weight * rows[start + index] }
        }
      }
    }
  }

  private static func sum(
    _ kernel: [Float], _ source: [Float], step: Int, into row: UnsafeMutableBufferPointer<Float>
  ) {
    row.update(repeating: 0)
    source.withUnsafeBufferPointer { source in
      for (tap, weight) in kernel.enumerated() {
        for index in 0..<row.count { row[index] += weight * source[index + tap * step] }
      }
    }
  }
}
