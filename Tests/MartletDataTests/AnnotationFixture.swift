import Foundation

@testable import MartletData

extension DatasetFolder {
  /// Writes a file beside the folders of images and masks, with the folders that lead to it.
  @discardableResult
  func write(_ name: String, _ text: String) throws -> URL {
    let file = url.appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
    return file
  }

  /// Writes a grey image file of rows of values.
  func writeImage(_ name: String, _ rows: [[UInt8]]) throws {
    let file = url.appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Image(width: rows[0].count, height: rows.count, channels: 1, samples: .uint8(rows.flatMap { $0 }))
      .write(to: file.path)
  }
}
