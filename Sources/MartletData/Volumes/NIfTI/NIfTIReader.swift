import Foundation
import Martlet

/// Reads a NIfTI file: its header at once, its voxels as they are wanted.
///
/// Files are `.nii`, `.nii.gz`, or a header `.hdr` with its voxels beside it in `.img`, each packed or not. What a
/// header says is compared with what the file can hold before memory is taken for it, and no more is unpacked than it
/// says.
final class NIfTIReader {
  let header: NIfTIHeader
  let path: String
  private let voxels: UnpackedFile

  /// - Throws: ``MartletError`` naming the file, what was expected and what it holds.
  init(_ path: String) throws {
    self.path = path
    let file = try UnpackedFile(path)
    var bytes = try Self.read(file, NIfTILayout.first.byteCount)
    // The second version's header is longer, and says so in its first number.
    let second = UInt32(NIfTILayout.second.byteCount)
    if bytes.count >= 4,
      [second, second.byteSwapped].contains(bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) })
    {
      bytes += try Self.read(file, NIfTILayout.second.byteCount - bytes.count)
    }
    header = try NIfTIHeader(bytes, name: path)
    voxels = header.isPair ? try UnpackedFile(Self.voxelPath(of: path)) : file
    let needed = header.byteCount.saturatingSum(header.voxelOffset)
    guard needed <= voxels.largestCount else {
      throw failure("\(needed) bytes as its header says", "a file that holds \(voxels.largestCount) at most")
    }
    let skipped = header.voxelOffset - (header.isPair ? 0 : bytes.count)
    guard try voxels.skip(skipped) == skipped else {
      throw failure("voxels after \(header.voxelOffset) bytes", "the end of the file before")
    }
  }

  private static func read(_ file: UnpackedFile, _ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let got = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
    return Array(bytes[..<got])
  }

  /// `a.img` or `a.img.gz` beside `a.hdr` or `a.hdr.gz`.
  private static func voxelPath(of path: String) throws -> String {
    let isPacked = path.lowercased().hasSuffix(".gz")
    let plain = isPacked ? String(path.dropLast(3)) : path
    try require(
      plain.lowercased().hasSuffix(".hdr"), "volume",
      "\(path): expected a name that ends in .hdr, since its header says that voxels are in an .img file")
    let image = plain.dropLast(4) + ".img"
    let candidates = [String(image), image + ".gz"]
    guard let found = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
      throw MartletError("volume", "\(path): expected voxels in \(image), got nothing there")
    }
    return found
  }

  /// How many values to make room for at once. A packed file that says more than files usually hold has to show it: memory
  /// then grows with what comes out of it.
  var expectedValueCount: Int {
    min(header.voxelCount * header.channels, max(1 << 20, voxels.size.saturatingProduct(16)))
  }

  /// Reads the voxels from the first to the last, channel by channel, each in the order of its slices and rows.
  ///
  /// - Parameter body: Called with the number of the first value of a run, and the run.
  /// - Throws: ``MartletError`` naming the file when it is damaged or ends early; whatever `body` throws.
  func forEachRun(_ body: (Int, UnsafeBufferPointer<Double>) throws -> Void) throws {
    let runLength = 1 << 13
    let count = header.voxelCount * header.channels
    var bytes = [UInt8](repeating: 0, count: runLength * header.sample.byteCount)
    var numbers = [Double](repeating: 0, count: runLength)
    var done = 0
    while done < count {
      let length = min(runLength, count - done)
      let wanted = length * header.sample.byteCount
      let got = try bytes.withUnsafeMutableBytes {
        try voxels.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[..<wanted]))
      }
      guard got == wanted else {
        throw failure(
          "\(header.byteCount) bytes of voxels for \(header.size) with \(counted(header.channels, "channel"))",
          "\(done * header.sample.byteCount + got)")
      }
      try numbers.withUnsafeMutableBufferPointer { numbers in
        let run = UnsafeMutableBufferPointer(rebasing: numbers[..<length])
        bytes.withUnsafeBytes { header.sample.decode($0, isSwapped: header.isSwapped, into: run) }
        if header.slope != 1 || header.intercept != 0 {
          for index in run.indices { run[index] = run[index] * header.slope + header.intercept }
        }
        try body(done, UnsafeBufferPointer(run))
      }
      done += length
    }
    try checkEnd()
  }

  /// The rest of a packed file is where its checksum is; there is nothing large in it.
  private func checkEnd() throws {
    guard voxels.isPacked else { return }
    let tolerated = 1 << 16
    if try voxels.skip(tolerated) == tolerated {
      throw failure("the end after \(header.byteCount) bytes of voxels", "\(tolerated) bytes and more")
    }
    guard voxels.isWhole else { throw failure("a checksum after the voxels", "the end of the file before") }
  }

  /// A value's place as it is shown to people.
  func place(_ index: Int) -> String {
    let size = header.size
    let voxel = index % size.count
    return "(x \(voxel % size.width), y \(voxel / size.width % size.height), z \(voxel / size.area))"
  }

  func failure(_ expected: String, _ got: String) -> MartletError {
    MartletError("volume", "\(path): expected \(expected), got \(got)")
  }
}
