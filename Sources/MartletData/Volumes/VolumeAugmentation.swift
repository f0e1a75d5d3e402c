import MartletKernels

/// What is done to patches of volumes in training.
///
/// All that moves voxels moves them to other voxels, so that labels stay what they are and nothing is interpolated.
public struct VolumeAugmentation: Hashable, Sendable {
  /// Whether each axis is turned around every other time.
  public var flips = false
  /// Whether slices are turned by quarter turns; by half turns where they are not square.
  public var quarterTurns = false
  /// Values are multiplied by up to 1 ± this, after normalisation.
  public var scale: Float = 0
  /// Up to ± this is added to them.
  public var shift: Float = 0
  /// The largest standard deviation of noise that is added to every seventh patch, as nnU-Net does.
  public var noise: Float = 0

  /// Nothing is changed until a property is set.
  public init() {}

  /// No change of patches, which are chosen at random all the same.
  public static let none = VolumeAugmentation()
  /// Flips along the three axes.
  public static let flips: VolumeAugmentation = {
    var steps = VolumeAugmentation()
    steps.flips = true
    return steps
  }()
  /// Flips, quarter turns, and values scaled and shifted by up to a tenth, as MONAI's example for brain tumours does.
  public static let standard: VolumeAugmentation = {
    var steps = flips
    steps.quarterTurns = true
    steps.scale = 0.1
    steps.shift = 0.1
    return steps
  }()
  /// More of that, and noise.
  public static let strong: VolumeAugmentation = {
    var steps = standard
    steps.scale = 0.25
    steps.shift = 0.25
    steps.noise = 0.3
    return steps
  }()

  static let noiseProbability = 0.15
}

/// The changes that were drawn for one patch.
struct VolumeTransform: Hashable, Sendable {
  /// Depth, height, width.
  var flips = [false, false, false]
  /// In the plane of slices, 0 to 3.
  var quarterTurns = 0
  var scale: Float = 1
  var shift: Float = 0
  var noise: Float = 0
  var noiseGenerator = PhiloxKey(seed: 0, stream: 0)

  init() {}

  /// Draws in a fixed order, whatever is wanted, so that a step more leaves the others as they were.
  init(_ steps: VolumeAugmentation, isSquare: Bool, _ generator: inout PhiloxGenerator, noise: PhiloxKey) {
    let flips = (0..<3).map { _ in generator.uniform() < 0.5 }
    let turns = generator.index(below: 4)
    let (scale, shift) = (generator.uniform(in: -1...1), generator.uniform(in: -1...1))
    let (isNoisy, noiseShare) = (
      generator.uniform() < VolumeAugmentation.noiseProbability, generator.uniform()
    )
    if steps.flips { self.flips = flips }
    if steps.quarterTurns { quarterTurns = isSquare ? turns : turns / 2 * 2 }
    self.scale = 1 + steps.scale * Float(scale)
    self.shift = steps.shift * Float(shift)
    if isNoisy { self.noise = steps.noise * Float(noiseShare) }
    noiseGenerator = noise
  }
}
