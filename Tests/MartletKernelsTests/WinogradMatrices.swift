@testable import MartletKernels

/// The matrices of F(m×m, r×r), made from the points that polynomials are evaluated at.
struct WinogradMatrices {
  /// Outputs to frequencies, inputs to frequencies (Bᵀ), weights to frequencies; a row for each frequency.
  let a: [[Double]]
  let b: [[Double]]
  let g: [[Double]]

  init(_ tile: WinogradTile) {
    let points: [Double] =
      switch tile {
      case .four, .stem: [0, 0.625, -0.625, 1.5, -1.5]
      case .three, .strided: [0.375, -0.375, 1.25, -1.25]
      case .two: [0, 1, -1]
      }
    let (outputs, taps) = (tile.outputs, tile.taps)
    func powers(_ x: Double, _ count: Int) -> [Double] {
      (0..<count).reduce(into: []) { row, i in row.append(i == 0 ? 1 : row[i - 1] * x) }
    }
    // Coefficients of the product of (t - y), in rising order.
    func product(_ roots: [Double]) -> [Double] {
      var coefficients = [1.0] + [Double](repeating: 0, count: points.count)
      for root in roots {
        coefficients = coefficients.indices.map {
          ($0 > 0 ? coefficients[$0 - 1] : 0) - root * coefficients[$0]
        }
      }
      return coefficients
    }
    func others(_ x: Double) -> [Double] { points.filter { $0 != x } }
    let infinity = { (count: Int) in [Double](repeating: 0, count: count - 1) + [1] }
    a = points.map { powers($0, outputs) } + [infinity(outputs)]
    b = points.map { product(others($0)) } + [product(points)]
    g =
      points.map { x in
        let scale = others(x).reduce(1) { $0 * (x - $1) }
        return powers(x, taps).map { $0 / scale }
      } + [infinity(taps)]
  }
}
