/// A change that is made to a sample or left out.
public struct AugmentationFlip: Hashable, Sendable, Codable {
  /// How often it is made.
  public var probability: Double

  public init(probability: Double = 0.5) { self.probability = probability }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      probability: try values.decodeIfPresent(Double.self, forKey: .probability) ?? Self().probability)
  }
}

/// Turns by 90°, 180° or 270°, each as often as the others. With the default of 0.75 all four positions are
/// equally frequent.
public struct AugmentationQuarterTurns: Hashable, Sendable, Codable {
  public var probability: Double

  public init(probability: Double = 0.75) { self.probability = probability }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      probability: try values.decodeIfPresent(Double.self, forKey: .probability) ?? Self().probability)
  }
}

/// Enlarges by a factor between two bounds; its logarithm is uniform, so that twice and half are as frequent.
public struct AugmentationScale: Hashable, Sendable, Codable {
  public var probability: Double
  public var minimum: Double
  /// Above 1 things get larger than in the file.
  public var maximum: Double

  public init(probability: Double = 1, minimum: Double = 0.8, maximum: Double = 1.25) {
    self.probability = probability
    self.minimum = minimum
    self.maximum = maximum
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let standard = Self()
    self.init(
      probability: try values.decodeIfPresent(Double.self, forKey: .probability) ?? standard.probability,
      minimum: try values.decodeIfPresent(Double.self, forKey: .minimum) ?? standard.minimum,
      maximum: try values.decodeIfPresent(Double.self, forKey: .maximum) ?? standard.maximum)
  }
}

/// Turns by an angle that is uniform between −`degrees` and +`degrees`.
public struct AugmentationRotation: Hashable, Sendable, Codable {
  public var probability: Double
  public var degrees: Double

  public init(probability: Double = 0.5, degrees: Double = 15) {
    self.probability = probability
    self.degrees = degrees
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let standard = Self()
    self.init(
      probability: try values.decodeIfPresent(Double.self, forKey: .probability) ?? standard.probability,
      degrees: try values.decodeIfPresent(Double.self, forKey: .degrees) ?? standard.degrees)
  }
}

/// The smooth deformation of Ronneberger et al., "U-Net" (MICCAI 2015), section 3.1: random displacement
/// vectors on a coarse grid over the window, from a Gaussian distribution, and bicubic interpolation between
/// them.
public struct AugmentationElastic: Hashable, Sendable, Codable {
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

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let standard = Self()
    self.init(
      probability: try values.decodeIfPresent(Double.self, forKey: .probability) ?? standard.probability,
      standardDeviation: try values.decodeIfPresent(Double.self, forKey: .standardDeviation)
        ?? standard.standardDeviation,
      gridSize: try values.decodeIfPresent(Int.self, forKey: .gridSize) ?? standard.gridSize)
  }
}

/// A change of brightness, contrast or grain whose strength is drawn anew for each sample.
public struct AugmentationStrength: Hashable, Sendable, Codable {
  public var probability: Double
  /// The largest change. See the step for its unit.
  public var strength: Double

  public init(probability: Double = 0.5, strength: Double = 0.1) {
    self.probability = probability
    self.strength = strength
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let standard = Self()
    self.init(
      probability: try values.decodeIfPresent(Double.self, forKey: .probability) ?? standard.probability,
      strength: try values.decodeIfPresent(Double.self, forKey: .strength) ?? standard.strength)
  }
}
