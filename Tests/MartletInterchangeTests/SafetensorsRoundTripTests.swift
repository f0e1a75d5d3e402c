import Foundation
import Martlet
import Testing

@testable import MartletInterchange

@Suite struct SafetensorsRoundTripTests {
  let folder: TemporaryFolder
  let url: URL

  init() throws {
    folder = try TemporaryFolder()
    url = folder.url.appendingPathComponent("model.safetensors")
  }

  @Test(arguments: [true, false])
  func givesBackWhatWasWritten(checksum: Bool) throws {
    let tensors: [String: SafetensorsValue] = [
      "weight": SafetensorsValue(floats: [1, -2, .infinity, .nan, 0.1, 6], [2, 3]),
      "step": SafetensorsValue(.int64, [], bytes: littleEndian([Int64.min])),
      "empty": SafetensorsValue(.float32, [4, 0, 2], bytes: []),
      "mask": SafetensorsValue(.bool, [3], bytes: [1, 0, 1]),
      "ümlaut \" \\ \u{1} 🐦": SafetensorsValue(.uint8, [1], bytes: [9]),
      "packed": SafetensorsValue(.float4, [2], bytes: [0x21]),
    ]
    let metadata = ["format": "pt", "quote \"": "line\nbreak \\ ü", "": ""]
    try Safetensors.write(tensors, metadata: metadata, checksum: checksum, to: url)

    let file = try SafetensorsFile(contentsOf: url)
    #expect(Set(file.names) == Set(tensors.keys))
    for (name, tensor) in tensors {
      let entry = try file.entry(name)
      #expect(entry.type == tensor.type)
      #expect(entry.shape == tensor.shape)
      let bytes = try file.bytes(of: name)
      try tensor.withBytes { #expect(bytes == Array($0)) }
    }
    var kept = file.metadata
    #expect((kept.removeValue(forKey: "martlet.crc32c") != nil) == checksum)
    #expect(kept == metadata)
    #expect(try file.verifyChecksum() == checksum)
  }

  @Test func noTensorsAtAll() throws {
    try Safetensors.write([:], checksum: false, to: url)
    #expect(try Data(contentsOf: url) == Data(safetensors("{}      ")))
    #expect(try SafetensorsFile(contentsOf: url).names == [])
  }

  @Test func alignsTheDataAndSortsByAlignmentThenName() throws {
    try Safetensors.write(
      [
        "z": SafetensorsValue(.uint8, [3], bytes: [1, 2, 3]), "b": SafetensorsValue(floats: [1], [1]),
        "a": SafetensorsValue(floats: [2], [1]),
        "y": SafetensorsValue(.float64, [], bytes: littleEndian([0])),
      ], to: url)
    let file = try SafetensorsFile(contentsOf: url)
    #expect(file.names == ["y", "a", "b", "z"])
    let headerLength = try Data(contentsOf: url).prefix(8).enumerated().reduce(0) {
      $0 + Int($1.1) << (8 * $1.0)
    }
    #expect(headerLength % 8 == 0)
  }

  @Test func sameTensorsGiveSameBytes() throws {
    let tensors = Dictionary(
      uniqueKeysWithValues: (0..<50).map { ("layer.\($0)", SafetensorsValue(floats: [Float($0)], [1])) })
    let metadata = Dictionary(uniqueKeysWithValues: (0..<20).map { ("key\($0)", "\($0)") })
    try Safetensors.write(tensors, metadata: metadata, to: url)
    let first = try Data(contentsOf: url)
    try Safetensors.write(tensors, metadata: metadata, to: url)
    #expect(try Data(contentsOf: url) == first)
  }

  @Test func halfPrecisionIsExact() throws {
    let patterns = (0...UInt16.max).map { $0 }
    try Safetensors.write(
      [
        "half": SafetensorsValue(.float16, [65536], bytes: littleEndian(patterns)),
        "brain": SafetensorsValue(.bfloat16, [65536], bytes: littleEndian(patterns)),
        "double": SafetensorsValue(.float64, [2], bytes: littleEndian([0.1, -2.5].map(\.bitPattern))),
      ], to: url)
    let file = try SafetensorsFile(contentsOf: url)
    #expect(try file.floats(of: "double") == [0.1, -2.5])
    let brain = try file.floats(of: "brain")
    #expect(patterns.allSatisfy { brain[Int($0)].bitPattern == UInt32($0) << 16 })
    let half = try file.floats(of: "half")
    #if !(os(macOS) && arch(x86_64))
      for pattern in patterns {
        let expected = Float(Float16(bitPattern: pattern))
        #expect(half[Int(pattern)] == expected || (half[Int(pattern)].isNaN && expected.isNaN))
      }
    #endif
    #expect(half[0x8000].sign == .minus)
  }

  @Test func floatsOfIntegersAreRefused() throws {
    try Safetensors.write(["n": SafetensorsValue(.int32, [1], bytes: [0, 0, 0, 0])], to: url)
    let file = try SafetensorsFile(contentsOf: url)
    let error = #expect(throws: MartletError.self) { try file.floats(of: "n") }
    #expect(error?.message.contains("got I32") == true)
  }
}
