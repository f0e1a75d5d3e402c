import MartletKernels

/// A nucleus with everything that decides how it looks.
struct Cell {
  var shape: CellShape
  /// Brightness or density, about 1.
  var level: Float
  /// Pixels over which its edge fades: how far it is out of focus.
  var softness: Float
  /// How strong its texture is, 0 to 1.
  var roughness: Float
  /// Where in the noise its texture is taken from.
  var texture: (x: Float, y: Float)
  /// Spots inside, such as nucleoli: place relative to the centre in radii, size in radii.
  var spots: [(x: Float, y: Float, radius: Float)]
  /// The body around the nucleus.
  var body: CellShape
  /// Whether it divides: small, dense and bright.
  var isDividing: Bool

  /// 1 away from spots, down to 0 in the middle of one.
  @inline(__always)
  func spotShade(_ px: Float, _ py: Float) -> Float {
    var shade: Float = 1
    for spot in spots {
      let radius = shape.meanRadius
      let dx = (px - shape.x) / radius - spot.x
      let dy = (py - shape.y) / radius - spot.y
      let q = (dx * dx + dy * dy) / (spot.radius * spot.radius)
      if q < 1 { shade *= 1 - (1 - q) * (1 - q) }
    }
    return shade
  }
}

/// Puts cells on a picture: alone, touching in groups, and some lying partly over others.
struct CellPlacement {
  /// Cells for each 256 × 256 pixels.
  var density: Float
  /// The typical radius in pixels.
  var radius: Float
  /// The share of cells that lie against one that is already there.
  var grouping: Float

  static func random(_ random: inout PhiloxGenerator) -> CellPlacement {
    let radius = random.float(8, 13.5)
    // Small cells come in greater numbers, so that the covered share of the picture varies less.
    let covered = random.float(0.08, 0.24)
    return CellPlacement(
      density: covered * 65_536 / (3.14159 * radius * radius), radius: radius,
      grouping: random.float(0.25, 0.7))
  }

  func cells(width: Int, height: Int, _ random: inout PhiloxGenerator) -> [Cell] {
    let wanted = max(Int(density * Float(width * height) / 65_536 + 0.5), 1)
    var cells: [Cell] = []
    var attempts = 0
    while cells.count < wanted && attempts < wanted * 30 {
      attempts += 1
      let isDividing = random.chance(0.04)
      let size = radius * random.float(0.72, 1.3) * (isDividing ? 0.62 : 1)
      var x = random.float(0, Float(width))
      var y = random.float(0, Float(height))
      if !cells.isEmpty, random.chance(grouping) {
        let neighbour = cells[random.integer(in: 0...cells.count - 1)].shape
        let towards = random.direction()
        // Below 1 they overlap, above they leave a narrow gap.
        let distance = (neighbour.meanRadius + size) * random.float(0.78, 1.12)
        x = neighbour.x + towards.x * distance
        y = neighbour.y + towards.y * distance
      }
      guard x > 0, y > 0, x < Float(width), y < Float(height) else { continue }
      // Nothing may lie so deep under another that it could not be told from it.
      let isClear = cells.allSatisfy { other in
        let dx = other.shape.x - x
        let dy = other.shape.y - y
        let least = 0.76 * (other.shape.meanRadius + size)
        return dx * dx + dy * dy >= least * least
      }
      guard isClear else { continue }
      cells.append(cell(x: x, y: y, size: size, isDividing: isDividing, &random))
    }
    return cells
  }

  private func cell(
    x: Float, y: Float, size: Float, isDividing: Bool, _ random: inout PhiloxGenerator
  ) -> Cell {
    let shape = CellShape.random(x: x, y: y, radius: size, &random)
    var body = CellShape.random(x: x, y: y, radius: size * random.float(1.5, 2.3), &random)
    body.direction = shape.direction
    body.x += random.float(-0.4, 0.4) * size
    body.y += random.float(-0.4, 0.4) * size
    let spots = (0..<random.integer(in: 0...4)).map { _ in
      let towards = random.direction()
      let distance = random.float(0, 0.6)
      return (x: towards.x * distance, y: towards.y * distance, radius: random.float(0.14, 0.34))
    }
    return Cell(
      shape: shape, level: random.float(0.42, 1.15) * (isDividing ? 1.6 : 1),
      softness: random.float(0.8, 2.8),
      roughness: random.float(0.35, 1), texture: (random.float(0, 256), random.float(0, 256)),
      spots: isDividing ? [] : spots, body: body, isDividing: isDividing)
  }
}
