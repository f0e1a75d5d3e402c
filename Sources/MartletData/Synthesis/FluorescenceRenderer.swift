import MartletKernels

/// Draws nuclei that shine on a dark ground, with a faint cytoplasm of another colour, haze from what is out of
/// focus, specks, uneven light and the noise of few photons.
struct FluorescenceRenderer {
  let cells: [Cell]
  let size: Int

  /// The colours of the nuclei's and of the cytoplasm's stain, and how strong the latter is.
  private struct Stain {
    var nucleus: [Float]
    var cytoplasm: [Float]
    var cytoplasmLevel: Float

    static func random(_ random: inout PhiloxGenerator) -> Stain {
      switch random.integer(in: 0...5) {
      case 0, 1: Stain(nucleus: [1, 1, 1], cytoplasm: [1, 1, 1], cytoplasmLevel: random.float(0, 0.14))
      case 2:
        Stain(
          nucleus: [0.30, 0.50, 1], cytoplasm: [0.10, 1, 0.25], cytoplasmLevel: random.float(0.15, 0.55))
      case 3:
        Stain(
          nucleus: [0.28, 0.46, 1], cytoplasm: [1, 0.22, 0.16], cytoplasmLevel: random.float(0.15, 0.55))
      case 4:
        Stain(
          nucleus: [0.25, 0.62, 1], cytoplasm: [0.85, 0.2, 0.8], cytoplasmLevel: random.float(0.12, 0.42))
      default:
        Stain(
          nucleus: [0.32, 1, 0.42], cytoplasm: [0.2, 0.45, 0.3], cytoplasmLevel: random.float(0.08, 0.35))
      }
    }
  }

  func draw(_ random: inout PhiloxGenerator) -> [Plane] {
    let stain = Stain.random(&random)
    let chromatin = NoiseField(periods: [7, 3.5, 1.8], weights: [0.5, 0.35, 0.15], random: &random)
    let fibres = NoiseField(periods: [14, 6, 2.5], weights: [0.4, 0.4, 0.2], random: &random)
    let clouds = NoiseField(periods: [90, 40], weights: [0.7, 0.3], random: &random)

    let nuclei = nuclei(chromatin, spotDepth: random.float(0.15, 0.6))
    let cytoplasm = cytoplasm(fibres)
    let specks = specks(&random)
    let defocused = defocused(&random)

    let sharpness = random.float(0.6, 1.35)
    let haze = random.float(0.05, 0.22)
    let inFocus = nuclei.blurred(sharpness)
    let glow = nuclei.blurred(9)
    let body = cytoplasm.blurred(sharpness + 0.3)
    let dots = specks.blurred(sharpness * 0.7)
    let light = Illumination.field(size: size, strength: random.float(0.1, 0.9), &random)
    let exposure = random.float(0.42, 0.8)
    let ground = random.float(0.015, 0.07)

    var colors = [Plane](repeating: Plane(width: size, height: size), count: 3)
    for y in 0..<size {
      for x in 0..<size {
        let i = y * size + x
        let shine = inFocus.values[i] + haze * glow.values[i] + defocused.values[i]
        let background = ground * (0.6 + 0.8 * clouds.at(Float(x), Float(y)))
        for c in 0..<3 {
          let value =
            stain.nucleus[c] * (shine + dots.values[i])
            + stain.cytoplasm[c] * stain.cytoplasmLevel * body.values[i]
          // A film or sensor that is nearly full answers less: bright places turn paler, not flat.
          let exposed = exposure * light.values[i] * value
          colors[c].values[i] =
            compressed(exposed) + background * light.values[i] * (0.5 + 0.5 * stain.nucleus[c])
        }
      }
    }
    let photons = random.float(70, 500)
    let reading = random.float(0.004, 0.018)
    addNoise(to: &colors, isGrey: stain.nucleus == [1, 1, 1], photons: photons, reading: reading, &random)
    return colors
  }

  @inline(__always)
  private func compressed(_ value: Float) -> Float {
    value < 0.6 ? value : 0.6 + (value - 0.6) / (1 + (value - 0.6) / 0.4)
  }

  /// A grey camera has one noise for all three channels.
  private func addNoise(
    to colors: inout [Plane], isGrey: Bool, photons: Float, reading: Float, _ random: inout PhiloxGenerator
  ) {
    Illumination.addNoise(to: &colors[0], photons: photons, reading: reading, &random)
    for c in 1..<3 {
      if isGrey {
        colors[c] = colors[0]
      } else {
        Illumination.addNoise(to: &colors[c], photons: photons, reading: reading, &random)
      }
    }
  }

  /// The nuclei's light: thickest in the middle, mottled, with darker nucleoli. Where two overlap, light adds up.
  private func nuclei(_ chromatin: NoiseField, spotDepth: Float) -> Plane {
    var plane = Plane(width: size, height: size)
    for cell in cells {
      let radius = cell.shape.meanRadius
      cell.shape.forEachPixel(width: size, height: size, margin: cell.softness) { x, y, t in
        let inside = smoothStep((1 - t) * radius / cell.softness, -0.5, 0.5)
        guard inside > 0 else { return }
        let px = Float(x) + 0.5
        let py = Float(y) + 0.5
        let dome = 0.72 + 0.28 * max(0, 1 - t * t).squareRoot()
        let mottle = chromatin.at(px + cell.texture.x, py + cell.texture.y) - 0.5
        let texture = 1 + 1.5 * cell.roughness * mottle
        let shade = 1 - spotDepth * (1 - cell.spotShade(px, py))
        plane[x, y] += cell.level * inside * dome * max(texture, 0.2) * shade
      }
    }
    return plane
  }

  /// The bodies' light, which fades towards their edge and is threaded through with fibres.
  private func cytoplasm(_ fibres: NoiseField) -> Plane {
    var plane = Plane(width: size, height: size)
    for cell in cells where !cell.isDividing {
      cell.body.forEachPixel(width: size, height: size) { x, y, t in
        guard t < 1 else { return }
        let thread = fibres.at(Float(x) + cell.texture.y, Float(y) + cell.texture.x)
        let value = (1 - t * t) * (0.35 + 1.3 * thread) * min(cell.level, 1)
        // Bodies that meet press against each other and do not pile up.
        plane[x, y] = max(plane[x, y], value)
      }
    }
    return plane
  }

  /// Small bright debris, which is no nucleus.
  private func specks(_ random: inout PhiloxGenerator) -> Plane {
    var plane = Plane(width: size, height: size)
    let count = Int(Float(size * size) / 65_536 * random.float(0, 14))
    for _ in 0..<count {
      let shape = CellShape.random(
        x: random.float(0, Float(size)), y: random.float(0, Float(size)), radius: random.float(0.6, 1.9),
        &random)
      let level = random.float(0.25, 1.1)
      shape.forEachPixel(width: size, height: size) { x, y, t in
        plane[x, y] += level * smoothStep(1 - t, -0.4, 0.4)
      }
    }
    return plane
  }

  /// Nuclei far above or below the plane of focus: wide, faint, without an edge, and not in the mask.
  private func defocused(_ random: inout PhiloxGenerator) -> Plane {
    var plane = Plane(width: size, height: size)
    let count = Int(Float(size * size) / 65_536 * random.float(0, 4) + 0.5)
    for _ in 0..<count {
      let shape = CellShape.random(
        x: random.float(0, Float(size)), y: random.float(0, Float(size)), radius: random.float(16, 26),
        &random)
      let level = random.float(0.04, 0.12)
      shape.forEachPixel(width: size, height: size) { x, y, t in
        let fade = max(0, 1 - t * t)
        plane[x, y] += level * fade * fade
      }
    }
    return plane
  }
}
