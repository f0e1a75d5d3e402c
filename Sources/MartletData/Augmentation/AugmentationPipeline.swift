import Martlet

/// Which random changes training samples go through.
///
/// Geometric changes move image and mask together and are made in one resampling, whatever their number, in the order
/// turn, flip, rotation, shear, scale, perspective, optical distortion, grid distortion, elastic, crop: images
/// bilinear, masks nearest. Where only whole pixels move nothing is interpolated. Changes of values are made on
/// values in [0, 1] and cut to that range, in the order CLAHE, brightness, contrast, saturation, hue, gamma, grey,
/// channel shuffle, sharpening, blur, motion blur, shot noise, noise. Those of colour leave images of one channel as
/// they are. Parts of other samples come in after that, each changed on its own, and what is cut out goes last.
///
/// A sample's changes depend on the seed, the epoch and the sample's index alone (with mixing, on the number of
/// samples too), and each step draws from a stream of its own: adding one leaves what the others do.
///
/// Steps that are `nil` are left out. All properties may be left out when decoding, and so may a step's.
public struct AugmentationPipeline: Hashable, Sendable {
  // Geometry

  /// Left becomes right.
  public var horizontalFlip: AugmentationFlip?
  /// Top becomes bottom.
  public var verticalFlip: AugmentationFlip?
  /// Turns by quarters of a circle, before all other changes of geometry.
  public var quarterTurns: AugmentationQuarterTurns?
  /// Turns by any angle.
  public var rotation: AugmentationRotation?
  /// Slants along both sides.
  public var shear: AugmentationShear?
  /// Makes larger or smaller, and changes proportions where that is wanted.
  public var scale: AugmentationScale?
  /// Moves the window's corners, each its own way.
  public var perspective: AugmentationPerspective?
  /// Bends straight lines inwards or outwards, as lenses do.
  public var opticalDistortion: AugmentationOpticalDistortion?
  /// Makes columns and rows of the window wider or narrower.
  public var gridDistortion: AugmentationGridDistortion?
  /// Deforms smoothly, by random displacements on a coarse grid.
  public var elastic: AugmentationElastic?
  /// Moves by whole pixels, also past the image's edge.
  public var translation: AugmentationTranslation?
  /// Lays the window around a pixel of a wanted class, where the image is larger.
  public var cropClass: AugmentationClassCrop?

  // Values

  /// Equalises the histogram of tiles with a limit to contrast, on values of one channel or on CIE L* of colours.
  public var clahe: AugmentationCLAHE?
  /// Adds one number in ±strength to all values.
  public var brightness: AugmentationStrength?
  /// Multiplies the distance from the image's mean by a factor in 1 ± strength.
  public var contrast: AugmentationStrength?
  /// Multiplies the distance from each pixel's grey (ITU-R BT.601) by a factor in 1 ± strength.
  public var saturation: AugmentationStrength?
  /// Turns hues (of HSV) by a share of the colour circle in ±strength; 0.5 is half a circle.
  public var hue: AugmentationStrength?
  /// Raises values to a power whose logarithm is uniform in ±log(1 + strength).
  public var gamma: AugmentationStrength?
  /// Gives all channels the pixel's grey (ITU-R BT.601).
  public var toGrey: AugmentationFlip?
  /// Gives the channels another order, each of the five as often as the others.
  public var channelShuffle: AugmentationFlip?
  /// Adds up to strength times what a 3×3 binomial filter would take away (unsharp masking).
  public var sharpening: AugmentationStrength?
  /// Gaussian blur with a standard deviation between 0 and strength pixels.
  public var blur: AugmentationStrength?
  /// Blurs along a line in any direction.
  public var motionBlur: AugmentationMotionBlur?
  /// Adds Gaussian noise with a standard deviation of s · √value, s between 0 and strength: counted photons, of which
  /// a value of 1 stands for 1 / s².
  public var shotNoise: AugmentationStrength?
  /// Adds Gaussian noise, different for every value, with a standard deviation between 0 and strength.
  public var noise: AugmentationStrength?

  // Regions

  /// Puts the window together from parts of four samples; left out where there is only one sample.
  public var mosaic: AugmentationMosaic?
  /// Replaces a rectangle by a part of another sample; left out where there is only one sample.
  public var cutMix: AugmentationCutMix?
  /// Covers rectangles with ``Normalization/mean``, which normalisation turns into 0.
  public var cutOut: AugmentationCutOut?

  /// How pixels past the image's edge are labelled; ``AugmentationFill/reflect`` unless told otherwise.
  public var fill: AugmentationFill

  /// A pipeline of the most usual steps; others are set as properties.
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

  /// Checks that probabilities and strengths can be meant.
  ///
  /// - Throws: ``MartletError`` naming the step, the parameter, what it can be and what it is.
  public func check() throws {
    for entry in Self.entries {
      if let problem = entry.problem(self) { throw MartletError("augmentation", entry.name + problem) }
    }
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
