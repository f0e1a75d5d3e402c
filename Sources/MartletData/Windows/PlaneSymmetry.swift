/// One of the eight ways to lay a rectangle on itself or on its transpose: flips, then a swap of rows and columns.
struct PlaneSymmetry: Hashable, Sendable {
  var flipsVertically = false
  var flipsHorizontally = false
  var transposes = false

  /// The size of a window after the change.
  func size(of size: TileSize) -> TileSize { transposes ? size.transposed : size }

  /// Where the changed window's pixel (row, column) comes from in a window of a size.
  @inline(__always)
  func source(row: Int, column: Int, in size: TileSize) -> (row: Int, column: Int) {
    let (a, b) = transposes ? (column, row) : (row, column)
    return (flipsVertically ? size.height - 1 - a : a, flipsHorizontally ? size.width - 1 - b : b)
  }

  /// Where a window's pixel (row, column) is after the change.
  @inline(__always)
  func target(row: Int, column: Int, in size: TileSize) -> (row: Int, column: Int) {
    let a = flipsVertically ? size.height - 1 - row : row
    let b = flipsHorizontally ? size.width - 1 - column : column
    return transposes ? (b, a) : (a, b)
  }
}

/// Which changed copies of a window are predicted besides the window itself. The results are turned back and their mean
/// is taken.
public enum TestTimeAugmentation: String, Hashable, Sendable, CaseIterable {
  /// The window alone.
  case none
  /// Left and right, top and bottom, and both: 4 windows.
  case flips
  /// The quarter turns and their mirror images, the dihedral group of the square: 8 windows, half of them lying where
  /// others stand.
  case d4

  var symmetries: [PlaneSymmetry] {
    let flips = [(false, false), (false, true), (true, false), (true, true)]
    func all(transposed: Bool) -> [PlaneSymmetry] {
      flips.map { PlaneSymmetry(flipsVertically: $0, flipsHorizontally: $1, transposes: transposed) }
    }
    switch self {
    case .none: return [PlaneSymmetry()]
    case .flips: return all(transposed: false)
    case .d4: return all(transposed: false) + all(transposed: true)
    }
  }

  /// How many windows are predicted for one.
  public var count: Int { symmetries.count }
}
