/// The depth, height and width of a volume, or of a part of one, in voxels.
public struct VolumeSize: Hashable, Sendable, Codable, CustomStringConvertible {
  /// Slices.
  public var depth: Int
  /// Rows of a slice.
  public var height: Int
  /// Columns of a slice, whose voxels are neighbours in memory.
  public var width: Int

  public init(depth: Int, height: Int, width: Int) {
    self.depth = depth
    self.height = height
    self.width = width
  }

  /// - Precondition: there are three lengths.
  init(_ lengths: [Int]) { self.init(depth: lengths[0], height: lengths[1], width: lengths[2]) }

  /// [depth, height, width]
  public var lengths: [Int] { [depth, height, width] }
  /// Voxels of a slice.
  public var area: Int { height * width }
  /// Voxels.
  public var count: Int { depth * area }

  public var description: String { "\(depth)×\(height)×\(width)" }
}
