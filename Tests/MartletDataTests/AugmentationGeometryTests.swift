import Foundation
import Martlet
import Testing

@testable import MartletData

struct AugmentationGeometryTests {
  let sample = AugmentationSample.numbered(3, 3)

  private func labels(_ change: (inout SampleTransform) -> Void) -> [UInt8] {
    var transform = SampleTransform()
    change(&transform)
    let window = augmentationWindow(sample, 3, 3, transform)
    #expect(zip(window.values, window.labels).allSatisfy { abs($0 - Float($1)) < 1e-4 })
    return window.labels
  }

  @Test func flipsAndTurnsMoveWholePixels() {
    #expect(labels { _ in } == [0, 1, 2, 3, 4, 5, 6, 7, 8])
    #expect(labels { $0.flipsHorizontally = true } == [2, 1, 0, 5, 4, 3, 8, 7, 6])
    #expect(labels { $0.flipsVertically = true } == [6, 7, 8, 3, 4, 5, 0, 1, 2])
    #expect(labels { $0.quarterTurns = 1 } == [6, 3, 0, 7, 4, 1, 8, 5, 2])
    #expect(labels { $0.quarterTurns = 2 } == [8, 7, 6, 5, 4, 3, 2, 1, 0])
    #expect(labels { $0.quarterTurns = 3 } == [2, 5, 8, 1, 4, 7, 0, 3, 6])
    // The turn comes first.
    let turnedAndFlipped: [UInt8] = [0, 3, 6, 1, 4, 7, 2, 5, 8]
    #expect(
      labels {
        $0.quarterTurns = 1
        $0.flipsHorizontally = true
      } == turnedAndFlipped)
  }

  @Test func anAngleOfNinetyDegreesIsAQuarterTurn() {
    let turned = labels { $0.angle = .pi / 2 }
    #expect(turned == [6, 3, 0, 7, 4, 1, 8, 5, 2])
  }

  @Test func turnsAnImageThatIsNotSquare() {
    var transform = SampleTransform()
    transform.quarterTurns = 1
    let window = augmentationWindow(AugmentationSample.numbered(4, 2), 2, 4, transform)
    #expect(window.labels == [4, 0, 5, 1, 6, 2, 7, 3])
  }

  @Test func theCropLiesWhereItWasDrawnAndInside() {
    let sample = AugmentationSample.numbered(10, 8)
    var transform = SampleTransform()
    #expect(augmentationWindow(sample, 2, 2, transform).labels == [0, 1, 10, 11])
    transform.position = SIMD2(0.999, 0.999)
    #expect(augmentationWindow(sample, 2, 2, transform).labels == [68, 69, 78, 79])
    transform.position = SIMD2(0.5, 0)
    #expect(augmentationWindow(sample, 2, 2, transform).labels == [4, 5, 14, 15])
  }

  @Test func smallImagesAreContinuedByReflection() {
    let window = augmentationWindow(AugmentationSample.numbered(3, 1), 9, 1, SampleTransform())
    #expect(window.labels == [1, 2, 1, 0, 1, 2, 1, 0, 1].rotated(to: [0, 1, 2], at: 3))
    let ignored = augmentationWindow(
      AugmentationSample.numbered(3, 1), 5, 3, SampleTransform(), fill: .ignore)
    #expect(ignored.labels == [255, 255, 255, 255, 255, 255, 0, 1, 2, 255, 255, 255, 255, 255, 255])
    #expect(ignored.values.map { $0.rounded() } == [1, 0, 1, 2, 1, 1, 0, 1, 2, 1, 1, 0, 1, 2, 1])
  }

  @Test func reflectionHasNoLimit() {
    #expect((-7...7).map { reflected($0, 3) } == [1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1])
    #expect((-2...2).map { reflected($0, 1) } == [0, 0, 0, 0, 0])
  }

  @Test func enlargingInterpolatesTheImageAndNotTheLabels() {
    var transform = SampleTransform()
    transform.scale = 2
    let window = augmentationWindow(AugmentationSample.numbered(4, 1), 8, 1, transform)
    // Pixel centres lie a quarter beside those of the source; at the edge the reflection is taken.
    let expected: [Float] = [0.25, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 2.75]
    #expect(zip(window.values, expected).allSatisfy { abs($0 - $1) < 1e-4 })
    #expect(window.labels == [0, 0, 1, 1, 2, 2, 3, 3])
    // Beyond the outermost centres, yet nearest to pixels of the image.
    let column = augmentationWindow(AugmentationSample.numbered(1, 4), 2, 8, transform, fill: .ignore)
    #expect(column.labels == [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3])
  }

  @Test func imageAndLabelsStayTogether() {
    // Red rises from left to right and labels are 1 from its middle on, wherever a pixel is moved to.
    let sample = AugmentationSample.smooth(64, 64)
    var transform = SampleTransform()
    transform.scale = 1.3
    transform.angle = 0.7
    transform.quarterTurns = 1
    transform.flipsVertically = true
    transform.elastic = ElasticField(
      gridSize: 3, vectors: (0..<9).map { SIMD2(Float($0 % 4) * 3 - 4, Float($0 % 5) * 2 - 4) })
    let window = augmentationWindow(sample, 48, 48, transform)
    var compared = 0
    for pixel in window.labels.indices where abs(window.values[3 * pixel] - 128) > 5 {
      compared += 1
      #expect((window.values[3 * pixel] > 128) == (window.labels[pixel] == 1))
    }
    #expect(compared > 1500)
    #expect(Set(window.labels) == [0, 1])
  }

  @Test func sixteenBitImagesGiveTheSameAsEight() {
    let eight = AugmentationSample.smooth(20, 20)
    guard case .uint8(let values) = eight.image.samples else {
      Issue.record("expected 8 bits")
      return
    }
    let sixteen = LabeledImage(
      image: Image(width: 20, height: 20, channels: 3, samples: .uint16(values.map { UInt16($0) * 257 })),
      labels: eight.labels)
    var transform = SampleTransform()
    transform.angle = 0.3
    let a = augmentationWindow(eight, 16, 16, transform)
    let b = augmentationWindow(sixteen, 16, 16, transform)
    #expect(zip(a.values, b.values).allSatisfy { abs($0 - $1) < 1e-2 })
    #expect(a.labels == b.labels)
  }
}

extension [UInt8] {
  /// The part of a periodic sequence in which `pattern` starts at an index: reflection seen from the image.
  fileprivate func rotated(to pattern: [UInt8], at index: Int) -> [UInt8] {
    let period = 2 * (pattern.count - 1)
    return indices.map { place in
      let offset = ((place - index) % period + period) % period
      return pattern[offset < pattern.count ? offset : period - offset]
    }
  }
}

struct AugmentationElasticTests {
  @Test func theFieldPassesThroughItsVectors() {
    let vectors = (0..<9).map { SIMD2(Float($0), Float(-$0 * $0)) }
    let field = ElasticField(gridSize: 3, vectors: vectors)
    let weights = field.weights(5)
    for row in 0..<3 {
      let lines = field.lines(weights[6 * row..<6 * row + 3])
      for column in 0..<3 {
        let got = (0..<3).reduce(SIMD2<Float>.zero) { $0 + weights[6 * column + $1] * lines[$1] }
        let error = got - vectors[3 * row + column]
        #expect(abs(error.x) < 1e-5 && abs(error.y) < 1e-4)
      }
    }
  }

  @Test func weightsAddUpToOneAndFollowTheCubic() {
    let field = ElasticField(gridSize: 4, vectors: Array(repeating: .zero, count: 16))
    let weights = field.weights(31)
    for pixel in 0..<31 {
      #expect(abs(weights[4 * pixel..<4 * pixel + 4].reduce(0, +) - 1) < 1e-5)
    }
    // Halfway between the two middle lines: −1/16, 9/16, 9/16, −1/16.
    let middle = Array(weights[60..<64])
    #expect(zip(middle, [-0.0625, 0.5625, 0.5625, -0.0625]).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test func oneVectorForAllMovesTheWindow() {
    let sample = AugmentationSample.numbered(12, 12)
    var transform = SampleTransform()
    transform.elastic = ElasticField(gridSize: 3, vectors: Array(repeating: SIMD2(2, 1), count: 9))
    let moved = augmentationWindow(sample, 8, 8, transform)
    for y in 0..<8 {
      for x in 0..<8 { #expect(moved.labels[8 * y + x] == UInt8(12 * (y + 1) + x + 2)) }
    }
  }

  @Test func displacementsHaveTheAskedDeviation() {
    var squares = 0.0
    var count = 0.0
    for index in 0..<300 {
      let pipeline = AugmentationPipeline(elastic: AugmentationElastic(probability: 1))
      let field = SampleTransform(pipeline, seed: 5, epoch: 0, sampleIndex: index).elastic
      for vector in field?.vectors ?? [] {
        squares += Double((vector * vector).sum())
        count += 2
      }
    }
    #expect(count == 5400)
    #expect(abs((squares / count).squareRoot() - 10) < 0.5)
  }
}
