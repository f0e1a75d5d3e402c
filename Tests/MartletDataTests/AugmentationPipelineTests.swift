import Foundation
import Martlet
import Testing

@testable import MartletData

struct AugmentationPipelineTests {
  private func render(
    _ pipeline: AugmentationPipeline, seed: UInt64 = 1, epoch: Int = 0, index: Int = 0, size: Int = 32
  ) throws -> RenderedSample {
    try pipeline.render(
      AugmentationSample.smooth(48, 40), frame: .window(width: size, height: size),
      normalization: .unit(channels: 3), seed: seed, epoch: epoch, sampleIndex: index)
  }

  @Test func theSameSeedEpochAndIndexGiveTheSameSample() throws {
    let first = try render(.strong, epoch: 3, index: 17)
    #expect(try render(.strong, epoch: 3, index: 17) == first)
    #expect(try render(.strong, epoch: 4, index: 17) != first)
    #expect(try render(.strong, epoch: 3, index: 18) != first)
    #expect(try render(.strong, seed: 2, epoch: 3, index: 17) != first)
    #expect(try render(.strong, epoch: 17, index: 3) != first)
  }

  @Test func aFurtherStepLeavesTheOthersDraws() {
    var pipeline = AugmentationPipeline.standard
    let before = SampleTransform(pipeline, seed: 1, epoch: 2, sampleIndex: 3)
    pipeline.noise = AugmentationStrength(probability: 1, strength: 0.2)
    pipeline.rotation = AugmentationRotation(probability: 1)
    var after = SampleTransform(pipeline, seed: 1, epoch: 2, sampleIndex: 3)
    #expect(after.noise > 0 && after.angle != 0)
    after.noise = 0
    after.noiseGenerator = before.noiseGenerator
    after.angle = 0
    #expect(after == before)
  }

  @Test func stepsAreDrawnAsOftenAsTheirProbability() {
    let pipeline = AugmentationPipeline.strong
    let draws = (0..<2000).map { SampleTransform(pipeline, seed: 9, epoch: 1, sampleIndex: $0) }
    func share(_ isDrawn: (SampleTransform) -> Bool) -> Double { Double(draws.filter(isDrawn).count) / 2000 }
    #expect(abs(share(\.flipsHorizontally) - 0.5) < 0.05)
    #expect(abs(share(\.flipsVertically) - 0.5) < 0.05)
    for turns in 0..<4 { #expect(abs(share { $0.quarterTurns == turns } - 0.25) < 0.05) }
    #expect(share { $0.scale >= 0.8 && $0.scale <= 1.25 } == 1)
    #expect(abs(share { $0.scale > 1 } - 0.5) < 0.05)
    #expect(abs(share { $0.elastic != nil } - 0.5) < 0.05)
    #expect(share { abs($0.angle) <= .pi / 12 } == 1)
    #expect(share { abs($0.brightness) <= 0.1 && abs($0.contrast - 1) <= 0.2 } == 1)
    #expect(share { $0.gamma >= 1 / 1.31 && $0.gamma <= 1.31 && $0.noise <= 0.05 } == 1)
  }

  @Test func withoutStepsTheWindowIsACrop() throws {
    let rendered = try render(.none)
    guard case .uint8(let samples) = AugmentationSample.smooth(48, 40).image.samples else {
      Issue.record("expected 8 bits")
      return
    }
    let values = Set(samples.map { Float($0) / 255 })
    #expect(
      rendered.pixels.allSatisfy {
        values.contains($0) || values.contains($0.nextUp) || values.contains($0.nextDown)
      })
    #expect(rendered.width == 32 && rendered.height == 32 && rendered.labels.count == 1024)
  }

  @Test func wholeImagesArePaddedAndNotChanged() throws {
    let sample = AugmentationSample.numbered(5, 3)
    let rendered = try AugmentationPipeline.strong.render(
      sample, frame: .whole(multipleOf: 4), normalization: .unit(channels: 1), seed: 1, epoch: 1,
      sampleIndex: 1)
    #expect(rendered.width == 8 && rendered.height == 4)
    #expect(Array(rendered.labels[..<8]) == [0, 1, 2, 3, 4, 255, 255, 255])
    #expect(rendered.labels[24...].allSatisfy { $0 == LabelMap.ignored })
    #expect(rendered.pixels[..<8].map { ($0 * 255).rounded() } == [0, 1, 2, 3, 4, 3, 2, 1])
    #expect(rendered.pixels[24...].map { ($0 * 255).rounded() } == [5, 6, 7, 8, 9, 8, 7, 6])
  }

  @Test func valuesAreChangedAsDefined() {
    func changed(_ values: [Float], _ change: (inout SampleTransform) -> Void) -> [Float] {
      var transform = SampleTransform()
      change(&transform)
      var values = values
      values.withUnsafeMutableBufferPointer {
        transform.changeValues(WindowPixels($0, width: $0.count, height: 1, channels: 1))
      }
      return values
    }
    func expect(_ got: [Float], _ expected: [Float], _ tolerance: Float = 1e-5) {
      #expect(
        got.count == expected.count && zip(got, expected).allSatisfy { abs($0 - $1) <= tolerance }, "\(got)")
    }
    expect(changed([0.1, 0.5, 0.95]) { $0.brightness = 0.1 }, [0.2, 0.6, 1])
    expect(changed([0.2, 0.4, 0.6]) { $0.contrast = 1.5 }, [0.1, 0.4, 0.7])
    expect(changed([0, 0.25, 0.5, 1]) { $0.gamma = 2 }, [0, 0.0625, 0.25, 1], 1e-4)
    expect(changed([0.3, 0.7]) { _ in }, [0.3, 0.7], 0)
    // More than one block of partial sums.
    let ramp = (0..<9001).map { Float($0) / 9000 }
    expect(changed(ramp) { $0.contrast = 0.5 }, ramp.map { 0.25 + $0 / 2 })

    let noisy = changed(Array(repeating: 0.5, count: 20_001)) { $0.noise = 0.1 }
    let mean = noisy.reduce(0) { $0 + Double($1) } / 20_001
    let variance = noisy.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / 20_001
    #expect(abs(mean - 0.5) < 0.003)
    #expect(abs(variance.squareRoot() - 0.1) < 0.003)
    #expect(noisy[0] != noisy[1] && noisy[1] != noisy[2])
  }

  @Test func normalizationIsPerChannel() throws {
    let normalization = try Normalization(mean: [0.5, 0, 0.25], standardDeviation: [0.5, 1, 2])
    let plain = try render(.flips)
    let normalized = try AugmentationPipeline.flips.render(
      AugmentationSample.smooth(48, 40), frame: .window(width: 32, height: 32), normalization: normalization,
      seed: 1,
      epoch: 0, sampleIndex: 0)
    for index in plain.pixels.indices {
      let channel = index % 3
      let expected =
        (plain.pixels[index] - normalization.mean[channel]) / normalization.standardDeviation[channel]
      #expect(abs(normalized.pixels[index] - expected) < 1e-6)
    }
    let decoded = try JSONDecoder().decode(Normalization.self, from: JSONEncoder().encode(normalization))
    #expect(decoded == normalization)
    #expect(throws: MartletError.self) { try Normalization(mean: [0], standardDeviation: [0]) }
    #expect(throws: MartletError.self) { try Normalization(mean: [0, 1], standardDeviation: [1]) }
  }

  @Test func aConfigurationNeedsOnlyWhatDiffers() throws {
    let text =
      #"{"horizontalFlip": {}, "scale": {"maximum": 2}, "elastic": {"probability": 1}, "fill": "ignore"}"#
    let pipeline = try JSONDecoder().decode(AugmentationPipeline.self, from: Data(text.utf8))
    #expect(
      pipeline
        == AugmentationPipeline(
          horizontalFlip: AugmentationFlip(probability: 0.5), scale: AugmentationScale(maximum: 2),
          elastic: AugmentationElastic(probability: 1, standardDeviation: 10, gridSize: 3), fill: .ignore))
    let encoded = try JSONEncoder().encode(AugmentationPipeline.strong)
    #expect(try JSONDecoder().decode(AugmentationPipeline.self, from: encoded) == .strong)
    #expect(try JSONDecoder().decode(AugmentationPipeline.self, from: Data("{}".utf8)) == .none)
  }

  @Test func whatCannotBeMeantIsRefused() throws {
    #expect(throws: Never.self) { try AugmentationPipeline.strong.check() }
    let wrong: [(AugmentationPipeline, String)] = [
      (
        AugmentationPipeline(verticalFlip: AugmentationFlip(probability: 1.5)),
        "verticalFlip.probability: expected 0.0 to 1.0, got 1.5"
      ),
      (AugmentationPipeline(scale: AugmentationScale(minimum: 2, maximum: 1)), "got 2.0 and 1.0"),
      (AugmentationPipeline(scale: AugmentationScale(minimum: 0)), "got 0.0"),
      (AugmentationPipeline(rotation: AugmentationRotation(degrees: .infinity)), "got inf"),
      (AugmentationPipeline(elastic: AugmentationElastic(gridSize: 1)), "got 1"),
      (AugmentationPipeline(elastic: AugmentationElastic(standardDeviation: .nan)), "got nan"),
      (
        AugmentationPipeline(noise: AugmentationStrength(strength: -1)),
        "noise.strength: expected 0.0 to 1.0, got -1.0"
      ),
    ]
    for (pipeline, message) in wrong {
      #expect(datasetErrorText { try pipeline.check() }.contains(message))
    }
    #expect(datasetErrorText { try render(.none, size: 0) }.contains("got 0×0"))
  }
}
