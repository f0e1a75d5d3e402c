import CSystemZlib
import Martlet
import MartletData

extension FuzzSubject {
  static let images = FuzzSubject(name: "images") { fixtures in
    try fixtures.files(in: "images", "png", "jpg", "tif")
  } read: { input in
    let limits = Image.Limits(maximumPixels: 1 << 18)
    let bytes = withPNGChecksums(input)
    _ = try? Image.info(decoding: bytes, name: "input", limits: limits)
    _ = try? Image(decoding: bytes, name: "input", as: .indices, limits: limits)
    let whole = Result { try Image(decoding: bytes, name: "input", limits: limits) }
    let regions = try Image.regions(contentsOf: Scratch.file("input.image", bytes).path, limits: limits)
    let (width, height) = (regions.info.width, regions.info.height)
    // The picture's middle and, where it is not too large, all of it.
    _ = try? regions.image(
      in: PixelWindow(
        x: width / 4, y: height / 4, width: min(64, (width + 1) / 2), height: min(64, (height + 1) / 2)))
    let image = try regions.image(in: PixelWindow(x: 0, y: 0, width: width, height: height))
    if let whole = try? whole.get() { expect(image == whole, "the same picture by parts") }
  }

  /// The same file with a checksum that is right behind each chunk of a PNG, without which nothing of a chunk is looked at.
  private static func withPNGChecksums(_ input: [UInt8]) -> [UInt8] {
    guard input.starts(with: [0x89, 0x50, 0x4E, 0x47]) else { return input }
    var bytes = input
    var start = 8
    while start + 12 <= bytes.count {
      let length = Int(bytes[start..<start + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
      let end = start + 8 + length
      guard end + 4 <= bytes.count else { break }
      let checksum = bytes[start + 4..<end].withUnsafeBufferPointer {
        UInt32(crc32(0, $0.baseAddress, UInt32($0.count)))
      }
      for i in 0..<4 { bytes[end + i] = UInt8(truncatingIfNeeded: checksum >> UInt32(24 - 8 * i)) }
      start = end + 4
    }
    return bytes
  }

  static let volumes = FuzzSubject(name: "volumes") { fixtures in
    try fixtures.files(in: "volumes", "nii", "gz")
  } read: { input in
    let file = try Scratch.file("input.nii", input).path
    let header = try Volume.header(contentsOf: file)
    guard header.size.count <= 1 << 18 else { return }
    _ = try Volume(contentsOf: file)
  }
}
