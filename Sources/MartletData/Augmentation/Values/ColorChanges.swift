/// Changes of a pixel's colour, RGB in [0, 1].
extension SIMD3<Float> {
  /// The grey of ITU-R BT.601.
  @inline(__always)
  var grey: Float { 0.299 * x + 0.587 * y + 0.114 * z }

  /// The distance from grey multiplied by a factor: 0 gives grey, 1 leaves everything.
  @inline(__always)
  func saturated(by factor: Float) -> SIMD3<Float> {
    let grey = SIMD3(repeating: grey)
    return grey + (self - grey) * factor
  }

  /// The colour with its hue (of HSV) turned by a share of the colour circle; value and saturation stay.
  @inline(__always)
  func withHueTurned(by share: Float) -> SIMD3<Float> {
    let (largest, smallest) = (self.max(), self.min())
    let spread = largest - smallest
    if spread == 0 { return self }
    // The hue in sixths of the circle: red at 0, green at 2, blue at 4.
    let sixths =
      largest == x
      ? (y - z) / spread : largest == y ? 2 + (z - x) / spread : 4 + (x - y) / spread
    let turned = sixths + 6 * share
    // Each channel is a trapezoid of the hue.
    func channel(_ offset: Float) -> Float {
      let place = turned + offset
      let k = place - 6 * (place / 6).rounded(.down)
      return largest - spread * Swift.max(0, Swift.min(k, 4 - k, 1))
    }
    return SIMD3(channel(5), channel(3), channel(1))
  }
}
