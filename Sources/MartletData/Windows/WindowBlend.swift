import Foundation

/// How much each pixel of a window counts where windows overlap.
public enum WindowBlend: String, Hashable, Sendable, CaseIterable {
  /// More in the middle, where the network has seen what is around: a normal distribution whose deviation is an eighth
  /// of the window's side, and nowhere less than 0.001.
  case gaussian
  /// All the same.
  case constant

  /// The weight of each pixel of a window, row by row, as `monai.data.utils.compute_importance_map`.
  func weights(_ size: TileSize) -> [Float] { weights([size.height, size.width]) }

  /// The same for windows of any number of axes.
  ///
  /// - Parameter lengths: From the slowest axis to the fastest.
  func weights(_ lengths: [Int]) -> [Float] {
    switch self {
    case .constant: return Array(repeating: 1, count: lengths.reduce(1, *))
    case .gaussian:
      let products = lengths.reduce([1] as [Float]) { products, length in
        let line = Self.gaussian(length)
        return products.flatMap { product in line.map { product * $0 } }
      }
      let least = max(products.min() ?? 0, 1e-3)
      return products.map { max($0, least) }
    }
  }

  private static func gaussian(_ count: Int) -> [Float] {
    let sigma = Float(count) * 0.125
    return (0..<count).map { index in
      let distance = Float(index) - Float(count - 1) / 2
      return Float(exp(Double(distance * distance / (-2 * sigma * sigma))))
    }
  }
}
