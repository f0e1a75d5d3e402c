import MartletKernels

/// The outline of a nucleus: an ellipse whose radius swells and shrinks with the angle.
///
/// In the ellipse's own coordinates, scaled so that it is the unit circle, the outline at angle θ lies at
/// r(θ) = 1 + Σₖ (aₖ cos kθ + bₖ sin kθ) for k = 2 … 5.
struct CellShape {
  var x: Float
  var y: Float
  /// Half of the longer and of the shorter axis, in pixels.
  var longRadius: Float
  var shortRadius: Float
  /// Where the longer axis points.
  var direction: (x: Float, y: Float)
  /// aₖ and bₖ from k = 2 on.
  var waves: [(cosine: Float, sine: Float)]

  /// A radius for questions of distance.
  var meanRadius: Float { (longRadius * shortRadius).squareRoot() }

  /// No part of the outline is farther from the centre.
  var reach: Float {
    longRadius * waves.reduce(1) { $0 + ($1.cosine * $1.cosine + $1.sine * $1.sine).squareRoot() }
  }

  static func random(x: Float, y: Float, radius: Float, _ random: inout PhiloxGenerator) -> CellShape {
    let stretch = random.float(1, 1.28)
    let bumps = random.float(0.4, 1)
    // Most of the deformation is in the slow waves: 2 and 3 make beans and eggs, 4 and 5 a knobbly edge.
    let strengths: [Float] = [0.07, 0.075, 0.04, 0.025]
    let waves = strengths.map { strength in
      let towards = random.direction()
      let size = strength * bumps * random.float(0.2, 1)
      return (cosine: towards.x * size, sine: towards.y * size)
    }
    return CellShape(
      x: x, y: y, longRadius: radius * stretch, shortRadius: radius / stretch, direction: random.direction(),
      waves: waves)
  }

  /// The same outline, larger or smaller.
  func scaled(by factor: Float) -> CellShape {
    var shape = self
    shape.longRadius *= factor
    shape.shortRadius *= factor
    return shape
  }

  /// How far out a point lies: 0 at the centre, 1 on the outline, more outside.
  @inline(__always)
  func relativeRadius(_ px: Float, _ py: Float) -> Float {
    let dx = px - x
    let dy = py - y
    let u = (dx * direction.x + dy * direction.y) / longRadius
    let v = (dy * direction.x - dx * direction.y) / shortRadius
    let radius = (u * u + v * v).squareRoot()
    guard radius > 1e-6 else { return 0 }
    let c = u / radius
    let s = v / radius
    // cos kθ and sin kθ by turning on by θ each time.
    var (ck, sk) = (c, s)
    var outline: Float = 1
    for wave in waves {
      (ck, sk) = (ck * c - sk * s, sk * c + ck * s)
      outline += wave.cosine * ck + wave.sine * sk
    }
    return radius / outline
  }

  /// Calls `body` with every pixel of a picture that may lie within `margin` pixels of the shape, and with how far
  /// out its centre lies.
  @inline(__always)
  func forEachPixel(
    width: Int, height: Int, margin: Float = 2, _ body: (_ x: Int, _ y: Int, _ radius: Float) -> Void
  ) {
    let reach = reach + margin
    let left = max(Int((x - reach).rounded(.down)), 0)
    let right = min(Int((x + reach).rounded(.up)), width - 1)
    let top = max(Int((y - reach).rounded(.down)), 0)
    let bottom = min(Int((y + reach).rounded(.up)), height - 1)
    guard left <= right, top <= bottom else { return }
    for py in top...bottom {
      for px in left...right {
        body(px, py, relativeRadius(Float(px) + 0.5, Float(py) + 0.5))
      }
    }
  }
}
