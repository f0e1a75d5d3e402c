import Foundation

/// A colour in CIE L*a*b* under the white point D65: lightness from 0 to 100, and two axes of colour.
struct LabColor {
  var lightness: Float
  var a: Float
  var b: Float

  // The linear sRGB primaries' XYZ (IEC 61966-2-1) over the white point's.
  private static let white = SIMD3<Float>(0.95047, 1, 1.08883)
  private static let cut: Float = 0.008856
  private static let slope: Float = 7.787

  /// From sRGB in [0, 1].
  init(red: Float, green: Float, blue: Float) {
    let (r, g, b) = (Self.linear(red), Self.linear(green), Self.linear(blue))
    let xyz =
      SIMD3(
        0.412453 * r + 0.357580 * g + 0.180423 * b,
        0.212671 * r + 0.715160 * g + 0.072169 * b,
        0.019334 * r + 0.119193 * g + 0.950227 * b) / Self.white
    func root(_ value: Float) -> Float { value > Self.cut ? cbrt(value) : Self.slope * value + 16 / 116 }
    let (fx, fy, fz) = (root(xyz.x), root(xyz.y), root(xyz.z))
    lightness = 116 * fy - 16
    a = 500 * (fx - fy)
    self.b = 200 * (fy - fz)
  }

  /// In sRGB; what the screen cannot show lies outside [0, 1].
  var rgb: SIMD3<Float> {
    let fy = (lightness + 16) / 116
    func power(_ root: Float) -> Float {
      let cube = root * root * root
      return cube > Self.cut ? cube : (root - 16 / 116) / Self.slope
    }
    let xyz = SIMD3(power(fy + a / 500), power(fy), max(power(fy - b / 200), 0)) * Self.white
    // The inverse of the matrix above.
    return SIMD3(
      Self.companded(3.240481 * xyz.x - 1.537152 * xyz.y - 0.498536 * xyz.z),
      Self.companded(-0.969255 * xyz.x + 1.875990 * xyz.y + 0.041556 * xyz.z),
      Self.companded(0.055647 * xyz.x - 0.204041 * xyz.y + 1.057311 * xyz.z))
  }

  private static func linear(_ value: Float) -> Float {
    value > 0.04045 ? pow((value + 0.055) / 1.055, 2.4) : value / 12.92
  }

  private static func companded(_ value: Float) -> Float {
    value > 0.0031308 ? 1.055 * pow(value, 1 / 2.4) - 0.055 : 12.92 * value
  }
}
