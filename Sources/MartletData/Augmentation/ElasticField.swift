import MartletKernels

/// Displacement vectors on a square grid over a window, and their bicubic interpolation to every pixel.
struct ElasticField: Hashable, Sendable {
  let gridSize: Int
  /// gridSize × gridSize, rows from the top, in pixels of the window.
  let vectors: [SIMD2<Float>]

  /// - Precondition: there are gridSize × gridSize vectors, gridSize is 2 or more.
  init(gridSize: Int, vectors: [SIMD2<Float>]) {
    precondition(gridSize >= 2 && vectors.count == gridSize * gridSize, "vectors must fill the grid")
    self.gridSize = gridSize
    self.vectors = vectors
  }

  init(gridSize: Int, standardDeviation: Float, _ generator: inout PhiloxGenerator) {
    var components = [Float](repeating: 0, count: gridSize * gridSize * 2)
    GaussianTable.shared.forEach(components.count, &generator) { components[$0] = $1 * standardDeviation }
    self.init(
      gridSize: gridSize,
      vectors: (0..<gridSize * gridSize).map { SIMD2(components[2 * $0], components[2 * $0 + 1]) })
  }

  /// The weight of every grid line at each of `count` pixels along a side, pixel by pixel.
  ///
  /// The kernel is Keys' cubic convolution with a = −1/2 (Catmull-Rom); past the edge the outermost line is
  /// repeated. The first pixel lies on the first line and the last on the last.
  func weights(_ count: Int) -> [Float] {
    var weights = [Float](repeating: 0, count: count * gridSize)
    for pixel in 0..<count {
      let place = count == 1 ? 0 : Float(pixel) * Float(gridSize - 1) / Float(count - 1)
      let line = min(Int(place), gridSize - 2)
      let t = place - Float(line)
      let taps: [Float] = [
        ((-0.5 * t + 1) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1,
        ((-1.5 * t + 2) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
      ]
      for (tap, weight) in taps.enumerated() {
        weights[pixel * gridSize + min(max(line - 1 + tap, 0), gridSize - 1)] += weight
      }
    }
    return weights
  }

  /// The grid interpolated to one row of the window: a vector for each vertical grid line.
  func lines(_ rowWeights: ArraySlice<Float>) -> [SIMD2<Float>] {
    (0..<gridSize).map { column in
      rowWeights.enumerated().reduce(SIMD2<Float>.zero) { sum, row in
        sum + row.element * vectors[row.offset * gridSize + column]
      }
    }
  }
}
