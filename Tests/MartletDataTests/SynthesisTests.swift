import Foundation
import Martlet
import MartletFiles
import Testing

@testable import MartletData

@Suite struct SynthesisTests {
  @Test func aSampleDependsOnSeedAndIndexAlone() throws {
    let synthesizer = try CellSynthesizer(size: 64, seed: 7)
    let second = synthesizer.sample(2)
    let other = try CellSynthesizer(size: 64, seed: 7)
    _ = other.sample(0)
    #expect(other.sample(2) == second)
    #expect(synthesizer.sample(3) != second)
    #expect(try CellSynthesizer(size: 64, seed: 8).sample(2) != second)
  }

  /// Every machine must draw the same pictures: these numbers are part of what a seed means.
  @Test(arguments: [
    (CellSynthesizer.Appearance.fluorescence, UInt64(2_081_877_117_501_024_821)),
    (.brightfield, 14_057_092_985_449_185_876),
  ])
  func thePicturesAreTheseOnEveryMachine(
    appearance: CellSynthesizer.Appearance, imageSum: UInt64
  ) throws {
    let sample = try CellSynthesizer(size: 64, seed: 1, appearance: appearance).sample(0)
    #expect(checksum(sample.image) == imageSum)
    #expect(checksum(sample.instances) == 6_036_038_371_892_483_237)
  }

  /// The 64-bit FNV-1a sum of the samples.
  private func checksum(_ image: Image) -> UInt64 {
    image.integers.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  @Test(arguments: 0..<8)
  func maskAndInstancesAgree(index: Int) throws {
    let sample = try CellSynthesizer(size: 96, seed: 3).sample(index)
    #expect(sample.image.channels == 3 && sample.image.bitsPerSample == 8)
    #expect(sample.mask.channels == 1 && sample.mask.bitsPerSample == 8)
    #expect(sample.instances.channels == 1 && sample.instances.bitsPerSample == 16)
    let instances = sample.instances.integers
    #expect(sample.mask.integers == instances.map { $0 == 0 ? 0 : 255 })
    #expect(Set(instances).union([0]).sorted() == Array(0...(instances.max() ?? 0)), "numbers without gaps")
    let share = Double(instances.filter { $0 != 0 }.count) / Double(instances.count)
    #expect(share > 0.01 && share < 0.6)
  }

  /// The mask must lie on what is drawn: nuclei are brighter than the ground, or darker, by a clear step.
  @Test(arguments: [CellSynthesizer.Appearance.fluorescence, .brightfield])
  func nucleiStandOutFromTheGround(appearance: CellSynthesizer.Appearance) throws {
    let synthesizer = try CellSynthesizer(size: 96, seed: 5, appearance: appearance)
    for index in 0..<4 {
      let sample = synthesizer.sample(index)
      let mask = sample.mask.integers
      let light = sample.image.integers
      var sums = [0.0, 0.0]
      var counts = [0.0, 0.0]
      for (pixel, value) in mask.enumerated() {
        let side = value == 0 ? 0 : 1
        sums[side] += Double(light[3 * pixel] + light[3 * pixel + 1] + light[3 * pixel + 2]) / 3
        counts[side] += 1
      }
      let step = sums[1] / counts[1] - sums[0] / counts[0]
      #expect(appearance == .fluorescence ? step > 12 : step < -12, "picture \(index): \(step)")
    }
  }

  @Test func someNucleiTouch() throws {
    var touching = 0
    for index in 0..<4 {
      let sample = try CellSynthesizer(size: 128, seed: 2).sample(index)
      let numbers = sample.instances.integers
      for pixel in 1..<numbers.count where pixel % 128 != 0 {
        let (a, b) = (numbers[pixel - 1], numbers[pixel])
        if a != 0 && b != 0 && a != b { touching += 1 }
      }
    }
    #expect(touching > 20)
  }

  @Test func sizesOutOfRangeAreRefused() {
    for size in [-1, 0, 31, 4097, Int.max] {
      let error = #expect(throws: MartletError.self) { try CellSynthesizer(size: size, seed: 1) }
      #expect(error?.message == "expected a size of 32 to 4096, got \(size)")
    }
  }

  @Test func exponentialIsClose() {
    for x in stride(from: Float(-12), through: 4, by: 0.37) {
      #expect(abs(exponential(x) / Foundation.exp(x) - 1) < 1e-4)
    }
  }

  @Test func aFolderIsWrittenTheSameEveryTime() throws {
    let folder = try TemporaryFolder()
    var reported: [Int] = []
    try synthesizeCells(count: 3, size: 32, seed: 4, output: folder.file("deep/a")) { reported.append($0) }
    try synthesizeCells(count: 2, size: 32, seed: 4, output: folder.file("b"))
    #expect(reported == [1, 2, 3])
    let expected = try CellSynthesizer(size: 32, seed: 4).sample(1)
    for (kind, image) in [
      ("images", expected.image), ("masks", expected.mask), ("instances", expected.instances),
    ] {
      #expect(
        try Folder.names(in: folder.file("deep/a/\(kind)"))
          == ["cell_0001.png", "cell_0002.png", "cell_0003.png"])
      let bytes = try ReadableFile.read(folder.file("deep/a/\(kind)/cell_0002.png"), operation: "test").bytes
      #expect(try ReadableFile.read(folder.file("b/\(kind)/cell_0002.png"), operation: "test").bytes == bytes)
      #expect(try Image(decoding: bytes, name: "x") == image)
    }
  }

  @Test func aFolderThatHoldsSomethingIsLeftAlone() throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write("mine", to: folder.file("notes.txt"))
    let error = #expect(throws: MartletError.self) {
      try synthesizeCells(count: 1, size: 32, seed: 1, output: folder.path)
    }
    #expect(
      error?.message
        == "\(folder.path): expected an empty folder, got one that holds 1 entry; --overwrite writes into it")
    #expect(folder.names == ["notes.txt"])

    try synthesizeCells(count: 3, size: 32, seed: 1, output: folder.path, overwriting: true)
    try AtomicFile.write("mine", to: folder.file("images/cell_notes.png"))
    try synthesizeCells(count: 1, size: 32, seed: 1, output: folder.path, overwriting: true)
    #expect(folder.names == ["images", "instances", "masks", "notes.txt"])
    let all = ["cell_0001.png", "cell_0002.png", "cell_0003.png"]
    #expect(try Folder.names(in: folder.file("images")) == all + ["cell_notes.png"])
    #expect(try Folder.names(in: folder.file("masks")) == all)
  }

  @Test func replacingTouchesOnlyWhatIsWritten() throws {
    let folder = try TemporaryFolder()
    try Folder.create(folder.file("images"))
    for name in ["cell_0001.png", "cell_0002.png", "cell_0007.png"] {
      try AtomicFile.write("mine", to: folder.file("images/\(name)"))
    }
    try synthesizeCells(count: 2, size: 32, seed: 1, output: folder.path, overwriting: true)
    func bytes(_ name: String) throws -> [UInt8] {
      try ReadableFile.read(folder.file("images/\(name)"), operation: "test").bytes
    }
    #expect(try bytes("cell_0007.png") == Array("mine".utf8))
    #expect(try bytes("cell_0002.png") != Array("mine".utf8))
  }

  @Test func anEmptyOutputIsRefused() {
    let error = #expect(throws: MartletError.self) {
      try synthesizeCells(count: 1, size: 32, seed: 1, output: "", overwriting: true)
    }
    #expect(error?.message == "output: expected a folder, got an empty name")
  }

  @Test func badArgumentsAndStopping() throws {
    let folder = try TemporaryFolder()
    for count in [-1, 0, 1_000_001] {
      #expect(throws: MartletError.self) {
        try synthesizeCells(count: count, size: 32, seed: 1, output: folder.file("a"))
      }
    }
    try AtomicFile.write("", to: folder.file("file"))
    #expect(throws: MartletError.self) {
      try synthesizeCells(count: 1, size: 32, seed: 1, output: folder.file("file"))
    }
    #expect(folder.names == ["file"])
    #expect(throws: CancellationError.self) {
      try synthesizeCells(count: 9, size: 32, seed: 1, output: folder.file("b")) { done in
        if done == 2 { throw CancellationError() }
      }
    }
    #expect(try Folder.names(in: folder.file("b/masks")) == ["cell_0001.png", "cell_0002.png"])
  }
}
