/// A change of values whose strength is drawn anew for each sample.
public struct AugmentationStrength: AugmentationStep {
  public var probability: Double
  /// The largest change. See the step for its unit.
  public var strength: Double

  public init(probability: Double = 0.5, strength: Double = 0.1) {
    self.probability = probability
    self.strength = strength
  }

  public static let defaults = Self()
  public static let parameters: [AugmentationParameter<Self>] = [
    .probability, .init("strength", \.strength, 0...100),
  ]
}

/// Contrast limited adaptive histogram equalization (Zuiderveld, "Graphics Gems IV", 1994), as OpenCV computes it:
/// see ``AugmentationPipeline/clahe``.
public struct AugmentationCLAHE: AugmentationStep {
  public var probability: Double
  /// The largest number of times that a value may be as frequent as in a flat histogram; what is used is uniform
  /// between 1 and this.
  public var clipLimit: Double
  /// Tiles along each side.
  public var tiles: Int

  public init(probability: Double = 0.5, clipLimit: Double = 4, tiles: Int = 8) {
    self.probability = probability
    self.clipLimit = clipLimit
    self.tiles = tiles
  }

  public static let defaults = Self()
  public static let parameters: [AugmentationParameter<Self>] = [
    .probability, .init("clipLimit", \.clipLimit, 1...256), .init("tiles", \.tiles, 1...64),
  ]
}

/// Blurs along a line, as when camera or object move: the mean of pixels at steps of one pixel along a line through
/// each, in a direction that is uniform.
public struct AugmentationMotionBlur: AugmentationStep {
  public var probability: Double
  /// The longest line, in pixels; its length is a whole number, uniform from 2 on.
  public var length: Int

  public init(probability: Double = 0.5, length: Int = 7) {
    self.probability = probability
    self.length = length
  }

  public static let defaults = Self()
  public static let parameters: [AugmentationParameter<Self>] = [
    .probability, .init("length", \.length, 2...63),
  ]
}

/// Covers rectangles of the window with the normalisation's mean, which the network reads as 0 ("cutout", DeVries and
/// Taylor 2017; "coarse dropout" elsewhere), so that it learns to use what is around. It is the training images' mean
/// colour where the normalisation is theirs, and black where there is none.
public struct AugmentationCutOut: AugmentationStep {
  /// What pixels under a rectangle are labelled.
  public enum Labels: String, Hashable, Sendable, Codable, CaseIterable {
    /// As before: the network is to tell from what is around.
    case keep
    /// ``LabelMap/ignored``: they count in no loss.
    case ignore
  }

  public var probability: Double
  /// The largest number of rectangles; what is used is uniform from 1 on.
  public var count: Int
  /// The longest side of a rectangle, as a share of the window's; each side is uniform between half of it and it.
  public var size: Double
  /// What becomes of the labels of covered pixels.
  public var labels: Labels

  public init(probability: Double = 0.5, count: Int = 8, size: Double = 0.15, labels: Labels = .keep) {
    self.probability = probability
    self.count = count
    self.size = size
    self.labels = labels
  }

  public static let defaults = Self()
  public static let parameters: [AugmentationParameter<Self>] = [
    .probability, .init("count", \.count, 1...256), .init("size", \.size, 0...1),
    .init("labels", choice: \.labels),
  ]
}
