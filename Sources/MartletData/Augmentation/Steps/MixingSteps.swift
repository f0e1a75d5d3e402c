/// Puts a window together from four samples around a point in it, the sample itself and three others at random, each
/// cropped and changed on its own (Bochkovskiy et al., "YOLOv4", 2020). Labels stay hard: every pixel has its own.
public struct AugmentationMosaic: AugmentationStep {
  public var probability: Double

  public init(probability: Double = 0.5) { self.probability = probability }

  public static let defaults = Self()
  public static let parameters: [AugmentationParameter<Self>] = [.probability]
}

/// Replaces a rectangle by a part of another sample, labels with it (Yun et al., "CutMix", ICCV 2019; for segmentation
/// French et al., BMVC 2020).
public struct AugmentationCutMix: AugmentationStep {
  public var probability: Double
  /// The smallest and largest share of the window that is replaced.
  public var minimum: Double
  /// The largest share, at least ``minimum`` and at most 1.
  public var maximum: Double

  public init(probability: Double = 0.5, minimum: Double = 0.1, maximum: Double = 0.5) {
    self.probability = probability
    self.minimum = minimum
    self.maximum = maximum
  }

  public static let defaults = Self()
  public static let parameters: [AugmentationParameter<Self>] = [
    .probability, .init("minimum", \.minimum, 0...1), .init("maximum", \.maximum, 0...1),
  ]
  /// Says so where ``minimum`` is above ``maximum``.
  public var contradiction: String? {
    minimum <= maximum ? nil : "expected a minimum up to the maximum, got \(minimum) and \(maximum)"
  }
}
