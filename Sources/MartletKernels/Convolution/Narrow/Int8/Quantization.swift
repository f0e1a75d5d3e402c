/// How real numbers are rounded to the whole numbers 0…255: x = scale · (q − zeroPoint).
public struct Quantization: Hashable, Sendable {
  /// What lies between neighbouring whole numbers; above 0, and finite.
  public let scale: Float
  /// The whole number that stands for 0.
  public let zeroPoint: UInt8

  /// For numbers of a range, which is widened to hold 0, so that padding is exact; what lies outside is rounded to its
  /// ends. `nil` where it holds nothing else, or is not finite.
  public init?(_ range: ClosedRange<Float>) {
    let (low, high) = (min(0, range.lowerBound), max(0, range.upperBound))
    let scale = (high - low) / 255
    guard scale.isFinite, scale >= .leastNormalMagnitude else { return nil }
    self.scale = scale
    zeroPoint = UInt8(min(255, max(0, (-low / scale).rounded(.toNearestOrEven))))
  }
}
