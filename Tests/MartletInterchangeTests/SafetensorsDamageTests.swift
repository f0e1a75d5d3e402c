import Foundation
import Martlet
import Testing

@testable import MartletInterchange

@Suite struct SafetensorsDamageTests {
  let folder: TemporaryFolder
  let whole: [UInt8]

  init() throws {
    folder = try TemporaryFolder()
    let url = folder.url.appendingPathComponent("whole.safetensors")
    try Safetensors.write(
      [
        "conv.weight": SafetensorsValue(floats: [1, 2, 3, 4], [2, 2, 1]),
        "conv.bias": SafetensorsValue(floats: [5, 6], [2]),
        "step": SafetensorsValue(.int64, [], bytes: littleEndian([Int64(7)])),
      ], metadata: ["epoch": "3"], to: url)
    whole = Array(try Data(contentsOf: url))
    #expect(try SafetensorsFile(contentsOf: url).names == ["step", "conv.bias", "conv.weight"])
  }

  @Test func everyTruncationIsRefused() throws {
    for count in 0..<whole.count {
      let url = try folder.file("cut.safetensors", Array(whole[..<count]))
      #expect(throws: MartletError.self, "cut to \(count) bytes") { try SafetensorsFile(contentsOf: url) }
    }
  }

  @Test func everyFlippedBitIsRefused() throws {
    for position in 0..<(whole.count * 8) {
      var bytes = whole
      bytes[position / 8] ^= 1 << (position % 8)
      let url = try folder.file("flipped.safetensors", bytes)
      #expect(throws: MartletError.self, "bit \(position % 8) of byte \(position / 8)") {
        try SafetensorsFile(contentsOf: url, checksum: .required)
      }
    }
  }

  @Test func checksumIsAskedForOnlyWhereItMustBe() throws {
    let plain = try folder.file("plain.safetensors", safetensors("{}"))
    #expect(try SafetensorsFile(contentsOf: plain).names == [])
    let error = #expect(throws: MartletError.self) {
      try SafetensorsFile(contentsOf: plain, checksum: .required)
    }
    #expect(error?.message.contains("expected a checksum in the header, got none") == true)

    var bytes = whole
    bytes[bytes.count - 1] ^= 1
    let damaged = try folder.file("damaged.safetensors", bytes)
    #expect(throws: MartletError.self) { try SafetensorsFile(contentsOf: damaged) }
    #expect(try SafetensorsFile(contentsOf: damaged, checksum: .ignored).names.count == 3)
  }

  /// Without the checksum a flipped bit can give another valid file; then all of it must be readable.
  @Test func flippedBitsNeverCrash() throws {
    let header =
      #"{"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"\u00e9":{"dtype":"U8","shape":[],"data_offsets":[8,9]}}"#
    let bytes = safetensors(header, data: [UInt8](0..<9))
    var accepted = 0
    for position in 0..<(bytes.count * 8) {
      var flipped = bytes
      flipped[position / 8] ^= 1 << (position % 8)
      let url = try folder.file("flipped.safetensors", flipped)
      guard let file = try? SafetensorsFile(contentsOf: url) else { continue }
      accepted += 1
      for name in file.names { #expect(try file.bytes(of: name).count == file.entry(name).byteRange.count) }
    }
    #expect(accepted >= 72, "flips in the data cannot be noticed")
  }

  @Test func fileShortenedWhileOpenIsAnError() throws {
    let url = try folder.file("open.safetensors", whole)
    let file = try SafetensorsFile(contentsOf: url)
    let handle = try FileHandle(forWritingTo: url)
    try handle.truncate(atOffset: UInt64(whole.count - 1))
    try handle.close()
    let error = #expect(throws: MartletError.self) { try file.bytes(of: "conv.weight") }
    #expect(error?.message.contains("the file was shortened") == true)
    #expect(throws: MartletError.self) { try file.verifyChecksum() }
  }
}
