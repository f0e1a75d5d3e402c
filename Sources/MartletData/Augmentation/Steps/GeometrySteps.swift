/// A change that is made to a sample or left out.
public struct AugmentationFlip: AugmentationStep {
  /// How often it is made.
  public var probability: Double

  public init(probability: Double = 0.5) { self.probability = probability }

  public static let defaults = Self()
  public static let parameters: [AugmentationParameter<Self>] = [.probability]
}

/// Turns by 90°, 180° or 270°, each as often as the others. With the default of 0.75 all four positions are
/// equally frequent.
public struct AugmentationQuarterTurns: AugmentationStep {
  public var probability: Double

  public init(probability: Double = 0.75) { self.probability = probability }

  public static let defaults = Self()
  public static let parameters: [AugmentationParameter<Self>] = [.probability]
}

/// Enlarges by a factor between two bounds; its logarithm is uniform, so that twice and half are as frequent.
public struct AugmentationScale: AugmentationStep {
  public var probability: Double
  /// The smallest factor, 0.05 to 20 and at most ``maximum``. Below 1 things get smaller than in the file.
  public var minimum: Double
  /// Above 1 things get larger than in the file.
  public var maximum: Double
  /// How far things may be stretched: width over height changes by a factor between 1 / `aspectRatio` and
  /// `aspectRatio`, whose logarithm is uniform. 1 keeps proportions.
  public var aspectRatio: Double

  public init(
    probability: Double = 1, minimum: Double = 0.8, maximum: Double = 1.25, aspectRatio: Double = 1
  ) {
    self.probability = probability
    self.minimum = minimum
    self.maximum = maximum
    self.aspectRatio = aspectRatio
  }

  public static let defaults = Self()
  public static let parameters: [AugmentationParameter<Self>] = [
    .probability, .init("minimum", \.minimum, 0.05...20), .init("maximum", \.maximum, 0.05...20),
    .init("aspectRatio", \.aspectRatio, 1...4),
  ]
  /// Says so where ``minimum`` is above ``maximum``.
  public var contradiction: String? {
    minimum <= maximum ? nil : "expected a minimum up to the maximum, got \(minimum) and \(maximum)"
  }
}

/// Turns by an angle that is uniform between −`degrees` and +`degrees`.
public struct AugmentationRotation: AugmentationStep {
  public var probability: Double
  /// The largest angle to either side, 0 to 180.
  public var degrees: Double

  public init(probability: Double = 0.5, degrees: Double = 15) {
    self.probability = probability
    self.degrees = degrees
  }

  public static let defaults = Self()
  public static let parameters: [AugmentationParameter<Self>] = [
    .probability, .init("degrees", \.degrees, 0...180),
  ]
}

/// Slants along both sides, each by an angle of its own that is uniform between −`degrees` and +`degrees`.
public struct AugmentationShear: AugmentationStep {
  public var probability: Double
  /// The largest angle to either side, 0 to 40.
  public var degrees: Double

  public init(probability: Double = 0.5, degrees: Double = 10) {
    self.probability = probability
    self.degrees = degrees
  }

  public static let defaults = Self()
  public static let parameters: [AugmentationParameter<Self>] = [
    .probability, .init("degrees", \.degrees, 0...40),
  ]
}

/// Moves the window by whole pixels from where it was cropped, also past the image's edge. It is for images that are
/// no larger than the window: where there is room, the random crop moves things already.
public struct AugmentationTranslation: AugmentationStep {
  public var probability: Double
  /// The farthest way along each side, as a share of the window.
  public var share: Double

  public init(probability: Double = 0.5, share: Double = 0.1) {
    self.probability = probability
    self.share = share
  }

  public static let defaults = Self()
  public static let parameters: [AugmentationParameter<Self>] = [
    .probability, .init("share", \.share, 0...1),
  ]
}

/// Chooses windows in which a class occurs, where images are larger than the window: for classes that a random window
/// seldom holds.
///
/// One of the wanted classes that the image has is drawn, each as often as the others, then one of its pixels, and
/// the window is laid around it at random. In images without any of them the window lies anywhere. Next to the
/// image's edge, a rotated window may just miss the pixel.
public struct AugmentationClassCrop: AugmentationStep {
  public var probability: Double
  /// Class indices; none for all but class 0.
  public var classes: [Int]

  public init(probability: Double = 0.5, classes: [Int] = []) {
    self.probability = probability
    self.classes = classes
  }

  public static let defaults = Self()
  public static let parameters: [AugmentationParameter<Self>] = [
    .probability,
    .init("classes", \.classes, expected: "class indices from 0 to \(LabelMap.largestClassCount - 1)") {
      $0.allSatisfy { (0..<LabelMap.largestClassCount).contains($0) }
    },
  ]
}
