import Martlet

/// An area of an image as annotations give it. Coordinates are in pixels from the image's left top corner: the first
/// pixel reaches from 0 to 1 and has its centre at ½.
enum AnnotatedShape: Sendable {
  /// An outline, which is closed from its last point to its first.
  case polygon([SIMD2<Double>])
  /// The pixels whose centres lie in an ellipse along the axes, its border included.
  case ellipse(center: SIMD2<Double>, radii: SIMD2<Double>)
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
    case .ellipse(let center, let radii):
      guard isPossible(center), isPossible(radii), radii.x >= 0, radii.y >= 0 else {
        return "expected a centre and radii up to \(Int(Self.farthest)), got \(center) and \(radii)"
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
    case .ellipse(let center, let radii):
      let top = max(Int((center.y - radii.y - 0.5).rounded(.up)), 0)
      let bottom = min(Int((center.y + radii.y - 0.5).rounded(.down)), height - 1)
      for row in stride(from: top, through: bottom, by: 1) where radii.y > 0 {
        let share = (Double(row) + 0.5 - center.y) / radii.y
        let reach = radii.x * max(1 - share * share, 0).squareRoot()
        let left = max(Int((center.x - reach - 0.5).rounded(.up)), 0)
        let right = min(Int((center.x + reach - 0.5).rounded(.down)), width - 1)
        for column in stride(from: left, through: right, by: 1) { values[row * width + column] = label }
      }
    case .runs(let runs): runs.paint(label, on: &values, width: width)
    }
  }
}
