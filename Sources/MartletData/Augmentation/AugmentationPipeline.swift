import Martlet

/// Which random changes training samples go through.
///
/// Geometric changes move image and mask together and are made in one resampling, in the order turn, flip,
/// rotation, scale, elastic, crop: images bilinear, masks nearest. Where only whole pixels move nothing is
/// interpolated. Changes of values are made in the order brightness, contrast, gamma, noise, on values in [0,
/// 1], and cut to that range.
///
/// A sample's changes depend on the seed, the epoch and the sample's index alone, and each step draws from a
/// stream of its own: adding one leaves what the others do.
///
/// Steps that are `nil` are left out. All properties may be left out when decoding, and so may a step's.
public struct AugmentationPipeline: Hashable, Sendable, Codable {
  /// Left becomes right.
  public var horizontalFlip: AugmentationFlip?
  /// Top becomes bottom.
  public var verticalFlip: AugmentationFlip?
  public var quarterTurns: AugmentationQuarterTurns?
  public var scale: AugmentationScale?
  public var rotation: AugmentationRotation?
  public var elastic: AugmentationElastic?
  /// Adds one number in ±strength to all values.
  public var brightness: AugmentationStrength?
  /// Multiplies the distance from the image's mean by a factor in 1 ± strength.
  public var contrast: AugmentationStrength?
  /// Raises values to a power whose logarithm is uniform in ±log(1 + strength).
  public var gamma: AugmentationStrength?
  /// Adds Gaussian noise, different for every value, with a standard deviation between 0 and strength.
  public var noise: AugmentationStrength?
  public var fill: AugmentationFill

  public init(
    horizontalFlip: AugmentationFlip? = nil, verticalFlip: AugmentationFlip? = nil,
    quarterTurns: AugmentationQuarterTurns? = nil, scale: AugmentationScale? = nil,
    rotation: AugmentationRotation? = nil, elastic: AugmentationElastic? = nil,
    brightness: AugmentationStrength? = nil, contrast: AugmentationStrength? = nil,
    gamma: AugmentationStrength? = nil, noise: AugmentationStrength? = nil, fill: AugmentationFill = .reflect
  ) {
    self.horizontalFlip = horizontalFlip
    self.verticalFlip = verticalFlip
    self.quarterTurns = quarterTurns
    self.scale = scale
    self.rotation = rotation
    self.elastic = elastic
    self.brightness = brightness
    self.contrast = contrast
    self.gamma = gamma
    self.noise = noise
    self.fill = fill
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    func step<Step: Decodable>(_ key: CodingKeys) throws -> Step? {
      try values.decodeIfPresent(Step.self, forKey: key)
    }
    self.init(
      horizontalFlip: try step(.horizontalFlip), verticalFlip: try step(.verticalFlip),
      quarterTurns: try step(.quarterTurns), scale: try step(.scale), rotation: try step(.rotation),
      elastic: try step(.elastic), brightness: try step(.brightness), contrast: try step(.contrast),
      gamma: try step(.gamma), noise: try step(.noise), fill: try step(.fill) ?? .reflect)
  }

  /// No change but the random crop where images are larger than the window.
  public static let none = AugmentationPipeline()

  /// Flips and quarter turns: what leaves every pixel's value as it is.
  public static let flips = AugmentationPipeline(
    horizontalFlip: AugmentationFlip(), verticalFlip: AugmentationFlip(),
    quarterTurns: AugmentationQuarterTurns())

  /// For pictures without a direction, as from a microscope or from above: flips, turns, scale, brightness
  /// and contrast.
  public static let standard = AugmentationPipeline(
    horizontalFlip: AugmentationFlip(), verticalFlip: AugmentationFlip(),
    quarterTurns: AugmentationQuarterTurns(), scale: AugmentationScale(),
    brightness: AugmentationStrength(), contrast: AugmentationStrength(strength: 0.2))

  /// ``standard`` with rotation, elastic deformation, gamma and noise: for small datasets, as in the U-Net
  /// paper.
  public static let strong = AugmentationPipeline(
    horizontalFlip: AugmentationFlip(), verticalFlip: AugmentationFlip(),
    quarterTurns: AugmentationQuarterTurns(), scale: AugmentationScale(),
    rotation: AugmentationRotation(), elastic: AugmentationElastic(),
    brightness: AugmentationStrength(), contrast: AugmentationStrength(strength: 0.2),
    gamma: AugmentationStrength(strength: 0.3), noise: AugmentationStrength(strength: 0.05))

  /// Checks that probabilities and strengths can be meant.
  ///
  /// - Throws: ``MartletError`` naming the step and the value.
  public func check() throws {
    func check(_ name: String, _ probability: Double?) throws {
      guard let probability else { return }
      try require(
        (0...1).contains(probability), "augmentation",
        "expected a probability from 0 to 1 of \(name), got \(probability)")
    }
    func check(_ name: String, _ value: Double?, _ range: ClosedRange<Double>) throws {
      guard let value else { return }
      try require(
        range.contains(value), "augmentation",
        "expected \(name) from \(range.lowerBound) to \(range.upperBound), got \(value)")
    }
    try check("horizontal flip", horizontalFlip?.probability)
    try check("vertical flip", verticalFlip?.probability)
    try check("quarter turns", quarterTurns?.probability)
    try check("scale", scale?.probability)
    try check("rotation", rotation?.probability)
    try check("elastic", elastic?.probability)
    for (name, step) in [
      ("brightness", brightness), ("contrast", contrast), ("gamma", gamma), ("noise", noise),
    ] {
      try check(name, step?.probability)
    }
    if let scale {
      try check("a least scale", scale.minimum, 0.05...20)
      try check("a largest scale", scale.maximum, 0.05...20)
      try require(
        scale.minimum <= scale.maximum, "augmentation",
        "expected a least scale up to the largest, got \(scale.minimum) and \(scale.maximum)")
    }
    try check("rotation degrees", rotation?.degrees, 0...180)
    try check("an elastic standard deviation", elastic?.standardDeviation, 0...1000)
    if let elastic {
      try require(
        (2...64).contains(elastic.gridSize), "augmentation",
        "expected an elastic grid size from 2 to 64, got \(elastic.gridSize)")
    }
    try check("a brightness strength", brightness?.strength, 0...1)
    try check("a contrast strength", contrast?.strength, 0...1)
    try check("a gamma strength", gamma?.strength, 0...10)
    try check("a noise strength", noise?.strength, 0...1)
  }
}

/// What a window holds where it reaches past the image. Images are always reflected at their edges (the edge
/// itself is not repeated), since a border of one colour is something that networks learn.
public enum AugmentationFill: String, Hashable, Sendable, Codable, CaseIterable {
  /// Labels are reflected with the image.
  case reflect
  /// Labels outside the image are ``LabelMap/ignored``.
  case ignore
}
