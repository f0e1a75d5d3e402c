/// The smooth deformation of Ronneberger et al., "U-Net" (MICCAI 2015), section 3.1: random displacement
/// vectors on a coarse grid over the window, from a Gaussian distribution, and bicubic interpolation between
/// them.
public struct AugmentationElastic: AugmentationStep {
  public var probability: Double
  /// The standard deviation of each vector's components, in pixels.
  public var standardDeviation: Double
  /// Vectors along each side of the window; the outer ones lie on its edge.
  public var gridSize: Int

  public init(probability: Double = 0.5, standardDeviation: Double = 10, gridSize: Int = 3) {
    self.probability = probability
    self.standardDeviation = standardDeviation
    self.gridSize = gridSize
  }

  public static let defaults = Self()
  public static let parameters: [AugmentationParameter<Self>] = [
    .probability, .init("standardDeviation", \.standardDeviation, 0...1000),
    .init("gridSize", \.gridSize, 2...64),
  ]
}

/// Cuts the window into columns and rows of which each is made wider or narrower by a factor of its own; the whole
/// keeps its size.
public struct AugmentationGridDistortion: AugmentationStep {
  public var probability: Double
  /// Columns and rows.
  public var cells: Int
  /// Factors are uniform in 1 ± strength before the whole is brought back to its size.
  public var strength: Double

  public init(probability: Double = 0.5, cells: Int = 5, strength: Double = 0.3) {
    self.probability = probability
    self.cells = cells
    self.strength = strength
  }

  public static let defaults = Self()
  public static let parameters: [AugmentationParameter<Self>] = [
    .probability, .init("cells", \.cells, 2...64), .init("strength", \.strength, 0...0.9),
  ]
}

/// A lens that bends straight lines: the distance r from the window's middle, 1 in its corners, becomes
/// r · (1 + k r²), with k uniform in ±strength (the first radial coefficient of Brown, "Close-range camera
/// calibration", 1971).
public struct AugmentationOpticalDistortion: AugmentationStep {
  public var probability: Double
  /// The largest magnitude of k, 0 to 0.3.
  public var strength: Double

  public init(probability: Double = 0.5, strength: Double = 0.1) {
    self.probability = probability
    self.strength = strength
  }

  public static let defaults = Self()
  // Below −1/3 the picture would fold over itself.
  public static let parameters: [AugmentationParameter<Self>] = [
    .probability, .init("strength", \.strength, 0...0.3),
  ]
}

/// Looks at the picture from aside: the window's corners come from places that are moved at random, and straight
/// lines stay straight.
public struct AugmentationPerspective: AugmentationStep {
  public var probability: Double
  /// The farthest way of a corner along each side, as a share of the window.
  public var strength: Double

  public init(probability: Double = 0.5, strength: Double = 0.1) {
    self.probability = probability
    self.strength = strength
  }

  public static let defaults = Self()
  // From a quarter on the four corners need not span a convex area.
  public static let parameters: [AugmentationParameter<Self>] = [
    .probability, .init("strength", \.strength, 0...0.2),
  ]
}
