import Foundation
import Testing

@testable import MartletData

struct AugmentationStepTests {
  private func decoded(_ text: String) throws -> AugmentationPipeline {
    try JSONDecoder().decode(AugmentationPipeline.self, from: Data(text.utf8))
  }

  @Test func everyStepIsReadWrittenAndChecked() throws {
    let complete = AugmentationPipeline.complete
    #expect(try decoded(String(decoding: JSONEncoder().encode(complete), as: UTF8.self)) == complete)
    #expect(throws: Never.self) { try complete.check() }
    // Every property is in the list, and its default is what `{}` means.
    let names = Mirror(reflecting: complete).children.compactMap(\.label).filter { $0 != "fill" }
    #expect(Set(names) == Set(AugmentationPipeline.entries.map(\.name)))
    for name in names {
      let one = try decoded(#"{"\#(name)": {}}"#)
      #expect(one != .none)
      let wrong = try decoded(#"{"\#(name)": {"probability": 2}}"#)
      #expect(
        datasetErrorText { try wrong.check() }.contains("\(name).probability: expected 0.0 to 1.0, got 2.0"))
    }
  }

  @Test(arguments: [
    ("shear", "degrees", "60"), ("scale", "aspectRatio", "0.5"), ("perspective", "strength", "0.25"),
    ("opticalDistortion", "strength", "0.5"), ("gridDistortion", "cells", "1"),
    ("gridDistortion", "strength", "1"), ("translation", "share", "-1"), ("clahe", "tiles", "0"),
    ("clahe", "clipLimit", "0.5"), ("saturation", "strength", "2"), ("hue", "strength", "0.6"),
    ("sharpening", "strength", "11"), ("blur", "strength", "21"), ("motionBlur", "length", "1"),
    ("shotNoise", "strength", "2"), ("cutOut", "count", "0"), ("cutOut", "size", "1.1"),
    ("cutMix", "maximum", "1.5"), ("brightness", "strength", "1.5"),
  ])
  func strengthsOutOfRangeAreRefused(_ step: String, _ parameter: String, _ value: String) throws {
    let pipeline = try decoded(#"{"\#(step)": {"\#(parameter)": \#(value)}}"#)
    let error = datasetErrorText { try pipeline.check() }
    #expect(error.contains("[augmentation] \(step).\(parameter): expected "), "\(error)")
  }

  @Test func boundsMustBeInOrder() throws {
    let pipeline = try decoded(#"{"cutMix": {"minimum": 0.6}}"#)
    #expect(
      datasetErrorText { try pipeline.check() }.contains("cutMix: expected a minimum up to the maximum"))
    let classes = try decoded(#"{"cropClass": {"classes": [1, 300]}}"#)
    #expect(datasetErrorText { try classes.check() }.contains("cropClass.classes: expected class indices"))
  }

  @Test func namesOfChoicesAreTold() {
    let error = datasetErrorText { try decoded(#"{"cutOut": {"labels": "drop"}}"#) }
    #expect(error.contains("expected keep or ignore"))
    #expect(datasetErrorText { try decoded(#"{"fill": "black"}"#) }.contains("expected reflect or ignore"))
  }

  @Test func theSameSeedGivesTheSameSampleWithEveryStep() throws {
    let sample = AugmentationSample.smooth(40, 40)
    func rendered(_ index: Int) throws -> RenderedSample {
      try AugmentationPipeline.complete.render(
        sample, frame: .window(width: 32, height: 24), normalization: .unit(channels: 3), seed: 4, epoch: 2,
        sampleIndex: index)
    }
    #expect(try rendered(5) == rendered(5))
    #expect(try rendered(5) != rendered(6))
    #expect(try rendered(5).pixels.allSatisfy { (0...1).contains($0) })
  }
}
