import Foundation
import Martlet
import Testing

@testable import MartletInterchange

/// Files that PyTorch wrote, and what is in them.
enum PyTorchFixtures {
  static let folder = fixtures.appendingPathComponent("pytorch")

  static func url(_ name: String) -> URL { folder.appendingPathComponent(name) }

  static func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: url(name))) }

  /// What is to be read from a file.
  static func expected(_ name: String) throws -> [String: Tensor] {
    let all = try loadSafetensors(url("expected.safetensors"))
    return Dictionary(
      uniqueKeysWithValues: all.filter { $0.key.hasPrefix(name + "/") }.map {
        (String($0.key.dropFirst(name.count + 1)), $0.value)
      })
  }
}

extension Tensor {
  /// The elements' bytes in logical order.
  var bytes: [UInt8] {
    get throws {
      var bytes: [UInt8] = []
      try SafetensorsValue(self).withBytes { bytes = Array($0) }
      return bytes
    }
  }
}

/// Expects a refusal whose message holds a few words, and never anything but a ``MartletError``.
func expectRefusal(
  _ url: URL, _ words: String..., sourceLocation: SourceLocation = #_sourceLocation
) {
  let error = #expect(throws: MartletError.self, sourceLocation: sourceLocation) { try loadWeights(url) }
  guard let error else { return }
  #expect(error.message.contains(url.lastPathComponent), "\(error)", sourceLocation: sourceLocation)
  for word in words { #expect("\(error)".contains(word), "\(error)", sourceLocation: sourceLocation) }
}

/// An archive put together by hand, so that it can be wrong in any way.
struct HandmadeArchive {
  struct Entry {
    var name: String
    var bytes: [UInt8] = []
    var method: UInt16 = 0
    var flags: UInt16 = 0x0808
    /// What the directory says of sizes and of the place, where it is not so.
    var size: UInt32?
    var storedSize: UInt32?
    var offset: UInt32?
    /// The name in front of the bytes, where it is another.
    var localName: String?
    var extra: [UInt8] = []
  }

  var entries: [Entry]
  /// What the end says, where it is not so.
  var count: UInt16?
  var directoryOffset: UInt32?
  var comment: [UInt8] = []
  var gap: [UInt8] = []

  init(_ entries: [Entry]) { self.entries = entries }

  /// A state dict: a pickle, and storages by their keys.
  init(pickle: [UInt8], storages: [String: [UInt8]] = [:]) {
    entries = [Entry(name: "a/data.pkl", bytes: pickle)]
    for (key, bytes) in storages.sorted(by: { $0.key < $1.key }) {
      entries.append(Entry(name: "a/data/\(key)", bytes: bytes))
    }
  }

  var bytes: [UInt8] {
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for entry in entries {
      let name = Array(entry.name.utf8)
      let localName = Array((entry.localName ?? entry.name).utf8)
      let offset = entry.offset ?? UInt32(file.count)
      file +=
        littleEndian([UInt32(0x0403_4B50)]) + littleEndian([UInt16(0), entry.flags, entry.method, 0, 0])
      file += littleEndian([UInt32(0), 0, 0]) + littleEndian([UInt16(localName.count), 0]) + localName
      file += entry.bytes
      directory += littleEndian([UInt32(0x0201_4B50)])
      directory += littleEndian([UInt16(0), 0, entry.flags, entry.method, 0, 0])
      let size = entry.size ?? UInt32(entry.bytes.count)
      directory += littleEndian([UInt32(0), entry.storedSize ?? size, size])
      directory += littleEndian([UInt16(name.count), UInt16(entry.extra.count), 0, 0, 0])
      directory += littleEndian([UInt32(0), offset]) + name + entry.extra
    }
    file += gap
    let place = directoryOffset ?? UInt32(file.count)
    let count = count ?? UInt16(entries.count)
    file += directory
    file += littleEndian([UInt32(0x0605_4B50)]) + littleEndian([UInt16(0), 0, count, count])
    file += littleEndian([UInt32(directory.count), place]) + littleEndian([UInt16(comment.count)]) + comment
    return file
  }
}

/// A pickle put together by hand.
struct HandmadePickle {
  var bytes: [UInt8] = [0x80, 2]

  static func text(_ text: String) -> [UInt8] {
    [0x58] + littleEndian([UInt32(text.utf8.count)]) + Array(text.utf8)
  }

  static func integer(_ value: Int) -> [UInt8] { [0x8A, 8] + littleEndian([Int64(value)]) }

  static func name(_ module: String, _ name: String) -> [UInt8] { Array("c\(module)\n\(name)\n".utf8) }

  static func tuple(_ items: [[UInt8]]) -> [UInt8] {
    Array("(".utf8) + items.flatMap { $0 } + Array("t".utf8)
  }

  static func dictionary(_ items: [(String, [UInt8])]) -> [UInt8] {
    Array("}(".utf8) + items.flatMap { text($0.0) + $0.1 } + Array("u".utf8)
  }

  static func storage(_ type: String = "FloatStorage", key: String = "0", count: Int) -> [UInt8] {
    tuple([text("storage"), name("torch", type), text(key), text("cpu"), integer(count)]) + Array("Q".utf8)
  }

  static func tensor(
    _ storage: [UInt8], offset: Int = 0, shape: [Int], strides: [Int]
  ) -> [UInt8] {
    let hooks = name("collections", "OrderedDict") + Array(")R".utf8)
    return name("torch._utils", "_rebuild_tensor_v2")
      + tuple([
        storage, integer(offset), tuple(shape.map(integer)), tuple(strides.map(integer)), [0x89], hooks,
      ]) + Array("R".utf8)
  }

  /// The pickle of what a program leaves on the stack.
  static func of(_ program: [UInt8]) -> [UInt8] { [0x80, 2] + program + Array(".".utf8) }
}
