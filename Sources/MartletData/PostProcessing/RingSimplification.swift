extension ObjectOutline {
  /// The outline with fewer corners, none of those left out further than a distance from the line that takes their
  /// place (Douglas and Peucker 1973). Each ring is simplified by itself, from its first corner and the one furthest
  /// from it; one that would lose its area keeps its shape.
  ///
  /// Outlines of neighbours need not fit together any more, and one with narrow parts may cross itself.
  func simplified(tolerance: Double) -> ObjectOutline {
    guard tolerance > 0 else { return self }
    return ObjectOutline(
      outer: Self.simplified(outer, tolerance), holes: holes.map { Self.simplified($0, tolerance) })
  }

  private static func simplified(_ ring: [PixelCorner], _ tolerance: Double) -> [PixelCorner] {
    guard ring.count > 3 else { return ring }
    let furthest =
      ring.indices.max { ring[$0].squaredDistance(to: ring[0]) < ring[$1].squaredDistance(to: ring[0]) } ?? 0
    let closed = ring + [ring[0]]
    var keeps = [Bool](repeating: false, count: closed.count)
    keeps[0] = true
    keeps[furthest] = true
    // Pieces that may still hold a corner to keep. A list in place of recursion, since rings are long.
    var pieces = [0...furthest, furthest...ring.count]
    while let piece = pieces.popLast() {
      guard piece.count > 2 else { continue }
      var (far, distance) = (piece.lowerBound, 0.0)
      for index in piece.dropFirst().dropLast() {
        let offset = closed[index].distance(
          toSegmentFrom: closed[piece.lowerBound], to: closed[piece.upperBound])
        if offset > distance { (far, distance) = (index, offset) }
      }
      guard distance > tolerance else { continue }
      keeps[far] = true
      pieces += [piece.lowerBound...far, far...piece.upperBound]
    }
    let kept = ring.indices.filter { keeps[$0] }.map { ring[$0] }
    return kept.doubledArea.signum() == ring.doubledArea.signum() ? kept : ring
  }
}

extension PixelCorner {
  fileprivate func squaredDistance(to other: PixelCorner) -> Int {
    (x - other.x) * (x - other.x) + (y - other.y) * (y - other.y)
  }

  func distance(toSegmentFrom a: PixelCorner, to b: PixelCorner) -> Double {
    let (dx, dy) = (Double(b.x - a.x), Double(b.y - a.y))
    let length = dx * dx + dy * dy
    let (px, py) = (Double(x - a.x), Double(y - a.y))
    let share = length > 0 ? min(max((px * dx + py * dy) / length, 0), 1) : 0
    let (rx, ry) = (px - share * dx, py - share * dy)
    return (rx * rx + ry * ry).squareRoot()
  }
}
