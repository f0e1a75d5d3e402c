import Foundation
import Martlet
import MartletFiles

/// A number of a JSON file that must be whole, and is named with its place where it is not: the decoder itself calls a
/// file with 1.5 in place of a whole number no JSON.
@propertyWrapper
struct WholeNumber: Decodable {
  let wrappedValue: Int

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    do {
      wrappedValue = try value.decode(Int.self)
    } catch {
      guard let number = try? value.decode(Double.self) else { throw error }
      throw DecodingError.dataCorruptedError(
        in: value, debugDescription: "expected a whole number, got \(number)")
    }
  }
}

/// Reading of files that hold annotations.
enum AnnotationFile {
  /// The longest file that is read whole.
  static let byteLimit = 1 << 31

  static func bytes(_ url: URL) throws -> Data {
    Data(try ReadableFile.read(url.path, operation: "dataset", limit: byteLimit).bytes)
  }

  /// - Throws: ``MartletError`` also for what is not UTF-8.
  static func text(_ url: URL) throws -> String {
    try ReadableFile.text(url.path, operation: "dataset", limit: byteLimit)
  }

  /// Decodes a JSON file.
  ///
  /// - Throws: ``MartletError`` naming the file, the value's path in it, and what was expected there.
  static func json<Value: Decodable>(_ url: URL, as type: Value.Type) throws -> Value {
    let data = try bytes(url)
    do {
      return try JSONDecoder().decode(type, from: data)
    } catch let error as DecodingError {
      throw MartletError("dataset", "\(url.path): \(describe(error))")
    } catch {
      throw MartletError("dataset", "\(url.path): expected JSON, got other text")
    }
  }

  private static func describe(_ error: DecodingError) -> String {
    func place(_ context: DecodingError.Context, _ last: (any CodingKey)? = nil) -> String {
      var text = ""
      for key in context.codingPath + (last.map { [$0] } ?? []) {
        text += key.intValue.map { "[\($0)]" } ?? (text.isEmpty ? "" : ".") + key.stringValue
      }
      return text.isEmpty ? "" : text + ": "
    }
    switch error {
    case .keyNotFound(let key, let context): return place(context, key) + "expected a value, got none"
    case .typeMismatch(let type, let context):
      return place(context) + "expected \(decodedKind(type, object: "an object"))"
    case .valueNotFound(let type, let context):
      return place(context) + "expected \(decodedKind(type, object: "an object")), got null"
    case .dataCorrupted(let context): return place(context) + context.debugDescription
    @unknown default: return "\(error)"
    }
  }

  /// The image file of a name that annotations give, in a folder.
  ///
  /// - Returns: `nil` where the name leads out of the folder or to nothing.
  static func image(named name: String, in folder: URL) -> URL? {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard !name.isEmpty, !parts.contains(""), !parts.contains("..") else { return nil }
    let url = folder.appending(path: name)
    return Folder.target(of: url.path) == .other ? url : nil
  }
}
