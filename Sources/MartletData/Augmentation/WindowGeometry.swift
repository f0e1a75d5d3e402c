import Foundation

/// Where the pixels of a window come from in an image: an affine map, with or without deformations before it.
///
/// Coordinates are those of pixel centres: the first pixel of a row is at 0.
struct WindowGeometry: Sendable {
  let width: Int
  let height: Int
  /// The place in the image of the window's first pixel, and its steps to the right and down.
  let origin: SIMD2<Double>
  let right: SIMD2<Double>
  let down: SIMD2<Double>
  /// Deformations of the window, the first one first.
  let warps: [any WindowWarp]

  /// A window of an image, changed as drawn.
  ///
  /// What the window covers before deformation lies inside the image if it fits, at the drawn place;
  /// otherwise the image is in its middle.
  init(width: Int, height: Int, imageWidth: Int, imageHeight: Int, _ transform: SampleTransform) {
    // Each step below is undone, last to first, since pixels are looked up from the window in the image.
    var x = SIMD2<Double>(1, 0)
    var y = SIMD2<Double>(0, 1)
    func map(_ step: (SIMD2<Double>) -> SIMD2<Double>) {
      x = step(x)
      y = step(y)
    }
    if transform.scale != 1 || transform.aspectRatio != 1 {
      let stretch = transform.aspectRatio.squareRoot()
      map { $0 / SIMD2(transform.scale * stretch, transform.scale / stretch) }
    }
    if transform.shear != .zero {
      let (along, across) = (tan(transform.shear.x), tan(transform.shear.y))
      map { SIMD2($0.x - along * $0.y, $0.y - across * $0.x) / (1 - along * across) }
    }
    if transform.angle != 0 {
      let (sine, cosine) = (sin(transform.angle), cos(transform.angle))
      map { SIMD2(cosine * $0.x + sine * $0.y, -sine * $0.x + cosine * $0.y) }
    }
    if transform.flipsVertically { map { SIMD2($0.x, -$0.y) } }
    if transform.flipsHorizontally { map { SIMD2(-$0.x, $0.y) } }
    for _ in 0..<transform.quarterTurns { map { SIMD2($0.y, -$0.x) } }

    let window = SIMD2(Double(width), Double(height))
    let covered = SIMD2(
      abs(x.x) * window.x + abs(y.x) * window.y, abs(x.y) * window.x + abs(y.y) * window.y)
    // From the left top corner of what is covered to the window's first pixel.
    let inset = covered / 2 - 0.5 - x * ((window.x - 1) / 2) - y * ((window.y - 1) / 2)
    var start = SIMD2(
      Self.start(covered.x, imageWidth, transform.position.x),
      Self.start(covered.y, imageHeight, transform.position.y))
    if let target = transform.target {
      // The pixel of the window that the target comes to.
      let place = (transform.position * window).rounded(.down)
      let wanted = target - x * place.x - y * place.y - inset
      start = SIMD2(
        Self.start(covered.x, imageWidth, near: wanted.x), Self.start(covered.y, imageHeight, near: wanted.y))
    }
    let moved = (transform.translation * window).rounded(.toNearestOrAwayFromZero)
    self.width = width
    self.height = height
    right = x
    down = y
    origin = start + inset - x * moved.x - y * moved.y
    let warps: [(any WindowWarp)?] = [
      transform.elastic, transform.gridDistortion, transform.opticalDistortion, transform.perspective,
    ]
    self.warps = warps.compactMap { $0 }
  }

  /// The whole image, with what the window is larger by at the right and at the bottom.
  init(paddedWidth width: Int, paddedHeight height: Int) {
    self.width = width
    self.height = height
    origin = .zero
    right = SIMD2(1, 0)
    down = SIMD2(0, 1)
    warps = []
  }

  /// Whether every pixel of the window is a pixel of the image (or its reflection), with nothing in between.
  var isWholePixels: Bool {
    let numbers = [right.x, right.y, down.x, down.y, origin.x, origin.y]
    return warps.isEmpty && numbers.allSatisfy { $0 == $0.rounded() }
  }

  /// The first place that a window covers, a whole number so that unscaled pixels stay whole.
  private static func start(_ covered: Double, _ size: Int, _ position: Double) -> Double {
    let room = room(covered, size)
    if room < 0 { return ((Double(size) - covered) / 2).rounded(.down) }
    return min((position * (room + 1)).rounded(.down), room)
  }

  /// The first place next to a wanted one at which the image fills the window.
  private static func start(_ covered: Double, _ size: Int, near wanted: Double) -> Double {
    let room = room(covered, size)
    return room < 0 ? start(covered, size, 0) : min(max(wanted.rounded(), 0), room)
  }

  /// By how much an image is larger than what a window covers, in whole pixels.
  private static func room(_ covered: Double, _ size: Int) -> Double {
    (Double(size) - covered + 1e-6).rounded(.down)
  }
}

/// Reflection at the first and last pixel, which are not repeated: … 2 1 0 1 2 … n−2 n−1 n−2 …
@inline(__always)
func reflected(_ index: Int, _ count: Int) -> Int {
  if index >= 0 && index < count { return index }
  if count == 1 { return 0 }
  let period = 2 * (count - 1)
  let rest = index % period
  let place = rest < 0 ? rest + period : rest
  return place < count ? place : period - place
}
