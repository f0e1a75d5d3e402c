/// The pixels of a region that are as high as any of the region within a distance to the side, above, below and across,
/// as `skimage.feature.peak_local_max` with `exclude_border=False`.
///
/// From the highest on, the first in reading order of equals, each takes those that are closer than the distance out.
///
/// - Parameters:
///   - values: Heights, row by row.
///   - mask: Not 0 in the region. Nothing else is looked at.
///   - distance: Pixels, 1 or more.
/// - Returns: Their places, the highest first.
func localPeaks(
  of values: [Double], in mask: [UInt8], width: Int, height: Int, distance: Int
) -> [Int] {
  let masked = zip(values, mask).map { $1 == 0 ? -Double.infinity : $0 }
  let rows = slidingMaxima(masked, lines: height, step: width, length: width, stride: 1, reach: distance)
  let highest = slidingMaxima(rows, lines: width, step: 1, length: height, stride: width, reach: distance)
  let candidates = masked.indices.filter { mask[$0] != 0 && masked[$0] == highest[$0] }
    .sorted { (-masked[$0], $0) < (-masked[$1], $1) }
  var taken = SpacedPoints(spacing: distance)
  return candidates.filter { taken.insert(x: $0 % width, y: $0 / width) }
}

/// The largest of each element's neighbours along a line, itself among them.
private func slidingMaxima(
  _ values: [Double], lines: Int, step: Int, length: Int, stride: Int, reach: Int
) -> [Double] {
  var result = values
  // Places whose values fall from the first to the last: those that may still be the largest of a neighbourhood.
  var falling = [Int](repeating: 0, count: length)
  for line in 0..<lines {
    let start = line * step
    var (first, end, next) = (0, 0, 0)
    for place in 0..<length {
      while next < length, next <= place + reach {
        let value = values[start + next * stride]
        while end > first, values[start + falling[end - 1] * stride] <= value { end -= 1 }
        falling[end] = next
        end += 1
        next += 1
      }
      while falling[first] < place - reach { first += 1 }
      result[start + place * stride] = values[start + falling[first] * stride]
    }
  }
  return result
}

/// Points no two of which are closer than a spacing in both directions.
private struct SpacedPoints {
  private struct Cell: Hashable {
    var x: Int
    var y: Int
  }

  private let spacing: Int
  /// Points by cells of the spacing's size, so that few have to be looked at.
  private var points: [Cell: [Cell]] = [:]

  init(spacing: Int) { self.spacing = spacing }

  /// Adds a point unless another is too close.
  mutating func insert(x: Int, y: Int) -> Bool {
    let cell = Cell(x: x / spacing, y: y / spacing)
    for row in cell.y - 1...cell.y + 1 {
      for column in cell.x - 1...cell.x + 1 {
        for point in points[Cell(x: column, y: row)] ?? []
        where abs(point.x - x) < spacing && abs(point.y - y) < spacing { return false }
      }
    }
    points[cell, default: []].append(Cell(x: x, y: y))
    return true
  }
}
