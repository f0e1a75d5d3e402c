import Foundation
import MartletKernels

/// The changes that were drawn for one sample in one epoch.
struct SampleTransform: Hashable, Sendable {
  var flipsHorizontally = false
  var flipsVertically = false
  /// Clockwise, 0 to 3.
  var quarterTurns = 0
  /// Clockwise, in radians.
  var angle = 0.0
  var scale = 1.0
  var elastic: ElasticField?
  /// Where the window lies in the room it has: 0 left or top, just below 1 right or bottom.
  var position = SIMD2<Double>(0, 0)

  var brightness: Float = 0
  var contrast: Float = 1
  var gamma: Float = 1
  var noise: Float = 0
  /// What the noise of each value is drawn from.
  var noiseGenerator = PhiloxKey(seed: 0, stream: 0)

  /// Seed and stream of a generator, so that transforms can be compared.
  struct PhiloxKey: Hashable, Sendable {
    var seed: UInt64
    var stream: UInt64
    var generator: PhiloxGenerator { PhiloxGenerator(seed: seed, stream: stream) }
  }

  init() {}

  /// Draws the changes of a sample.
  init(_ pipeline: AugmentationPipeline, seed: UInt64, epoch: Int, sampleIndex: Int) {
    func key(_ step: Step) -> PhiloxKey {
      PhiloxKey(
        seed: seed ^ (0x4155_474d_454e_5400 + step.rawValue),
        stream: UInt64(truncatingIfNeeded: epoch) << 32 ^ UInt64(truncatingIfNeeded: sampleIndex))
    }
    /// The generator of a step, when the step is to be made this time.
    func drawn(_ step: Step, _ probability: Double?) -> PhiloxGenerator? {
      guard let probability else { return nil }
      var generator = key(step).generator
      return generator.uniform() < probability ? generator : nil
    }

    var crop = key(.crop).generator
    position = SIMD2(crop.uniform(), crop.uniform())
    flipsHorizontally = drawn(.horizontalFlip, pipeline.horizontalFlip?.probability) != nil
    flipsVertically = drawn(.verticalFlip, pipeline.verticalFlip?.probability) != nil
    if var generator = drawn(.quarterTurns, pipeline.quarterTurns?.probability) {
      quarterTurns = 1 + min(Int(generator.uniform() * 3), 2)
    }
    if let step = pipeline.scale, var generator = drawn(.scale, step.probability) {
      scale = exp(generator.uniform(in: log(step.minimum)...log(step.maximum)))
    }
    if let step = pipeline.rotation, var generator = drawn(.rotation, step.probability) {
      angle = generator.uniform(in: -step.degrees...step.degrees) * .pi / 180
    }
    if let step = pipeline.elastic, var generator = drawn(.elastic, step.probability) {
      elastic = ElasticField(
        gridSize: step.gridSize, standardDeviation: Float(step.standardDeviation), &generator)
    }
    if let step = pipeline.brightness, var generator = drawn(.brightness, step.probability) {
      brightness = Float(generator.uniform(in: -step.strength...step.strength))
    }
    if let step = pipeline.contrast, var generator = drawn(.contrast, step.probability) {
      contrast = Float(generator.uniform(in: (1 - step.strength)...(1 + step.strength)))
    }
    if let step = pipeline.gamma, var generator = drawn(.gamma, step.probability) {
      let bound = log(1 + step.strength)
      gamma = Float(exp(generator.uniform(in: -bound...bound)))
    }
    if let step = pipeline.noise, var generator = drawn(.noise, step.probability) {
      noise = Float(generator.uniform() * step.strength)
      noiseGenerator = key(.grain)
    }
  }

  private enum Step: UInt64 {
    case crop, horizontalFlip, verticalFlip, quarterTurns, scale, rotation, elastic
    case brightness, contrast, gamma, noise, grain
  }
}
