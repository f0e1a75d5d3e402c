import Martlet
import MartletFiles

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A tensor to be written to a safetensors file.
public struct SafetensorsValue {
  /// What an element is stored as.
  public let type: SafetensorsType
  /// Sizes in PyTorch's order; empty for a scalar.
  public let shape: [Int]
  /// Hands its argument the elements, little-endian and row-major, once and whole.
  let withBytes: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void

  /// Bytes that the elements take; 0 for a shape that takes no whole number of bytes, which the writer refuses.
  var byteCount: Int { type.byteCount(of: shape) ?? 0 }

  /// - Parameter withBytes: Calls its argument once with the elements, little-endian and row-major. It is asked
  ///   when the tensor's turn to be written comes, so that only one tensor needs to be in that order at a time.
  public init(
    _ type: SafetensorsType, _ shape: [Int],
    withBytes: @escaping ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) {
    self.type = type
    self.shape = shape
    self.withBytes = withBytes
  }

  /// A tensor from its elements' bytes, little-endian and row-major.
  public init(_ type: SafetensorsType, _ shape: [Int], bytes: [UInt8]) {
    self.init(type, shape) { body in try bytes.withUnsafeBytes(body) }
  }
}

/// Writing of safetensors files.
public enum Safetensors {
  /// Writes tensors to a file, replacing it in one step.
  ///
  /// The layout is the reference writer's: tensors by falling alignment and then by name, the header padded with
  /// spaces to a multiple of eight bytes. The file goes to a temporary name in the same folder,
  /// is flushed and renamed, so that a failure leaves the old file as it was.
  ///
  /// - Parameters:
  ///   - tensors: The tensors by name.
  ///   - metadata: Strings to keep in the header.
  ///   - checksum: Whether to add a checksum to the metadata, against which ``SafetensorsFile`` checks the file.
  ///   - url: The file to write. Its folder must exist.
  /// - Throws: ``MartletError`` if a tensor's bytes do not fit its shape, if a name is reserved, if the header
  ///   passes 100 MB, or if the file cannot be written.
  public static func write(
    _ tensors: [String: SafetensorsValue], metadata: [String: String] = [:], checksum: Bool = true,
    to url: URL
  ) throws {
    let path = url.relativePath
    var metadata = metadata
    if checksum { metadata[SafetensorsHeader.checksumKey] = hexadecimal(0) }
    let sorted = tensors.sorted {
      $0.value.type == $1.value.type
        ? $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) : $0.value.type.rank > $1.value.type.rank
    }
    var header = try header(sorted, metadata: metadata, path: path)
    // What is written must pass the reader's checks.
    let dataByteCount = sorted.reduce(0) { $0 + $1.value.byteCount }
    let parsed = try SafetensorsHeader(header, dataByteCount: dataByteCount, file: path)
    try AtomicFile.write(to: path, operation: "safetensors") { contents in
      var length = UInt64(header.count).littleEndian
      try withUnsafeBytes(of: &length) { try contents.append($0) }
      try header.withUnsafeBytes { try contents.append($0) }
      var crc = CRC32C()
      header.withUnsafeBytes { crc.update($0) }
      for (name, tensor) in sorted {
        var written = 0
        try tensor.withBytes { bytes in
          written += bytes.count
          guard written == tensor.byteCount else { return }
          crc.update(bytes)
          try contents.append(bytes)
        }
        guard written == tensor.byteCount else {
          throw MartletError(
            "safetensors",
            "\(path): expected \(tensor.byteCount) bytes for tensor '\(name)' of \(tensor.type.rawValue) "
              + "\(tensor.shape), got \(written)")
        }
      }
      if let range = parsed.checksumRange {
        // The digits could not be known before the data was written; they replace zeros of the same width.
        header.replaceSubrange(range, with: hexadecimal(crc.value).utf8)
        try contents.overwrite(at: 8 + range.lowerBound, with: Array(header[range]))
      }
    }
  }

  private static func header(
    _ tensors: [(key: String, value: SafetensorsValue)], metadata: [String: String], path: String
  ) throws -> [UInt8] {
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      members.append(
        #""__metadata__":{"#
          + pairs.map { "\(JSONText.literal($0.key)):\(JSONText.literal($0.value))" }.joined(separator: ",")
          + "}")
    }
    var offset = 0
    for (name, tensor) in tensors {
      guard name != "__metadata__" else {
        throw MartletError(
          "safetensors", "\(path): expected another name for a tensor, got the reserved '\(name)'")
      }
      guard tensor.shape.allSatisfy({ $0 >= 0 }), let count = tensor.type.byteCount(of: tensor.shape) else {
        throw MartletError(
          "safetensors",
          "\(path): expected a shape that takes whole bytes for tensor '\(name)', got "
            + "\(tensor.type.rawValue) \(tensor.shape)")
      }
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      members.append(
        #"\#(JSONText.literal(name)):{"dtype":"\#(tensor.type.rawValue)","shape":[\#(shape)],"#
          + #""data_offsets":[\#(offset),\#(offset + count)]}"#)
      offset += count
    }
    var header = Array("{\(members.joined(separator: ","))}".utf8)
    header += [UInt8](repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
    guard header.count <= SafetensorsFile.largestHeader else {
      throw MartletError(
        "safetensors",
        "\(path): expected a header of at most \(SafetensorsFile.largestHeader) bytes, got \(header.count)")
    }
    return header
  }
}
