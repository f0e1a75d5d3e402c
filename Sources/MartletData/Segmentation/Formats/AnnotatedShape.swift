import Foundation
import Martlet

/// An area of an image as annotations give it. Coordinates are in pixels from the image's left top corner: the first
/// pixel reaches from 0 to 1 and has its centre at ½.
enum AnnotatedShape: Sendable {
  /// An outline, which is closed from its last point to its first.
  case polygon([SIMD2<Double>])
  /// The pixels whose centres lie in an ellipse, its border included.
  ///
  /// - Parameter angle: What its radii are turned by from x to y, which is clockwise as images are seen, in radians.
  case ellipse(center: SIMD2<Double>, radii: SIMD2<Double>, angle: Double = 0)
  case runs(RunLengths)

  /// What keeps the shape from being drawn; `nil` where nothing does.
  func problem(imageWidth: Int?, imageHeight: Int?) -> String? {
    func isPossible(_ place: SIMD2<Double>) -> Bool {
      place.x.magnitude <= Self.farthest && place.y.magnitude <= Self.farthest
    }
    switch self {
    case .polygon(let points):
      guard let far = points.first(where: { !isPossible($0) }) else { return nil }
      return "expected coordinates up to \(Int(Self.farthest)), got \(far.x), \(far.y)"
    case .ellipse(let center, let radii, let angle):
      guard isPossible(center), isPossible(radii), radii.x >= 0, radii.y >= 0, angle.isFinite else {
        return
          "expected a centre and radii up to \(Int(Self.farthest)), got \(center.x), \(center.y) and \(radii.x), "
          + "\(radii.y)"
      }
      return nil
    case .runs(let runs): return runs.problem(imageWidth: imageWidth, imageHeight: imageHeight)
    }
  }

  private static let farthest = 1e6

  /// Whether there is no area at all, such as between two points.
  var isEmpty: Bool {
    if case .polygon(let points) = self { return points.count < 3 }
    return false
  }

  /// A rectangle between two corners.
  static func rectangle(_ a: SIMD2<Double>, _ b: SIMD2<Double>) -> AnnotatedShape {
    .polygon([a, SIMD2(b.x, a.y), b, SIMD2(a.x, b.y)])
  }

  /// Gives all pixels of the shape a label. What lies outside the image is left out.
  func paint(_ label: UInt8, on values: inout [UInt8], width: Int, height: Int) {
    switch self {
    case .polygon(let points):
      PolygonRaster.fill(points, width: width, height: height) { column, rows in
        for row in rows { values[row * width + column] = label }
      }
    case .ellipse(let center, let radii, let angle):
      let (sine, cosine) = (sin(angle), cos(angle))
      let (long, short) = (radii.x * sine, radii.y * cosine)
      // How far the ellipse reaches up and down.
      let rise = (long * long + short * short).squareRoot()
      let top = max(Int((center.y - rise - 0.5).rounded(.up)), 0)
      let bottom = min(Int((center.y + rise - 0.5).rounded(.down)), height - 1)
      for row in stride(from: top, through: bottom, by: 1) where rise > 0 {
        let share = (Double(row) + 0.5 - center.y) / rise
        // A row cuts it in a chord, whose middle goes from one end of the ellipse to the other.
        let reach = radii.x * (radii.y / rise) * max(1 - share * share, 0).squareRoot()
        let middle = center.x + share * (radii.x * radii.x - radii.y * radii.y) * sine * cosine / rise
        let left = max(Int((middle - reach - 0.5).rounded(.up)), 0)
        let right = min(Int((middle + reach - 0.5).rounded(.down)), width - 1)
        for column in stride(from: left, through: right, by: 1) { values[row * width + column] = label }
      }
    case .runs(let runs): runs.paint(label, on: &values, width: width)
    }
  }
}
