import Foundation
import Martlet
import Testing

@testable import MartletData

struct DatasetCheckTests {
  /// A property, since it must stay until the test is over.
  private let folder: DatasetFolder

  init() throws { folder = try DatasetFolder() }

  @Test func aMaskOfAnotherSizeIsNamed() throws {
    try folder.addPair("good")
    try folder.addImage("bad.png", width: 5, height: 4)
    try folder.addMask("bad.png", DatasetFolder.halves)
    let error = folder.error()
    #expect(error.contains("masks/bad.png: expected a mask of 5×4 as bad.png, got 4×3"))
  }

  @Test func damagedFilesAreNamed() throws {
    for stem in ["a", "b", "c"] { try folder.addPair(stem) }
    let image = folder.images.appendingPathComponent("a.png")
    try Data(try Data(contentsOf: image).dropLast(30)).write(to: image)
    try Data("no picture".utf8).write(to: folder.masks.appendingPathComponent("b.png"))
    let error = folder.error()
    #expect(error.contains("2 problems"))
    #expect(error.contains("images/a.png") && error.contains("masks/b.png") && !error.contains("c.png"))
  }

  @Test func filesThatCannotBeListedAreReported() throws {
    try folder.addPair("good")
    try FileManager.default.createSymbolicLink(
      atPath: folder.images.path + "/gone.png", withDestinationPath: folder.images.path + "/nowhere.png")
    // A name in Latin-1, as old archives hold them.
    let name = Array((folder.masks.path + "/caf").utf8) + [0xE9] + Array(".png".utf8)
    let descriptor = name.map { CChar(bitPattern: $0) }.withUnsafeBufferPointer { bytes in
      (Array(bytes) + [0]).withUnsafeBufferPointer { open($0.baseAddress!, O_CREAT | O_WRONLY, 0o600) }
    }
    // Some file systems refuse such a name; then there is nothing to report.
    if descriptor >= 0 { close(descriptor) }
    let error = folder.error()
    #expect(error.contains("images/gone.png: cannot be read: No such file or directory"))
    #expect(descriptor < 0 || error.contains("caf\u{FFFD}.png: expected a file name in UTF-8"))
  }

  @Test func everythingIsReportedAtOnceUpToTwentyProblems() throws {
    for index in 0..<25 {
      try folder.addImage("\(index).png", width: 6)
      try folder.addMask("\(index).png", DatasetFolder.halves)
    }
    try folder.addImage("lonely.png")
    let error = folder.error()
    #expect(error.contains("26 problems:") && error.contains("and 6 more"))
    #expect(error.contains("lonely.png") && error.contains("18.png") && !error.contains("19.png"))
  }

  @Test func greyAndColourAreBroughtToColour() throws {
    try folder.addPair("color")
    try folder.addImage("grey.png", channels: 1)
    try folder.addMask("grey.png", DatasetFolder.halves)
    let dataset = try folder.dataset()
    #expect(dataset.channels == 3)
    let grey = try dataset.load(1).image
    guard case .uint8(let values) = grey.samples else {
      Issue.record("8-bit files must stay 8-bit")
      return
    }
    #expect(grey.channels == 3)
    for pixel in 0..<12 {
      #expect(Set(values[3 * pixel..<3 * pixel + 3]).count == 1)
    }
  }

  @Test func colourIsBroughtToGreyWhenAskedFor() throws {
    let image = Image(width: 2, height: 1, channels: 4, samples: .uint8([200, 100, 50, 7, 255, 255, 255, 0]))
    #expect(image.withChannels(1).samples == .uint8([124, 255]))
    #expect(image.withChannels(3).samples == .uint8([200, 100, 50, 255, 255, 255]))
    try folder.addPair("a")
    #expect(try folder.dataset(SegmentationOptions(channels: 1)).load(0).image.channels == 1)
  }

  @Test func onlyGreyImagesGiveOneChannel() throws {
    try folder.addImage("a.png", channels: 1)
    try folder.addMask("a.png", DatasetFolder.halves)
    #expect(try folder.dataset().channels == 1)
  }

  @Test func theNormalizationIsThatOfAllPixels() throws {
    for (name, values) in [("a", [0, 51, 102, 204] as [UInt8]), ("b", [255, 153])] {
      try Image(width: values.count, height: 1, channels: 1, samples: .uint8(values))
        .write(to: folder.images.appendingPathComponent("\(name).png").path)
      try folder.addMask("\(name).png", [Array([0, 255, 0, 255].prefix(values.count))])
    }
    let normalization = try folder.dataset().normalization()
    let values: [Double] = [0, 0.2, 0.4, 0.8, 1, 0.6]
    let mean = values.reduce(0, +) / 6
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 6
    #expect(abs(Double(normalization.mean[0]) - mean) < 1e-6)
    #expect(abs(Double(normalization.standardDeviation[0]) - variance.squareRoot()) < 1e-6)
  }

  @Test func aFileThatChangedAfterTheCheckIsAnError() throws {
    try folder.addPair("a")
    let dataset = try folder.dataset()
    try folder.addImage("a.png", width: 9, height: 9)
    #expect(datasetErrorText { try dataset.load(0) }.contains("got 9×9 and 4×3"))
  }

  @Test func theCacheKeepsWhatFits() throws {
    try folder.addPair("a")
    try folder.addPair("b")
    // A sample of 4×3 RGB and labels takes 48 bytes.
    let dataset = try SegmentationDataset(images: folder.images, masks: folder.masks, cacheLimit: 60)
    _ = try dataset.load(0)
    _ = try dataset.load(1)
    #expect(dataset.cache.byteCount == 48)
    try FileManager.default.removeItem(at: folder.images)
    #expect(throws: Never.self) { try dataset.load(0) }
    #expect(throws: MartletError.self) { try dataset.load(1) }
  }

  @Test(.enabled(if: NucleiData.isPresent, "needs ../shared/data/nuclei"))
  func readsNuclei() throws {
    let dataset = try NucleiData.dataset("validation")
    #expect(dataset.count == 50)
    #expect(dataset.channels == 3)
    #expect(dataset.options.encoding == .extremes)
    #expect(dataset.classPixels.reduce(0, +) == 50 * 256 * 256)
    let labels = try dataset.load(7).labels.values
    #expect(labels.filter { $0 == 1 }.count == dataset.samples[7].classPixels[1])
  }
}

struct DatasetSplitTests {
  /// A property, since it must stay until the test is over.
  private let folder: DatasetFolder

  init() throws { folder = try DatasetFolder() }

  private func fill(_ names: [String]) throws {
    for name in names { try folder.addPair(name, [[0, 255]]) }
  }

  @Test func splitsByNameAndSeed() throws {
    try fill((0..<40).map { "image\($0)" })
    let dataset = try folder.dataset()
    let (training, validation) = try dataset.split(validationFraction: 0.25, seed: 3)
    #expect(training.count == 30 && validation.count == 10)
    #expect(Set(training.samples + validation.samples) == Set(dataset.samples))
    let again = try dataset.split(validationFraction: 0.25, seed: 3)
    #expect(again.validation.samples == validation.samples)
    let other = try dataset.split(validationFraction: 0.25, seed: 4)
    #expect(other.validation.samples != validation.samples)
  }

  @Test func moreFilesMoveFewSamples() throws {
    try fill((0..<40).map { "image\($0)" })
    let before = try folder.dataset().split(validationFraction: 0.25, seed: 3).validation
    for name in ["another0", "another1", "another2", "another3"] { try folder.addPair(name, [[0, 255]]) }
    let after = try folder.dataset().split(validationFraction: 0.25, seed: 3).validation
    #expect(after.count == 11)
    let kept = Set(before.samples.map(\.name)).intersection(after.samples.map(\.name))
    #expect(kept.count >= 10 - 4)
  }

  @Test func bothPartsHaveSamples() throws {
    try fill(["a", "b"])
    let dataset = try folder.dataset()
    let (training, validation) = try dataset.split(validationFraction: 0.01, seed: 0)
    #expect(training.count == 1 && validation.count == 1)
    #expect(datasetErrorText { try dataset.split(validationFraction: 1, seed: 0) }.contains("got 1.0"))
    #expect(
      datasetErrorText { try dataset.subset([0]).split(validationFraction: 0.5, seed: 0) }.contains("got 1"))
  }
}
