import MartletKernels

/// What the microscope adds to every picture, whatever it shows: uneven light, and the camera's noise.
enum Illumination {
  /// Light of about 1 that falls off to one side and towards the corners.
  static func field(size: Int, strength: Float, _ random: inout PhiloxGenerator) -> Plane {
    let towards = random.direction()
    let gradient = random.float(0.1, 1) * strength
    let vignette = random.float(0.2, 1) * strength
    let centerX = random.float(0.35, 0.65)
    let centerY = random.float(0.35, 0.65)
    var field = Plane(width: size, height: size)
    for y in 0..<size {
      for x in 0..<size {
        let u = (Float(x) + 0.5) / Float(size)
        let v = (Float(y) + 0.5) / Float(size)
        let side = (u - 0.5) * towards.x + (v - 0.5) * towards.y
        let square = (u - centerX) * (u - centerX) + (v - centerY) * (v - centerY)
        field[x, y] = 1 + gradient * side - vignette * square
      }
    }
    return field
  }

  /// Adds the noise of counted light, which grows with its square root, and of the camera's reading.
  ///
  /// - Parameters:
  ///   - photons: How many counts a value of 1 stands for.
  ///   - reading: The standard deviation of reading, in units of value.
  static func addNoise(
    to plane: inout Plane, photons: Float, reading: Float, _ random: inout PhiloxGenerator
  ) {
    for i in plane.values.indices {
      let value = max(plane.values[i], 0)
      let variance = value / photons + reading * reading
      plane.values[i] = value + variance.squareRoot() * random.normal()
    }
  }
}
