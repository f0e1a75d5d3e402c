import MartletKernels

/// Seed and stream of a generator, so that transforms can be compared.
struct PhiloxKey: Hashable, Sendable {
  var seed: UInt64
  var stream: UInt64
  var generator: PhiloxGenerator { PhiloxGenerator(seed: seed, stream: stream) }
}

/// Where the random numbers of a sample's steps come from: a stream for each step, keyed by seed, epoch and sample.
struct AugmentationDraws: Hashable, Sendable {
  var seed: UInt64
  var epoch: Int
  var sampleIndex: Int
  /// Tells the parts of a mixed sample apart; 0 is the sample itself.
  var part = 0

  /// What is drawn for. The order is part of what a seed promises: new ones go last.
  enum Purpose: UInt64 {
    case crop, horizontalFlip, verticalFlip, quarterTurns, scale, rotation, elastic
    case brightness, contrast, gamma, noise, grain
    case shear, perspective, opticalDistortion, gridDistortion, translation, cropClass, cropClassPixel
    case clahe, saturation, hue, toGrey, channelShuffle, sharpening, blur, motionBlur, shotNoise, shotGrain
    case mosaic, cutMix, cutOut
  }

  func key(_ purpose: Purpose) -> PhiloxKey {
    PhiloxKey(
      seed: seed ^ (0x4155_474d_454e_5400 + purpose.rawValue) ^ UInt64(truncatingIfNeeded: part) << 56,
      stream: UInt64(truncatingIfNeeded: epoch) << 32 ^ UInt64(truncatingIfNeeded: sampleIndex))
  }

  /// The generator of a step, when the step is to be made this time.
  func generator(_ purpose: Purpose, _ step: (some AugmentationStep)?) -> PhiloxGenerator? {
    guard let step else { return nil }
    var generator = key(purpose).generator
    return generator.uniform() < step.probability ? generator : nil
  }
}

extension PhiloxGenerator {
  /// Two numbers, each uniform in ±bound.
  mutating func vector(within bound: Double) -> SIMD2<Double> {
    let x = uniform(in: -bound...bound)
    return SIMD2(x, uniform(in: -bound...bound))
  }

  /// A number from 0 to count − 1.
  mutating func index(below count: Int) -> Int {
    Int(next().multipliedFullWidth(by: UInt64(max(count, 1))).high)
  }
}
