import Martlet

extension InstanceMap {
  /// The most objects whose numbers 16 bits hold.
  public static let largest16BitCount = Int(UInt16.max)

  /// Whether numbers need the 32 bits of a TIFF; a PNG has 16 at most.
  public var needs32Bits: Bool { objects.count > Self.largest16BitCount }

  /// A writer of the map to a file: a grey PNG of 16 bits, or a TIFF of 32 bits where there are more objects than
  /// ``largest16BitCount``. It is to be committed.
  ///
  /// - Throws: ``MartletError`` naming the file that cannot be written.
  public func written(to path: String) throws -> any RegionWriter {
    needs32Bits
      ? try written(
        TIFFRegionWriter(path, RowFormat(width: width, height: height, sample: .uint32)), UInt32.self)
      : try written(
        PNGRegionWriter(path, RowFormat(width: width, height: height, sample: .uint16)), UInt16.self)
  }

  private func written<Sample: FixedWidthInteger>(
    _ writer: some RegionWriter, _: Sample.Type
  ) throws -> any RegionWriter {
    for y in 0..<height {
      let row = values[y * width..<(y + 1) * width].map { Sample(truncatingIfNeeded: $0) }
      try row.withUnsafeBufferPointer { try writer.append($0) }
    }
    return writer
  }
}
