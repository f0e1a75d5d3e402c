import Foundation

@testable import MartletInterchange

/// A folder of its own for one test, removed with the value.
final class TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("martlet-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func file(_ name: String, _ bytes: [UInt8]) throws -> URL {
    let file = url.appendingPathComponent(name)
    try Data(bytes).write(to: file)
    return file
  }

  var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() }
  }
}

/// Where the fixtures lie.
let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .appendingPathComponent("Fixtures")

/// The bytes of a safetensors file with this header, unchecked.
func safetensors(_ header: String, data: [UInt8] = []) -> [UInt8] {
  let header = Array(header.utf8)
  return withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header + data
}

func littleEndian<Scalar: FixedWidthInteger>(_ values: [Scalar]) -> [UInt8] {
  values.flatMap { withUnsafeBytes(of: $0.littleEndian) { Array($0) } }
}

extension SafetensorsValue {
  init(floats: [Float], _ shape: [Int]) {
    self.init(.float32, shape, bytes: littleEndian(floats.map(\.bitPattern)))
  }
}
