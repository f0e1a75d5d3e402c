/// A corner of pixels: pixel (x, y) lies between the corners (x, y) and (x + 1, y + 1).
struct PixelCorner: Hashable, Sendable {
  var x: Int
  var y: Int
}

/// The outline of a connected object along the edges of its pixels.
///
/// Rings are closed without the first corner being repeated, have corners only where they turn, and visit none twice.
/// By their numbers the outer ring is counter-clockwise, its enclosed area positive, and holes are clockwise, so that
/// all areas together are the object's pixels. (Where y grows downwards, as images are shown, it looks the other way
/// round.)
struct ObjectOutline: Hashable, Sendable {
  var outer: [PixelCorner] = []
  var holes: [[PixelCorner]] = []

  /// - Parameter mask: Not 0 where the object is; its neighbours share a side.
  init(of mask: [UInt8], width: Int, height: Int, x: Int = 0, y: Int = 0) {
    var tracer = EdgeTracer(mask: mask, width: width, height: height)
    for row in 0..<height {
      for column in 0..<width where tracer.isUnvisitedTop(column, row) {
        let ring = tracer.trace(from: PixelCorner(x: column, y: row))
        let placed = ring.map { PixelCorner(x: $0.x + x, y: $0.y + y) }
        if placed.doubledArea > 0 { outer = placed } else { holes.append(placed) }
      }
    }
  }

  init(outer: [PixelCorner], holes: [[PixelCorner]]) {
    self.outer = outer
    self.holes = holes
  }
}

extension [PixelCorner] {
  /// Twice the area that a ring encloses, positive when it is counter-clockwise by its numbers.
  var doubledArea: Int {
    indices.reduce(0) { sum, index in
      let next = self[(index + 1) % count]
      return sum + self[index].x * next.y - next.x * self[index].y
    }
  }
}

/// Follows edges between an object and what is not, the object at the side to which x turns into y.
private struct EdgeTracer {
  let mask: [UInt8]
  let width: Int
  let height: Int
  /// Pixels whose upper edge is part of a ring already. Every ring has such an edge.
  private var visitedTops: [Bool]

  init(mask: [UInt8], width: Int, height: Int) {
    self.mask = mask
    self.width = width
    self.height = height
    visitedTops = Array(repeating: false, count: mask.count)
  }

  /// Steps along the edges of a pixel: right above it, down at its right, left below it, up at its left.
  private static let steps = [(1, 0), (0, 1), (-1, 0), (0, -1)]

  private func isInside(_ x: Int, _ y: Int) -> Bool {
    x >= 0 && y >= 0 && x < width && y < height && mask[y * width + x] != 0
  }

  func isUnvisitedTop(_ x: Int, _ y: Int) -> Bool {
    isInside(x, y) && !isInside(x, y - 1) && !visitedTops[y * width + x]
  }

  /// Whether an edge of the outline leaves a corner in a direction.
  private func leaves(_ corner: PixelCorner, _ direction: Int) -> Bool {
    let (x, y) = (corner.x, corner.y)
    switch direction {
    case 0: return isInside(x, y) && !isInside(x, y - 1)
    case 1: return isInside(x - 1, y) && !isInside(x, y)
    case 2: return isInside(x - 1, y - 1) && !isInside(x - 1, y)
    default: return isInside(x, y - 1) && !isInside(x - 1, y - 1)
    }
  }

  /// The ring that begins with the upper edge at a corner, which must be one where it turns.
  mutating func trace(from start: PixelCorner) -> [PixelCorner] {
    var ring: [PixelCorner] = []
    var (corner, direction) = (start, 0)
    repeat {
      ring.append(corner)
      // Straight on to the next turn.
      repeat {
        if direction == 0 { visitedTops[corner.y * width + corner.x] = true }
        corner.x += Self.steps[direction].0
        corner.y += Self.steps[direction].1
      } while !turns(at: corner, from: direction) && corner != start
      direction = nextDirection(at: corner, from: direction)
    } while corner != start
    return ring
  }

  private func turns(at corner: PixelCorner, from direction: Int) -> Bool {
    nextDirection(at: corner, from: direction) != direction
  }

  /// Where two pixels of the object touch at a corner only, the ring goes on along the other one: what lies between is
  /// then a ring of its own, and no ring meets itself.
  private func nextDirection(at corner: PixelCorner, from direction: Int) -> Int {
    let choices = [direction + 3, direction, direction + 1].map { $0 % 4 }
    return choices.first { leaves(corner, $0) } ?? direction
  }
}
