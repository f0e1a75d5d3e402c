import Foundation
import Martlet
import MartletData
import MartletFiles
import MartletInterchange
import MartletKernels
import Synchronization

/// CRC-32C checksums of what files hold.
///
/// A folder's is that of its files' names and checksums. A volume whose header is a file of its own (`.hdr`) has its
/// voxels (`.img`) in its checksum.
enum ContentChecksums {
  /// The checksums of files and folders, each read once however often it is among them.
  ///
  /// - Throws: ``MartletError`` naming a file that cannot be read.
  static func of(_ files: [URL]) throws -> [URL: UInt32] {
    let distinct = Array(Set(files))
    let results = Mutex([Result<UInt32, any Error>?](repeating: nil, count: distinct.count))
    ThreadPool.parallelFor(distinct.count) { index in
      let result = Result { try checksum(of: distinct[index].path) }
      results.withLock { $0[index] = result }
    }
    var checksums: [URL: UInt32] = [:]
    for (file, result) in zip(distinct, results.withLock { $0 }) { checksums[file] = try result?.get() }
    return checksums
  }

  private static func checksum(of path: String) throws -> UInt32 {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      return try checksum(ofFolder: path)
    }
    var checksum = CRC32C()
    for part in [path] + voxelPaths(of: path) { try add(part, to: &checksum) }
    return checksum.value
  }

  private static func checksum(ofFolder path: String) throws -> UInt32 {
    var checksum = CRC32C()
    for name in try Folder.names(in: path) ?? [] where !name.hasPrefix(".") {
      var isFolder: ObjCBool = false
      let file = path + "/" + name
      guard FileManager.default.fileExists(atPath: file, isDirectory: &isFolder), !isFolder.boolValue else {
        continue
      }
      Array(name.utf8 + [0]).withUnsafeBytes { checksum.update($0) }
      try add(file, to: &checksum)
    }
    return checksum.value
  }

  /// Where the voxels of a header are that has none itself.
  private static func voxelPaths(of path: String) -> [String] {
    let plain = path.lowercased().hasSuffix(".gz") ? String(path.dropLast(3)) : path
    guard plain.lowercased().hasSuffix(".hdr") else { return [] }
    return [".img", ".img.gz"].map { plain.dropLast(4) + $0 }
      .filter { FileManager.default.fileExists(atPath: $0) }
  }

  private static let blockByteCount = 1 << 20

  private static func add(_ path: String, to checksum: inout CRC32C) throws {
    func failure() -> MartletError {
      MartletError("dataset", "\(path): cannot be read: \(systemErrorText(errno))")
    }
    // Opening a pipe would wait for its writer.
    let number = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard number >= 0 else { throw failure() }
    let file = FileDescriptor(number: number)
    try withUnsafeTemporaryAllocation(byteCount: blockByteCount, alignment: 16) { block in
      guard let base = block.baseAddress else { return }
      while true {
        guard let count = file.read(into: base, count: blockByteCount) else { throw failure() }
        checksum.update(UnsafeRawBufferPointer(start: base, count: count))
        if count < blockByteCount { return }
      }
    }
  }
}
