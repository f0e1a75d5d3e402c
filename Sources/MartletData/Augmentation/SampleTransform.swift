import Foundation
import MartletKernels

/// The changes that were drawn for one sample, or one part of a mixed sample, in one epoch.
struct SampleTransform: Hashable, Sendable {
  var flipsHorizontally = false
  var flipsVertically = false
  /// Clockwise, 0 to 3.
  var quarterTurns = 0
  /// Clockwise, in radians.
  var angle = 0.0
  /// Along and across, in radians.
  var shear = SIMD2<Double>(0, 0)
  var scale = 1.0
  /// How much wider than high a square becomes.
  var aspectRatio = 1.0
  var perspective: PerspectiveView?
  var opticalDistortion: OpticalDistortion?
  var gridDistortion: GridDistortion?
  var elastic: ElasticField?
  /// How far the window is moved, as a share of its sides.
  var translation = SIMD2<Double>(0, 0)
  /// Where the window lies in the room it has: 0 left or top, just below 1 right or bottom. With a ``target``, where
  /// in the window that is.
  var position = SIMD2<Double>(0, 0)
  /// A pixel of the image that the window is to hold.
  var target: SIMD2<Double>?
  /// What chooses the target, when the window is to hold a class.
  var classGenerator: PhiloxKey?

  var clahe: ContrastEqualization?
  var brightness: Float = 0
  var contrast: Float = 1
  var saturation: Float = 1
  /// A share of the colour circle.
  var hue: Float = 0
  var gamma: Float = 1
  var isGrey = false
  /// Which channel comes to each place.
  var channelOrder: [Int]?
  var sharpening: Float = 0
  /// In pixels.
  var blur = 0.0
  var motionBlur: MotionBlur?
  var shotNoise: Float = 0
  var shotNoiseGenerator = PhiloxKey(seed: 0, stream: 0)
  var noise: Float = 0
  /// What the noise of each value is drawn from.
  var noiseGenerator = PhiloxKey(seed: 0, stream: 0)

  init() {}

  /// Draws the changes of a sample.
  init(_ pipeline: AugmentationPipeline, seed: UInt64, epoch: Int, sampleIndex: Int) {
    self.init(pipeline, AugmentationDraws(seed: seed, epoch: epoch, sampleIndex: sampleIndex))
  }

  /// Draws the changes of a sample or of a part of it.
  init(_ pipeline: AugmentationPipeline, _ draws: AugmentationDraws) {
    drawGeometry(pipeline, draws)
    drawValues(pipeline, draws)
  }

  private mutating func drawGeometry(_ pipeline: AugmentationPipeline, _ draws: AugmentationDraws) {
    var crop = draws.key(.crop).generator
    position = SIMD2(crop.uniform(), crop.uniform())
    flipsHorizontally = draws.generator(.horizontalFlip, pipeline.horizontalFlip) != nil
    flipsVertically = draws.generator(.verticalFlip, pipeline.verticalFlip) != nil
    if var generator = draws.generator(.quarterTurns, pipeline.quarterTurns) {
      quarterTurns = 1 + min(Int(generator.uniform() * 3), 2)
    }
    if let step = pipeline.scale, var generator = draws.generator(.scale, step) {
      scale = exp(generator.uniform(in: log(step.minimum)...log(step.maximum)))
      let bound = log(step.aspectRatio)
      aspectRatio = exp(generator.uniform(in: -bound...bound))
    }
    if let step = pipeline.rotation, var generator = draws.generator(.rotation, step) {
      angle = generator.uniform(in: -step.degrees...step.degrees) * .pi / 180
    }
    if let step = pipeline.shear, var generator = draws.generator(.shear, step) {
      shear = generator.vector(within: step.degrees * .pi / 180)
    }
    if let step = pipeline.perspective, var generator = draws.generator(.perspective, step) {
      perspective = PerspectiveView(corners: (0..<4).map { _ in generator.vector(within: step.strength) })
    }
    if let step = pipeline.opticalDistortion, var generator = draws.generator(.opticalDistortion, step) {
      opticalDistortion = OpticalDistortion(
        coefficient: generator.uniform(in: -step.strength...step.strength))
    }
    if let step = pipeline.gridDistortion, var generator = draws.generator(.gridDistortion, step) {
      func factors() -> [Double] {
        (0..<step.cells).map { _ in generator.uniform(in: (1 - step.strength)...(1 + step.strength)) }
      }
      gridDistortion = GridDistortion(columns: factors(), rows: factors())
    }
    if let step = pipeline.elastic, var generator = draws.generator(.elastic, step) {
      elastic = ElasticField(
        gridSize: step.gridSize, standardDeviation: Float(step.standardDeviation), &generator)
    }
    if let step = pipeline.translation, var generator = draws.generator(.translation, step) {
      translation = generator.vector(within: step.share)
    }
    if draws.generator(.cropClass, pipeline.cropClass) != nil { classGenerator = draws.key(.cropClassPixel) }
  }

  private mutating func drawValues(_ pipeline: AugmentationPipeline, _ draws: AugmentationDraws) {
    if let step = pipeline.clahe, var generator = draws.generator(.clahe, step) {
      clahe = ContrastEqualization(clipLimit: generator.uniform(in: 1...step.clipLimit), tiles: step.tiles)
    }
    if let step = pipeline.brightness, var generator = draws.generator(.brightness, step) {
      brightness = Float(generator.uniform(in: -step.strength...step.strength))
    }
    if let step = pipeline.contrast, var generator = draws.generator(.contrast, step) {
      contrast = Float(generator.uniform(in: (1 - step.strength)...(1 + step.strength)))
    }
    if let step = pipeline.saturation, var generator = draws.generator(.saturation, step) {
      saturation = Float(generator.uniform(in: (1 - step.strength)...(1 + step.strength)))
    }
    if let step = pipeline.hue, var generator = draws.generator(.hue, step) {
      hue = Float(generator.uniform(in: -step.strength...step.strength))
    }
    if let step = pipeline.gamma, var generator = draws.generator(.gamma, step) {
      let bound = log(1 + step.strength)
      gamma = Float(exp(generator.uniform(in: -bound...bound)))
    }
    isGrey = draws.generator(.toGrey, pipeline.toGrey) != nil
    if var generator = draws.generator(.channelShuffle, pipeline.channelShuffle) {
      let orders = [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
      channelOrder = orders[min(Int(generator.uniform() * 5), 4)]
    }
    if let step = pipeline.sharpening, var generator = draws.generator(.sharpening, step) {
      sharpening = Float(generator.uniform() * step.strength)
    }
    if let step = pipeline.blur, var generator = draws.generator(.blur, step) {
      blur = generator.uniform() * step.strength
    }
    if let step = pipeline.motionBlur, var generator = draws.generator(.motionBlur, step) {
      motionBlur = MotionBlur(
        length: 2 + min(Int(generator.uniform() * Double(step.length - 1)), step.length - 2),
        angle: generator.uniform() * .pi)
    }
    if let step = pipeline.shotNoise, var generator = draws.generator(.shotNoise, step) {
      shotNoise = Float(generator.uniform() * step.strength)
      shotNoiseGenerator = draws.key(.shotGrain)
    }
    if let step = pipeline.noise, var generator = draws.generator(.noise, step) {
      noise = Float(generator.uniform() * step.strength)
      noiseGenerator = draws.key(.grain)
    }
  }
}
