import Martlet
import MartletFiles

/// PyTorch's files before version 1.6, which it still writes on request: five pickles, and the storages' numbers.
enum PyTorchLegacy {
  /// The first pickle, a number that marks the form.
  static let magic: [UInt8] = [
    0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
  ]
  private static let version = 1001

  static func read(
    _ file: ReadableFile
  ) throws -> (root: PickleValue, heap: PickleHeap, storages: [Range<Int>]) {
    var reader = PickleReader(file, magic.count..<file.byteCount)
    let version = try Unpickler.load(&reader)
    try require(
      version.root == .int(Self.version), "pytorch", "expected a file of version \(Self.version), got another"
    )
    let system = try Unpickler.load(&reader)
    try require(
      system.heap.dictionary(system.root)?["little_endian"] == .bool(true), "pytorch",
      "expected numbers with their low bytes first, got a file from a big-endian machine")
    let object = try Unpickler.load(&reader)
    let keys = try Unpickler.load(&reader)
    guard case .list(let list) = keys.root else {
      throw MartletError("pytorch", "expected a list of storages, got \(keys.root.kind)")
    }
    let ranges = try ranges(keys.heap.lists[list], object.heap.storages, file, from: reader.position)
    return (object.root, object.heap, ranges)
  }

  /// Where the storages lie: one after the other in the order of the keys, each behind its number of elements.
  private static func ranges(
    _ keys: [PickleValue], _ storages: [PickledStorage], _ file: ReadableFile, from start: Int
  ) throws -> [Range<Int>] {
    let indices = Dictionary(storages.indices.map { (storages[$0].key, $0) }) { first, _ in first }
    var ranges = [Range<Int>?](repeating: nil, count: storages.count)
    var position = start
    for key in keys {
      guard case .string(let name) = key, let index = indices[name], ranges[index] == nil else {
        throw MartletError("pytorch", "expected the storages of the pickle, each once, got another key")
      }
      let storage = storages[index]
      guard let byteCount = storage.byteCount, file.byteCount - position >= 8,
        byteCount <= file.byteCount - position - 8
      else {
        throw MartletError(
          "pytorch",
          "expected \(storage.count) elements of storage '\(printable(name))' at offset \(position), got "
            + "\(file.byteCount - position) bytes: the file is cut short")
      }
      var scanner = ByteScanner(try file.bytes(position..<(position + 8)))
      let count = try scanner.integer(Int64.self)
      try require(
        count == storage.count, "pytorch",
        "expected \(storage.count) elements in storage '\(printable(name))', got \(count)")
      ranges[index] = (position + 8)..<(position + 8 + byteCount)
      position += 8 + byteCount
    }
    return try zip(storages, ranges).map { storage, range in
      guard let range else {
        throw MartletError(
          "pytorch", "expected storage '\(printable(storage.key))' in the file, got none of that key")
      }
      return range
    }
  }
}
