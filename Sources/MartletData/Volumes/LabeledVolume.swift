import Foundation
import Martlet

/// A decoded sample: a volume and the class of each of its voxels.
public struct LabeledVolume: Hashable, Sendable {
  /// The values as the file has them, not normalised.
  public let volume: Volume
  /// Class indices, or ``LabelMap/ignored``, in the order of slices and rows.
  public let labels: [UInt8]

  /// - Precondition: both are of one size.
  public init(volume: Volume, labels: [UInt8]) {
    precondition(labels.count == volume.size.count, "a volume and its labels must be of one size")
    self.volume = volume
    self.labels = labels
  }

  /// Bytes that the decoded sample holds.
  var byteCount: Int { volume.byteCount + labels.count }
}

extension MaskRaster {
  /// Reads a volume of whole numbers as the values of a mask, its slices one below the other.
  ///
  /// - Throws: ``MartletError`` naming the file and the first voxel that is no whole number from 0 to 65535.
  init(volumeAt url: URL) throws {
    let reader = try NIfTIReader(url.path)
    let header = reader.header
    guard header.channels == 1 else {
      throw reader.failure("a mask of one channel", "\(header.channels)")
    }
    var values: [UInt16] = []
    values.reserveCapacity(reader.expectedValueCount)
    var largest: UInt16 = 0
    try reader.forEachRun { start, run in
      for (index, number) in run.enumerated() {
        guard let value = UInt16(exactly: number) else {
          throw reader.failure(
            "class indices, whole numbers from 0 to 65535", "\(number) at \(reader.place(start + index))")
        }
        largest = max(largest, value)
        values.append(value)
      }
    }
    self.init(
      width: header.size.width, height: header.size.depth * header.size.height,
      sliceHeight: header.size.height, pixels: .values(values, largest: largest > 255 ? 65535 : 255))
  }
}
