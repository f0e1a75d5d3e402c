import MartletKernels

/// Draws stained nuclei in transmitted light: a bluish stain on nuclei, a pinkish one around them, each taking
/// light away as the Beer–Lambert law says, with dust, fibres, uneven light and camera noise.
struct BrightfieldRenderer {
  let cells: [Cell]
  let size: Int

  /// How much of red, green and blue each stain takes away.
  private struct Stain {
    var nucleus: [Float]
    var cytoplasm: [Float]
    /// The optical densities of a nucleus and of the cytoplasm.
    var nucleusDensity: Float
    var cytoplasmDensity: Float

    static func random(_ random: inout PhiloxGenerator) -> Stain {
      // Haematoxylin and eosin, a brown stain with a blue ground, or one blue-violet dye for everything; the
      // colours follow the vectors used for taking stains apart (Ruifrok and Johnston, 2001), varied a little.
      func varied(_ color: [Float], _ random: inout PhiloxGenerator) -> [Float] {
        color.map { $0 * random.float(0.88, 1.12) }
      }
      let density = random.float(0.75, 1.35)
      switch random.integer(in: 0...3) {
      case 0, 1:
        return Stain(
          nucleus: varied([0.65, 0.70, 0.29], &random), cytoplasm: varied([0.10, 0.75, 0.30], &random),
          nucleusDensity: density, cytoplasmDensity: random.float(0.12, 0.42))
      case 2:
        return Stain(
          nucleus: varied([0.70, 0.55, 0.22], &random), cytoplasm: varied([0.27, 0.45, 0.62], &random),
          nucleusDensity: density, cytoplasmDensity: random.float(0.08, 0.34))
      default:
        return Stain(
          nucleus: varied([0.75, 0.62, 0.25], &random), cytoplasm: varied([0.5, 0.4, 0.12], &random),
          nucleusDensity: density, cytoplasmDensity: random.float(0.08, 0.3))
      }
    }
  }

  func draw(_ random: inout PhiloxGenerator) -> [Plane] {
    let stain = Stain.random(&random)
    let chromatin = NoiseField(periods: [6, 3, 1.6], weights: [0.4, 0.4, 0.2], random: &random)
    let tissue = NoiseField(periods: [36, 15, 6, 3], weights: [0.4, 0.3, 0.2, 0.1], random: &random)

    let nuclei = nuclei(chromatin, spotDepth: random.float(0.1, 0.5))
    var cytoplasm = cytoplasm(tissue)
    let between = random.float(0, 1)
    for y in 0..<size {
      for x in 0..<size {
        cytoplasm[x, y] += between * max(0, tissue.at(Float(x) + 91, Float(y) + 17) - 0.42) * 2.2
      }
    }
    let dirt = dirt(&random)
    let sharpness = random.float(0.55, 1.25)
    let stained = nuclei.blurred(sharpness)
    let body = cytoplasm.blurred(sharpness + 0.4)
    let shadow = dirt.blurred(sharpness)
    let light = Illumination.field(size: size, strength: random.float(0.05, 0.45), &random)
    let warmth = random.float(-0.04, 0.04)
    let lamp: [Float] = [0.93 + warmth, 0.925, 0.925 - warmth]

    var colors = [Plane](repeating: Plane(width: size, height: size), count: 3)
    for c in 0..<3 {
      for i in 0..<size * size {
        let density =
          stain.nucleus[c] * stain.nucleusDensity * stained.values[i]
          + stain.cytoplasm[c] * stain.cytoplasmDensity * body.values[i] + shadow.values[i]
        colors[c].values[i] = lamp[c] * light.values[i] * exponential(-density)
      }
    }
    let photons = random.float(500, 2500)
    let reading = random.float(0.004, 0.012)
    for c in 0..<3 { Illumination.addNoise(to: &colors[c], photons: photons, reading: reading, &random) }
    return colors
  }

  /// The nuclei's density: a firm membrane, clumped chromatin, dark nucleoli. Overlaps add up in part, as two
  /// nuclei in one section do.
  private func nuclei(_ chromatin: NoiseField, spotDepth: Float) -> Plane {
    var plane = Plane(width: size, height: size)
    for cell in cells {
      let radius = cell.shape.meanRadius
      cell.shape.forEachPixel(width: size, height: size, margin: cell.softness) { x, y, t in
        let depth = (1 - t) * radius
        let inside = smoothStep(depth / cell.softness, -0.5, 0.5)
        guard inside > 0 else { return }
        let px = Float(x) + 0.5
        let py = Float(y) + 0.5
        let membrane = max(0, 1 - abs(depth - 0.9) / 1.4)
        let mottle = chromatin.at(px + cell.texture.x, py + cell.texture.y) - 0.5
        let texture = 0.85 + 1.5 * cell.roughness * mottle + 0.3 * membrane
        let spots = spotDepth * (1 - cell.spotShade(px, py))
        let value = cell.level * inside * (max(texture, 0.15) + spots)
        let below = plane[x, y]
        plane[x, y] = max(value, below) + 0.35 * min(value, below)
      }
    }
    return plane
  }

  private func cytoplasm(_ tissue: NoiseField) -> Plane {
    var plane = Plane(width: size, height: size)
    for cell in cells where !cell.isDividing {
      cell.body.forEachPixel(width: size, height: size) { x, y, t in
        guard t < 1 else { return }
        let grain = tissue.at(Float(x) + cell.texture.x, Float(y) + cell.texture.y)
        let edge = smoothStep(1 - t, 0, 0.2)
        plane[x, y] = max(plane[x, y], edge * (0.5 + grain))
      }
    }
    return plane
  }

  /// Dust and fibres on the slide, which are no nuclei.
  private func dirt(_ random: inout PhiloxGenerator) -> Plane {
    var plane = Plane(width: size, height: size)
    let area = Float(size * size) / 65_536
    for _ in 0..<Int(area * random.float(0, 9)) {
      let shape = CellShape.random(
        x: random.float(0, Float(size)), y: random.float(0, Float(size)), radius: random.float(0.6, 2),
        &random)
      let density = random.float(0.2, 0.9)
      shape.forEachPixel(width: size, height: size) { x, y, t in
        plane[x, y] = max(plane[x, y], density * smoothStep(1 - t, -0.4, 0.4))
      }
    }
    for _ in 0..<Int(area * random.float(0, 2.2)) { addFibre(to: &plane, &random) }
    return plane
  }

  /// A thin curved line, drawn as a row of dots.
  private func addFibre(to plane: inout Plane, _ random: inout PhiloxGenerator) {
    var x = random.float(0, Float(size))
    var y = random.float(0, Float(size))
    var heading = random.direction()
    let bend = random.float(-0.035, 0.035)
    let density = random.float(0.12, 0.4)
    let radius = random.float(0.5, 0.9)
    for _ in 0..<random.integer(in: 30...110) {
      let dot = CellShape(x: x, y: y, longRadius: radius, shortRadius: radius, direction: (1, 0), waves: [])
      dot.forEachPixel(width: size, height: size) { px, py, t in
        plane[px, py] = max(plane[px, py], density * smoothStep(1.6 - t, 0, 1))
      }
      x += heading.x
      y += heading.y
      // Turns by a small angle and makes the direction's length one again.
      let turned = (x: heading.x - bend * heading.y, y: heading.y + bend * heading.x)
      let length = (turned.x * turned.x + turned.y * turned.y).squareRoot()
      heading = (turned.x / length, turned.y / length)
    }
  }
}
