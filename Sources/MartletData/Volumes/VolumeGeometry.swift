import Foundation

/// Where a volume's voxels lie in space: the fields of a NIfTI header that say so, kept as they are, so that a mask can
/// be written to lie where its volume lies.
public struct VolumeGeometry: Hashable, Sendable {
  /// The distances of neighbours along i, j, k and so on, in places 1 to 7; place 0 is -1 where the third axis of the
  /// quaternion's frame points the other way (`pixdim`).
  public var pixelDimensions: [Double]
  /// The unit of lengths and times (`xyzt_units`); 2 is the millimetre.
  public var units: Int
  /// The space that the quaternion leads to, by NIfTI's numbers (`qform_code`); 0 where the quaternion says nothing.
  public var qformCode: Int
  /// The space that ``sform`` leads to, by NIfTI's numbers (`sform_code`); above 0 it goes before the quaternion.
  public var sformCode: Int
  /// b, c and d of the rotation.
  public var quaternion: [Double]
  /// Where the first voxel lies with the quaternion: x, y and z (`qoffset_x` and on).
  public var qformOffset: [Double]
  /// The three rows of the affine map, of four numbers each.
  public var sform: [Double]

  /// Takes fields as a header has them, without looking at them: 8 pixel dimensions, 3 numbers each of the quaternion
  /// and its offset, and 12 of the affine map.
  public init(
    pixelDimensions: [Double], units: Int, qformCode: Int, sformCode: Int, quaternion: [Double],
    qformOffset: [Double], sform: [Double]
  ) {
    self.pixelDimensions = pixelDimensions
    self.units = units
    self.qformCode = qformCode
    self.sformCode = sformCode
    self.quaternion = quaternion
    self.qformOffset = qformOffset
    self.sform = sform
  }

  /// Voxels of a size, in millimetres, whose first is at the origin.
  ///
  /// - Parameter spacing: Along depth, height and width.
  public init(spacing: [Double] = [1, 1, 1]) {
    let (k, j, i) = (spacing[0], spacing[1], spacing[2])
    self.init(
      pixelDimensions: [1, i, j, k, 1, 1, 1, 1], units: 2, qformCode: 0, sformCode: 1, quaternion: [0, 0, 0],
      qformOffset: [0, 0, 0], sform: [i, 0, 0, 0, 0, j, 0, 0, 0, 0, k, 0])
  }

  /// The map from voxels (i, j, k, 1) to places in space (x to the right, y to the front, z up), row by row: three rows
  /// of four. It is the header's sform where it has one, else its qform, else the voxels' size alone.
  public var affine: [Double] {
    if sformCode > 0 { return sform }
    let size = pixelDimensions[1...3].map { $0 == 0 ? 1 : abs($0) }
    if qformCode > 0 { return qform(size) }
    return [size[0], 0, 0, 0, 0, size[1], 0, 0, 0, 0, size[2], 0]
  }

  /// Method 2 of `nifti1.h`.
  private func qform(_ size: [Double]) -> [Double] {
    var (b, c, d) = (quaternion[0], quaternion[1], quaternion[2])
    let rest = 1 - (b * b + c * c + d * d)
    var a = 0.0
    if rest < 1e-7 {
      // A half turn: what rounding has left over is taken out.
      let length = (b * b + c * c + d * d).squareRoot()
      (b, c, d) = (b / length, c / length, d / length)
    } else {
      a = rest.squareRoot()
    }
    let k = pixelDimensions[0] < 0 ? -size[2] : size[2]
    return [
      (a * a + b * b - c * c - d * d) * size[0], 2 * (b * c - a * d) * size[1], 2 * (b * d + a * c) * k,
      qformOffset[0],
      2 * (b * c + a * d) * size[0], (a * a + c * c - b * b - d * d) * size[1], 2 * (c * d - a * b) * k,
      qformOffset[1],
      2 * (b * d - a * c) * size[0], 2 * (c * d + a * b) * size[1], (a * a + d * d - c * c - b * b) * k,
      qformOffset[2],
    ]
  }

  /// The distance of neighbours along depth, height and width, from the affine map.
  public var spacing: [Double] {
    let map = affine
    return [2, 1, 0].map { axis in
      (0..<3).reduce(0) { $0 + map[$1 * 4 + axis] * map[$1 * 4 + axis] }.squareRoot()
    }
  }

  /// Where i, j and k lead, such as `RAS`: right, anterior (to the front), superior (up), or L, P, I.
  public var orientation: String {
    let map = affine
    return String(
      (0..<3).map { axis -> Character in
        let column = (0..<3).map { map[$0 * 4 + axis] }
        let row = (0..<3).max { abs(column[$0]) < abs(column[$1]) } ?? 0
        return Array(column[row] < 0 ? "LPI" : "RAS")[row]
      })
  }

  /// What keeps the numbers from placing voxels; nil for nothing.
  var problem: String? {
    let map = affine
    if !map.allSatisfy(\.isFinite) { return "expected an affine map of finite numbers, got \(map)" }
    if !spacing.allSatisfy({ (1e-9...1e9).contains($0) }) {
      return "expected voxels of a size above 0, got spacing \(spacing)"
    }
    return nil
  }

  /// What places voxels elsewhere than another geometry does, in words; `nil` where the first voxel and the steps to the
  /// next are the same up to a thousandth of a voxel.
  func difference(from other: VolumeGeometry) -> String? {
    let tolerance = 1e-3 * (spacing.min() ?? 1)
    if zip(affine, other.affine).allSatisfy({ abs($0 - $1) <= tolerance }) { return nil }
    func list(_ numbers: [Double]) -> String { numbers.map(spacingText).joined(separator: "×") }
    if zip(spacing, other.spacing).contains(where: { abs($0 - $1) > tolerance }) {
      return "voxels of \(list(spacing)) and not \(list(other.spacing))"
    }
    if orientation != other.orientation { return "axes along \(orientation) and not \(other.orientation)" }
    func origin(_ geometry: VolumeGeometry) -> String {
      let map = geometry.affine
      return [3, 7, 11].map { spacingText(map[$0]) }.joined(separator: ", ")
    }
    if origin(self) != origin(other) { return "its first voxel at \(origin(self)) and not \(origin(other))" }
    return "axes that are turned against the volume's"
  }
}
