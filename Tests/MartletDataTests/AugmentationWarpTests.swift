import Foundation
import Martlet
import Testing

@testable import MartletData

/// Where a window's pixels come from, against SciPy's resampling of places computed from the definitions.
struct AugmentationWarpTests {
  private let reference: AugmentationReference

  init() throws { reference = try AugmentationReference() }

  private func expect(_ name: String, _ change: (inout SampleTransform) -> Void) throws {
    var transform = SampleTransform()
    change(&transform)
    let window = augmentationWindow(try reference.sample("rgb"), 26, 22, transform)
    let expected = try reference.picture(name)
    #expect(expected.width == 26 && expected.height == 22)
    expectNear(window.values.map { $0 / 255 }, expected.values, within: 5e-6, name)
  }

  @Test func affine() throws {
    try expect("affine") {
      $0.angle = 0.5
      $0.shear = SIMD2(0.2, -0.1)
      $0.scale = 1.2
      $0.aspectRatio = 1.4
    }
  }

  @Test func perspective() throws {
    try expect("perspective") {
      $0.perspective = PerspectiveView(corners: [
        SIMD2(0.1, 0.05), SIMD2(-0.08, 0.12), SIMD2(0.03, -0.1), SIMD2(-0.05, -0.02),
      ])
    }
  }

  @Test func opticalDistortion() throws {
    try expect("optical") { $0.opticalDistortion = OpticalDistortion(coefficient: 0.2) }
  }

  @Test func gridDistortion() throws {
    try expect("grid") {
      $0.gridDistortion = GridDistortion(columns: [0.5, 1.2, 0.9, 1.6], rows: [1.3, 0.7, 1, 1.4])
    }
  }

  @Test func allStepsAreOneResampling() {
    // Enlarging by 2 and shrinking by 2 within the chain would blur twice; together they are whole pixels.
    let sample = AugmentationSample.numbered(12, 12)
    var transform = SampleTransform()
    transform.elastic = ElasticField(gridSize: 2, vectors: Array(repeating: SIMD2(1, 0), count: 4))
    transform.perspective = PerspectiveView(corners: Array(repeating: SIMD2(0.2, 0), count: 4))
    transform.quarterTurns = 2
    let window = augmentationWindow(sample, 6, 6, transform)
    // The elastic step moves by one pixel and the view by a fifth of five pixels, both of the turned window.
    for y in 0..<6 {
      for x in 0..<6 { #expect(window.labels[6 * y + x] == UInt8(12 * (5 - y) + reflected(5 - x - 2, 12))) }
    }
    #expect(zip(window.values, window.labels).allSatisfy { abs($0 - Float($1)) < 1e-3 })
  }

  @Test func translationMovesByWholePixels() {
    var transform = SampleTransform()
    transform.translation = SIMD2(0.3, -0.2)
    let window = augmentationWindow(AugmentationSample.numbered(10, 10), 10, 10, transform, fill: .ignore)
    for y in 0..<10 {
      for x in 0..<10 {
        let isInside = x >= 3 && y < 8
        #expect(window.labels[10 * y + x] == (isInside ? UInt8(10 * (y + 2) + x - 3) : 255))
      }
    }
  }

  @Test func labelsFollowEveryDeformation() {
    let sample = AugmentationSample.smooth(64, 64)
    var pipeline = AugmentationPipeline.strong
    pipeline.shear = AugmentationShear(probability: 1, degrees: 40)
    pipeline.perspective = AugmentationPerspective(probability: 1, strength: 0.2)
    pipeline.opticalDistortion = AugmentationOpticalDistortion(probability: 1, strength: 0.3)
    pipeline.gridDistortion = AugmentationGridDistortion(probability: 1, strength: 0.8)
    pipeline.elastic = AugmentationElastic(probability: 1)
    for index in 0..<20 {
      let transform = SampleTransform(pipeline, seed: 1, epoch: 0, sampleIndex: index)
      let window = augmentationWindow(sample, 48, 48, transform)
      for pixel in window.labels.indices where abs(window.values[3 * pixel] - 128) > 8 {
        #expect((window.values[3 * pixel] > 128) == (window.labels[pixel] == 1))
      }
    }
  }

  @Test func theWildestDeformationsStayInBounds() {
    var pipeline = AugmentationPipeline.complete
    pipeline.elastic = AugmentationElastic(probability: 1, standardDeviation: 1000, gridSize: 64)
    pipeline.scale = AugmentationScale(minimum: 0.05, maximum: 0.05, aspectRatio: 4)
    pipeline.shear = AugmentationShear(probability: 1, degrees: 40)
    pipeline.perspective = AugmentationPerspective(probability: 1, strength: 0.2)
    pipeline.opticalDistortion = AugmentationOpticalDistortion(probability: 1, strength: 0.3)
    for index in 0..<20 {
      let transform = SampleTransform(pipeline, seed: 2, epoch: 0, sampleIndex: index)
      for (width, height) in [(1, 1), (17, 2)] {
        let window = augmentationWindow(AugmentationSample.smooth(5, 4), width, height, transform)
        #expect(window.values.allSatisfy { (-0.01...255.01).contains($0) })
      }
    }
  }
}
