import Martlet

/// What stands in a JPEG file before its first scan: size, components, and how the camera was held.
///
/// ITU-T T.81, annex B, gives the markers; Exif 2.3, section 4.6, the orientation.
struct JPEGHeader {
  private(set) var width = 0
  private(set) var height = 0
  private(set) var components = 0
  private(set) var orientation = Orientation.upright

  init(_ file: EncodedImage) throws {
    let reader = ByteReader(file.bytes)
    var position = 2
    var hasFrame = false
    while true {
      guard let start = reader.byte(position) else { throw Self.truncated(file) }
      guard start == 0xFF else {
        throw file.failure("is a damaged JPEG: a marker is missing at byte \(position)")
      }
      guard let marker = reader.byte(position + 1) else { throw Self.truncated(file) }
      // A marker may be preceded by any number of filling bytes, and some stand alone.
      if marker == 0xFF {
        position += 1
        continue
      }
      if marker == 0x01 || (0xD0...0xD7).contains(marker) {
        position += 2
        continue
      }
      if marker == 0xD9 || marker == 0xDA { break }
      guard let length = reader.uint16(position + 2), length >= 2 else { throw Self.truncated(file) }
      let content = position + 4..<position + 2 + length
      guard content.upperBound <= file.bytes.count else { throw Self.truncated(file) }
      switch marker {
      case 0xC4, 0xC8, 0xCC: break  // tables, not frames
      case 0xC0...0xCF:
        try readFrame(marker, content, reader, file)
        hasFrame = true
      case 0xE1:
        if let value = Self.exifOrientation(file.bytes[content]) { orientation = value }
      default: break
      }
      position = content.upperBound
    }
    guard hasFrame else { throw file.failure("is a damaged JPEG: it holds no picture") }
  }

  private static func truncated(_ file: EncodedImage) -> MartletError {
    file.failure("is a damaged JPEG: the file ends too early")
  }

  private mutating func readFrame(
    _ marker: UInt8, _ content: Range<Int>, _ reader: ByteReader, _ file: EncodedImage
  ) throws {
    let start = content.lowerBound
    guard content.count >= 6, let bits = reader.byte(start), let height = reader.uint16(start + 1),
      let width = reader.uint16(start + 3), let components = reader.byte(start + 5)
    else { throw Self.truncated(file) }
    guard [0xC0, 0xC1, 0xC2, 0xC9, 0xCA].contains(marker) else {
      throw file.failure("is a lossless or hierarchical JPEG; expected a baseline or progressive one")
    }
    guard bits == 8 else { throw file.failure("is a JPEG of \(bits) bits a sample; expected 8") }
    guard components == 1 || components == 3 else {
      let kind = components == 4 ? "a CMYK JPEG" : "a JPEG of \(components) components"
      throw file.failure("is \(kind); expected grey or RGB")
    }
    self.width = width
    self.height = height
    self.components = Int(components)
  }

  /// The orientation that an APP1 segment's first directory gives, where the segment is Exif and gives one.
  static func exifOrientation(_ segment: ArraySlice<UInt8>) -> Orientation? {
    let name: [UInt8] = [0x45, 0x78, 0x69, 0x66, 0, 0]
    guard segment.starts(with: name) else { return nil }
    var reader = ByteReader(Array(segment.dropFirst(name.count)))
    switch (reader.byte(0), reader.byte(1)) {
    case (0x49, 0x49): reader.isBigEndian = false
    case (0x4D, 0x4D): reader.isBigEndian = true
    default: return nil
    }
    guard reader.uint16(2) == 42, let directory = reader.uint32(4), let count = reader.uint16(directory)
    else { return nil }
    for i in 0..<count {
      let entry = directory + 2 + 12 * i
      guard let tag = reader.uint16(entry) else { return nil }
      if tag == 0x0112, reader.uint16(entry + 2) == 3, let value = reader.uint16(entry + 8) {
        return Orientation(rawValue: value)
      }
    }
    return nil
  }
}

/// Numbers at positions that may lie outside.
struct ByteReader {
  var isBigEndian = true
  private let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  func byte(_ position: Int) -> UInt8? { bytes.indices.contains(position) ? bytes[position] : nil }

  func uint16(_ position: Int) -> Int? {
    guard let first = byte(position), let second = byte(position + 1) else { return nil }
    return isBigEndian ? Int(first) << 8 | Int(second) : Int(second) << 8 | Int(first)
  }

  func uint32(_ position: Int) -> Int? {
    guard let first = uint16(position), let second = uint16(position + 2) else { return nil }
    return isBigEndian ? first << 16 | second : second << 16 | first
  }
}
