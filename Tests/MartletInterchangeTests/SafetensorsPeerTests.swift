import Foundation
import Testing

@testable import MartletInterchange

/// Against the safetensors package that PyTorch users have.
@Suite struct SafetensorsPeerTests {
  let peer = fixtures.appendingPathComponent("safetensors.safetensors")

  @Test func readsWhatPyTorchWrote() throws {
    let file = try SafetensorsFile(contentsOf: peer)
    #expect(file.names.count == 16)
    #expect(file.metadata == ["format": "pt"])
    #expect(try file.verifyChecksum() == false)

    let weight = try file.entry("encoder.conv.weight")
    #expect(weight.type == .float32)
    #expect(weight.shape == [2, 3, 2, 2])
    #expect(try file.floats(of: "encoder.conv.weight") == (0..<24).map { Float($0) / 4 - 1 })
    #expect(try file.floats(of: "half") == [1, -2.5, 65504, 0x1p-24, .infinity, -0.0])
    #expect(try file.floats(of: "brain") == [1, -2.5, Float(bitPattern: 0x7F62_0000), -.infinity])
    #expect(try file.floats(of: "double") == [0.1, -.infinity])
    #expect(try file.entry("scalar").shape == [])
    #expect(try file.floats(of: "scalar") == [7.5])
    #expect(try file.entry("empty").shape == [0, 3])
    #expect(try file.bytes(of: "empty") == [])
    #expect(try file.bytes(of: "bool") == [1, 0, 1])
    #expect(try file.bytes(of: "int64") == littleEndian([Int64.min, Int64.max]))
    #expect(try file.bytes(of: "uint64") == littleEndian([UInt64.max]))
    #expect(try file.floats(of: "quote \" backslash \\ ümlaut\n") == [1])
    let types = try Set(file.names.map { try file.entry($0).type })
    #expect(types.count == 13)
  }

  /// Written again by Martlet, the file is the same byte for byte: what it writes is what the package reads.
  @Test func writesTheBytesThatPyTorchWrites() throws {
    let file = try SafetensorsFile(contentsOf: peer)
    var tensors: [String: SafetensorsValue] = [:]
    for name in file.names {
      let entry = try file.entry(name)
      tensors[name] = SafetensorsValue(entry.type, entry.shape, bytes: try file.bytes(of: name))
    }
    let folder = try TemporaryFolder()
    let url = folder.url.appendingPathComponent("again.safetensors")
    try Safetensors.write(tensors, metadata: file.metadata, checksum: false, to: url)
    #expect(try Data(contentsOf: url) == Data(contentsOf: peer))
  }
}
