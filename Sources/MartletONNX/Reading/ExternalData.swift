import Foundation
import Martlet
import MartletFiles

/// Files beside a model in which large tensors are kept.
final class ExternalData {
  /// The model's folder; `nil` for a model that is not in a file.
  private let folder: URL?
  private var files: [String: ReadableFile] = [:]

  /// The files that were read.
  var paths: [String] { files.values.map(\.path).sorted() }

  init(folder: URL?) { self.folder = folder }

  /// The bytes of a tensor.
  ///
  /// - Parameter byteCount: How many the tensor's type and dimensions ask for.
  /// - Throws: ``MartletError`` for a place outside of the model's folder, bytes that the file does not have, or a number
  ///   of them that is not `byteCount`.
  func bytes(_ entries: [WireStringEntry], byteCount: Int, of what: String) throws -> [UInt8] {
    var values: [String: String] = [:]
    for entry in entries { values[entry.key] = entry.value }
    guard let location = values["location"], !location.isEmpty else {
      throw MartletError("onnx", "\(what): expected the location of its external data, got none")
    }
    func number(_ key: String) throws -> Int? {
      guard let text = values[key] else { return nil }
      guard let number = Int(text), number >= 0 else {
        throw MartletError(
          "onnx", "\(what): expected external data with a whole \(key) of 0 or more, got \(printable(text))")
      }
      return number
    }
    let file = try file(location, what)
    let offset = try number("offset") ?? 0
    let length = try number("length") ?? max(file.byteCount - offset, 0)
    try require(
      length == byteCount, "onnx", "\(what): expected \(byteCount) bytes of external data, got \(length)")
    try require(
      offset <= file.byteCount && length <= file.byteCount - offset, "onnx",
      "\(what): expected \(length) bytes at offset \(offset) of \(printable(location)), which has \(file.byteCount)"
    )
    return try file.bytes(offset..<offset + length)
  }

  private func file(_ location: String, _ what: String) throws -> ReadableFile {
    if let known = files[location] { return known }
    guard let folder else {
      throw MartletError("onnx", "\(what): expected no external data in a model without a folder")
    }
    let parts = location.split(separator: "/", omittingEmptySubsequences: false)
    let root = folder.resolvingSymlinksInPath().standardizedFileURL
    let url = root.appendingPathComponent(location).resolvingSymlinksInPath().standardizedFileURL
    try require(
      !location.hasPrefix("/") && !location.contains("\0") && !location.contains("\\")
        && !parts.contains("..")
        && url.path.hasPrefix(root.path.hasSuffix("/") ? root.path : root.path + "/"),
      "onnx", "\(what): expected external data in the model's folder, got \(printable(location))")
    let file = try ReadableFile(url.path, operation: "onnx")
    files[location] = file
    return file
  }
}
