import Martlet
import MartletFiles

/// PyTorch's files since version 1.6: a zip archive with a pickle, and each storage as an entry.
enum PyTorchArchive {
  static func read(
    _ file: ReadableFile
  ) throws -> (root: PickleValue, heap: PickleHeap, storages: [Range<Int>]) {
    let directory = try ZipDirectory(file)
    let entries = directory.entries
    let folder = try folder(of: entries)
    if let name = directory.compressed {
      throw MartletError(
        "pytorch", "refuses '\(printable(name))', which is compressed: torch.save stores entries as they are")
    }
    if let order = entries["\(folder)/byteorder"] {
      try require(
        order.count <= 16 && file.bytes(order).elementsEqual("little".utf8), "pytorch",
        "expected numbers with their low bytes first, got a file from a big-endian machine")
    }
    guard let range = entries["\(folder)/data.pkl"] else { preconditionFailure("the folder was found by it") }
    var reader = PickleReader(file, range)
    let pickle = try Unpickler.load(&reader)
    let storages = try pickle.heap.storages.map { storage in
      guard let range = entries["\(folder)/data/\(storage.key)"] else {
        throw MartletError(
          "pytorch", "expected storage '\(printable(storage.key))' in the archive, got none of that name")
      }
      guard range.count == storage.byteCount else {
        throw MartletError(
          "pytorch",
          "expected \(storage.count) \(storage.type?.rawValue ?? "bytes") in storage '\(printable(storage.key))', got "
            + "\(range.count) bytes")
      }
      return range
    }
    return (pickle.root, pickle.heap, storages)
  }

  /// The folder that all is in, under whatever name.
  private static func folder(of entries: [String: Range<Int>]) throws -> String {
    let suffix = "/data.pkl"
    let folders = entries.keys.filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.utf8.count)) }
      .filter { !$0.contains("/") }
    guard folders.count == 1, let folder = folders.first else {
      throw MartletError(
        "pytorch",
        "expected an archive with one data.pkl in its folder, got \(folders.count): torch.save did not write it"
      )
    }
    try require(
      entries["\(folder)/constants.pkl"] == nil, "pytorch",
      "refuses a TorchScript program: save its state_dict() with torch.save")
    return folder
  }
}
