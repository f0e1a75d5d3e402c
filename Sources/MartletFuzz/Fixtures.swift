import Foundation
import MartletInterchange

/// The tests' committed files.
struct Fixtures {
  let folder: URL
  /// Longer files make slow seeds and find no more.
  static let largestSeed = 8 << 10

  /// The small files of a folder with one of these extensions.
  func files(in name: String = "", _ extensions: String...) throws -> [[UInt8]] {
    let place = name.isEmpty ? folder : folder.appending(path: name)
    return try FileManager.default.contentsOfDirectory(at: place, includingPropertiesForKeys: nil)
      .filter { extensions.contains($0.pathExtension) }
      .sorted { $0.path < $1.path }
      .map { Array(try Data(contentsOf: $0)) }
      .filter { $0.count <= Self.largestSeed }
  }

  /// The files that a fixture holds as tensors of bytes, by a part of their names.
  func files(within fixture: String, named part: String) throws -> [[UInt8]] {
    let file = try SafetensorsFile(contentsOf: folder.appending(path: fixture))
    return try file.names.filter { $0.contains(part) }.map(file.bytes(of:)).filter {
      $0.count <= Self.largestSeed
    }
  }
}
