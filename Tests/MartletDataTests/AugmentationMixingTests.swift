import Foundation
import Martlet
import Testing

@testable import MartletData

struct AugmentationMixingTests {
  /// Samples of one value and one label each, so that every pixel tells where it is from.
  private func flat(_ index: Int, size: Int = 20) -> LabeledImage {
    LabeledImage(
      image: Image(
        width: size, height: size, channels: 1,
        samples: .uint8(Array(repeating: UInt8(index), count: size * size))),
      labels: LabelMap(width: size, height: size, values: Array(repeating: UInt8(index), count: size * size)))
  }

  private func window(
    _ pipeline: AugmentationPipeline, index: Int, count: Int = 9, width: Int = 16, height: Int = 12,
    normalization: Normalization = .unit(channels: 1)
  ) throws -> (values: [Float], labels: [UInt8]) {
    var values = [Float](repeating: -1, count: width * height)
    var labels = [UInt8](repeating: 254, count: width * height)
    try values.withUnsafeMutableBufferPointer { values in
      try labels.withUnsafeMutableBufferPointer { labels in
        try pipeline.write(
          .init(count: count) { flat($0) }, AugmentationDraws(seed: 1, epoch: 0, sampleIndex: index),
          .window(width: width, height: height), normalization,
          WindowPixels(values, width: width, height: height, channels: 1), labels)
      }
    }
    return (values, labels)
  }

  @Test func aMosaicHasTheSampleAndThreeOthersInFourCorners() throws {
    var pipeline = AugmentationPipeline.none
    pipeline.mosaic = AugmentationMosaic(probability: 1)
    var owners: Set<Int> = []
    for index in 0..<9 {
      let (values, labels) = try window(pipeline, index: index)
      #expect(zip(values, labels).allSatisfy { abs($0 * 255 - Float($1)) < 1e-3 })
      let corners = [labels[0], labels[15], labels[11 * 16], labels[11 * 16 + 15]]
      #expect(corners.contains(UInt8(index)))
      #expect(Set(labels).isSubset(of: Set(corners)))
      owners.insert(corners.firstIndex(of: UInt8(index)) ?? 4)
      // Each corner is a rectangle of its own.
      let across = labels[..<16].firstIndex { $0 != labels[0] } ?? 16
      #expect((4...16).contains(across))
    }
    #expect(owners.count > 1)
  }

  @Test func cutMixReplacesARectangleByAnotherSample() throws {
    var pipeline = AugmentationPipeline.none
    pipeline.cutMix = AugmentationCutMix(probability: 1, minimum: 0.25, maximum: 0.25)
    var others: Set<UInt8> = []
    for index in 0..<9 {
      let (values, labels) = try window(pipeline, index: index)
      #expect(zip(values, labels).allSatisfy { abs($0 * 255 - Float($1)) < 1e-3 })
      let foreign = labels.filter { $0 != UInt8(index) }
      #expect(foreign.count == 8 * 6 && Set(foreign).count == 1)
      others.insert(foreign[0])
    }
    #expect(others.count > 3)
  }

  @Test func aSampleAloneIsNotMixed() throws {
    var pipeline = AugmentationPipeline.none
    pipeline.mosaic = AugmentationMosaic(probability: 1)
    pipeline.cutMix = AugmentationCutMix(probability: 1)
    #expect(Set(try window(pipeline, index: 0, count: 1).labels) == [0])
  }

  @Test func cutOutCoversWithTheMeanAndKeepsOrIgnoresLabels() throws {
    var pipeline = AugmentationPipeline.none
    pipeline.cutOut = AugmentationCutOut(probability: 1, count: 2, size: 0.5)
    let normalization = try Normalization(mean: [0.75], standardDeviation: [0.5])
    let kept = try window(pipeline, index: 3, normalization: normalization)
    let covered = kept.values.filter { $0 == 0 }.count
    #expect(covered >= 12 && covered <= 2 * 8 * 6)
    #expect(Set(kept.labels) == [3])
    pipeline.cutOut?.labels = .ignore
    let ignored = try window(pipeline, index: 3, normalization: normalization)
    #expect(ignored.values == kept.values)
    for (value, label) in zip(ignored.values, ignored.labels) {
      #expect((value == 0) == (label == LabelMap.ignored))
    }
  }

  @Test func partsAreChangedOnTheirOwn() throws {
    var pipeline = AugmentationPipeline.none
    pipeline.mosaic = AugmentationMosaic(probability: 1)
    pipeline.brightness = AugmentationStrength(probability: 1, strength: 1)
    let (values, _) = try window(pipeline, index: 0, count: 2)
    #expect(Set(values).count > 2)
  }

  @Test func smallWindowsAreMixedToo() throws {
    var pipeline = AugmentationPipeline.complete
    for index in 0..<20 {
      let labels = try window(pipeline, index: index, count: 30, width: 1, height: 1).labels
      #expect(labels[0] < 30)
      _ = try window(pipeline, index: index, count: 30, width: 3, height: 2)
    }
    pipeline.cutOut = AugmentationCutOut(probability: 1, count: 256, size: 1)
    _ = try window(pipeline, index: 0, width: 1, height: 5)
  }

  @Test func windowsAreLaidAroundAClass() {
    // One pixel of class 2 and a row of class 1 in a large image.
    let size = 200
    var labels = [UInt8](repeating: 0, count: size * size)
    for x in 0..<size { labels[5 * size + x] = 1 }
    labels[150 * size + 120] = 2
    let sample = LabeledImage(
      image: Image(
        width: size, height: size, channels: 1,
        samples: .uint8(Array(repeating: 0, count: size * size))),
      labels: LabelMap(width: size, height: size, values: labels))
    func share(_ step: AugmentationClassCrop?, of label: UInt8, scale: AugmentationScale? = nil) -> Double {
      var pipeline = AugmentationPipeline.flips
      pipeline.cropClass = step
      pipeline.scale = scale
      let hits = (0..<100).filter { index in
        var transform = SampleTransform(pipeline, seed: 7, epoch: 0, sampleIndex: index)
        transform.aim(at: sample.labels, pipeline.cropClass)
        return augmentationWindow(sample, 20, 16, transform).labels.contains(label)
      }
      return Double(hits.count) / 100
    }
    #expect(share(nil, of: 2) < 0.1)
    #expect(share(AugmentationClassCrop(probability: 1, classes: [2]), of: 2) == 1)
    #expect(share(AugmentationClassCrop(probability: 0.5, classes: [2]), of: 2) < 0.7)
    // Both classes are drawn as often, whatever their area.
    #expect(abs(share(AugmentationClassCrop(probability: 1), of: 2) - 0.5) < 0.2)
    #expect(
      share(AugmentationClassCrop(probability: 1, classes: [2]), of: 2, scale: AugmentationScale()) > 0.9)
    // A class that is nowhere changes nothing.
    #expect(share(AugmentationClassCrop(probability: 1, classes: [7]), of: 2) == share(nil, of: 2))
  }
}
