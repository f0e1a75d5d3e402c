import Martlet

/// Writes a NIfTI file from its first voxel to its last, packed where its name ends in `.gz`.
///
/// The file has its name only after ``commit()``. It is in this machine's byte order.
public final class NIfTIWriter {
  private let path: String
  private let header: NIfTIHeader
  private let draft: PackedDraft
  private var written = 0

  /// - Parameter header: Of a file that was read, or of a new one.
  /// - Throws: ``MartletError`` naming the path when it cannot be written to, and for sizes that are none.
  public init(_ path: String, _ header: NIfTIHeader) throws {
    self.path = path
    self.header = try header.forWriting()
    draft = try PackedDraft(path)
    try self.header.encoded.withUnsafeBytes { try draft.append($0) }
  }

  /// Adds values, channel by channel, each in the order of its slices and rows.
  ///
  /// - Throws: ``MartletError`` when the disk is full.
  public func append(_ values: UnsafeBufferPointer<UInt8>) throws {
    written += values.count
    if header.sample == .uint8, header.slope == 1, header.intercept == 0 {
      return try draft.append(UnsafeRawBufferPointer(values))
    }
    try encode(values) { Double($0) }
  }

  /// Adds values, channel by channel, each in the order of its slices and rows.
  ///
  /// What is stored of a value is what the header's slope and intercept make it from again. Where voxels are whole numbers
  /// that is the nearest that there is, and for what is no number 0.
  ///
  /// - Throws: ``MartletError`` when the disk is full.
  public func append(_ values: UnsafeBufferPointer<Float>) throws {
    written += values.count
    try encode(values) { Double($0) }
  }

  private func encode<Value>(
    _ values: UnsafeBufferPointer<Value>, _ number: (Value) -> Double
  ) throws {
    let runLength = 1 << 13
    for start in stride(from: 0, to: values.count, by: runLength) {
      let numbers = values[start..<min(start + runLength, values.count)].map {
        (number($0) - header.intercept) / header.slope
      }
      let bytes = numbers.withUnsafeBufferPointer { header.sample.encode($0) }
      try bytes.withUnsafeBytes { try draft.append($0) }
    }
  }

  /// Gives the file its name.
  ///
  /// - Precondition: As many values were added as the header says.
  public func commit() throws {
    precondition(written == header.voxelCount * header.channels, "a volume's values must fill it")
    try draft.commit()
  }
}
