import Foundation

/// A deformation of a window that is no affine map: says where each pixel's value comes from, in pixels of the window.
protocol WindowWarp: Hashable, Sendable {
  /// What moves a row of places, which warps before this one may have moved already.
  func mover(width: Int, height: Int) -> WindowPlaceMover
}

/// Moves the places of one row: its number, and a place for each column.
typealias WindowPlaceMover = (Int, UnsafeMutableBufferPointer<SIMD2<Double>>) -> Void

extension ElasticField: WindowWarp {
  func mover(width: Int, height: Int) -> WindowPlaceMover {
    let columnWeights = weights(width)
    let rowWeights = weights(height)
    return { [gridSize] row, places in
      let lines = lines(rowWeights[row * gridSize..<(row + 1) * gridSize])
      lines.withUnsafeBufferPointer { lines in
        columnWeights.withUnsafeBufferPointer { columnWeights in
          for column in places.indices {
            var moved = SIMD2<Float>.zero
            for line in 0..<gridSize { moved += columnWeights[column * gridSize + line] * lines[line] }
            places[column] += SIMD2<Double>(moved)
          }
        }
      }
    }
  }
}

/// Columns and rows of the window made wider or narrower; see ``AugmentationGridDistortion``.
struct GridDistortion: WindowWarp {
  /// Factors of the columns' and the rows' sizes, before the whole is brought back to its size.
  let columns: [Double]
  let rows: [Double]

  func mover(width: Int, height: Int) -> WindowPlaceMover {
    let across = Axis(columns, size: width)
    let down = Axis(rows, size: height)
    return { _, places in
      for column in places.indices {
        places[column] = SIMD2(across.moved(places[column].x), down.moved(places[column].y))
      }
    }
  }

  /// A piecewise linear map of one side, which keeps its ends; past them it goes on with slope 1.
  private struct Axis {
    let length: Double
    let cell: Double
    /// Where each cell begins, and its slope.
    var starts: [Double] = [0]
    var slopes: [Double]

    init(_ factors: [Double], size: Int) {
      length = Double(max(size - 1, 1))
      cell = length / Double(factors.count)
      let mean = factors.reduce(0, +) / Double(factors.count)
      slopes = factors.map { $0 / mean }
      for slope in slopes.dropLast() { starts.append(starts[starts.count - 1] + slope * cell) }
    }

    @inline(__always)
    func moved(_ place: Double) -> Double {
      if place <= 0 || place >= length { return place }
      let index = min(Int(place / cell), slopes.count - 1)
      return starts[index] + (place - Double(index) * cell) * slopes[index]
    }
  }
}

/// A lens that bends lines; see ``AugmentationOpticalDistortion``.
struct OpticalDistortion: WindowWarp {
  let coefficient: Double

  func mover(width: Int, height: Int) -> WindowPlaceMover {
    let middle = SIMD2(Double(width - 1), Double(height - 1)) / 2
    let unit = max((middle * middle).sum(), 0.25)
    return { [coefficient] _, places in
      for column in places.indices {
        let way = places[column] - middle
        // What elastic steps move far outside is not to be thrown back over the middle.
        let square = min((way * way).sum() / unit, 1.5)
        places[column] = middle + way * (1 + coefficient * square)
      }
    }
  }
}

/// The window seen from aside; see ``AugmentationPerspective``.
struct PerspectiveView: WindowWarp {
  /// How far the corners are moved, as a share of the window's sides: left top, right top, right bottom, left bottom.
  let corners: [SIMD2<Double>]

  func mover(width: Int, height: Int) -> WindowPlaceMover {
    let size = SIMD2(Double(max(width - 1, 1)), Double(max(height - 1, 1)))
    // The map of the unit square to a quadrilateral (Heckbert, "Fundamentals of Texture Mapping", 1989, 2.2.3).
    let p = zip(corners, [SIMD2<Double>(0, 0), SIMD2(1, 0), SIMD2(1, 1), SIMD2(0, 1)]).map { $0 + $1 }
    let a = p[1] - p[2]
    let b = p[3] - p[2]
    let sum = p[0] - p[1] + p[2] - p[3]
    let determinant = a.x * b.y - b.x * a.y
    let g = (sum.x * b.y - b.x * sum.y) / determinant
    let h = (a.x * sum.y - sum.x * a.y) / determinant
    let right = p[1] - p[0] + g * p[1]
    let down = p[3] - p[0] + h * p[3]
    return { _, places in
      for column in places.indices {
        let place = places[column] / size
        // Positive in the window; what elastic steps move far outside is kept on this side of the horizon.
        let depth = max(1 + g * place.x + h * place.y, 0.1)
        places[column] = (right * place.x + down * place.y + p[0]) / depth * size
      }
    }
  }
}
