import Martlet

/// A volume of one or several channels, as numbers.
public struct Volume: Hashable, Sendable {
  /// Of each channel, in voxels.
  public let size: VolumeSize
  /// More than 1 where a voxel has several values: sequences of a scanner, times or vectors.
  public let channels: Int
  /// Channel by channel, each in the order of its slices and rows: [channels, depth, height, width].
  public let values: [Float]
  /// Where the voxels lie in space.
  public let geometry: VolumeGeometry

  /// - Precondition: the values fill the volume.
  public init(size: VolumeSize, channels: Int = 1, values: [Float], geometry: VolumeGeometry = .init()) {
    precondition(values.count == size.count * channels, "a volume's values must fill it")
    self.size = size
    self.channels = channels
    self.values = values
    self.geometry = geometry
  }

  /// Reads a NIfTI file: `.nii`, `.nii.gz`, or `.hdr` with an `.img` beside it.
  ///
  /// - Throws: ``MartletError`` naming the file, what was expected and what it holds; also for values that are no
  ///   numbers.
  public init(contentsOf path: String) throws {
    let reader = try NIfTIReader(path)
    let header = reader.header
    var values: [Float] = []
    values.reserveCapacity(reader.expectedValueCount)
    try reader.forEachRun { start, run in
      for (index, number) in run.enumerated() {
        let value = Float(number)
        guard value.isFinite else {
          throw reader.failure("finite numbers", "\(number) at \(reader.place(start + index))")
        }
        values.append(value)
      }
    }
    self.init(size: header.size, channels: header.channels, values: values, geometry: header.geometry)
  }

  /// The header of a NIfTI file.
  ///
  /// - Throws: ``MartletError`` naming the file, what was expected and what it holds.
  public static func header(contentsOf path: String) throws -> NIfTIHeader { try NIfTIReader(path).header }

  /// Writes a NIfTI file, packed where the name ends in `.gz`.
  ///
  /// - Parameter sample: What values are stored as; those that do not fit are rounded and held within it.
  /// - Throws: ``MartletError`` naming the file when it cannot be written.
  public func write(to path: String, as sample: NIfTISample = .float32) throws {
    let header = try NIfTIHeader(size: size, channels: channels, sample: sample, geometry: geometry)
    let writer = try NIfTIWriter(path, header)
    try values.withUnsafeBufferPointer { try writer.append($0) }
    try writer.commit()
  }

  /// Bytes that the values take.
  var byteCount: Int { values.count * MemoryLayout<Float>.size }
}
