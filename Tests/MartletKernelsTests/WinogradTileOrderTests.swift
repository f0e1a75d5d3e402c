import CMartletKernels
import Testing

@testable import MartletKernels

struct WinogradTileOrderTests {
  /// Sizes, dilations and tiles: those that tiles divide and those that they do not, one phase and many.
  static let cases: [(height: Int, width: Int, dilation: Int, tile: WinogradTile)] =
    WinogradTile.allCases.flatMap { tile in
      [
        (1, 1, 1, tile), (4, 4, 1, tile), (12, 12, 1, tile), (13, 15, 1, tile), (7, 1, 3, tile),
        (32, 32, 12, tile), (11, 40, 5, tile), (36, 35, 12, tile), (5, 3, 9, tile), (0, 3, 1, tile),
      ].filter { $0.2 == 1 || tile.stride == 1 }
    }

  private static let batch = 2

  private static func order(
    _ height: Int, _ width: Int, _ dilation: Int, _ tile: WinogradTile
  ) -> WinogradTileOrder {
    WinogradTileOrder(
      batch: batch, output: SpatialExtent(1, height, width),
      phases: SpatialExtent(1, max(1, min(dilation, height)), max(1, min(dilation, width))), tile: tile)
  }

  /// The first row of each row of tiles of a grid, and the first column of each column.
  private static func starts(
    _ grid: WinogradTileOrder.Grid, _ dilation: Int, _ tile: WinogradTile
  ) -> (rows: [Int], columns: [Int]) {
    var image = martlet_winograd_image()
    (image.row_step, image.column_step) = (dilation, dilation)
    let part = grid.part(of: image, tile: tile)
    func starts(_ first: Int, _ phases: Int, _ tiles: Int) -> [Int] {
      (0..<phases).flatMap { phase in (0..<tiles).map { first + phase + $0 * tile.outputs * dilation } }
    }
    return (
      starts(part.top, part.row_phases, part.tiles_high),
      starts(part.left, part.column_phases, part.tiles_wide)
    )
  }

  @Test(arguments: cases)
  func `tiles hold each pixel once, and none is empty`(
    height: Int, width: Int, dilation: Int, tile: WinogradTile
  ) {
    let order = Self.order(height, width, dilation, tile)
    var held = [Int](repeating: 0, count: height * width)
    var next = 0
    for grid in order.grids {
      #expect(grid.first == next && grid.count > 0)
      let (rows, columns) = Self.starts(grid, dilation, tile)
      #expect(grid.count == Self.batch * rows.count * columns.count)
      next = grid.places.upperBound
      for (row, column) in rows.flatMap({ row in columns.map { (row, $0) } }) {
        #expect(row < height && column < width)
        for y in stride(from: row, to: min(height, row + tile.outputs * dilation), by: dilation) {
          for x in stride(from: column, to: min(width, column + tile.outputs * dilation), by: dilation) {
            held[y * width + x] += 1
          }
        }
      }
    }
    #expect(order.count == next)
    #expect(held.allSatisfy { $0 == 1 })
  }

  @Test(arguments: cases)
  func `those that lack their last row or column are left out where it alone has a part`(
    height: Int, width: Int, dilation: Int, tile: WinogradTile
  ) {
    let order = Self.order(height, width, dilation, tile)
    let last = (tile.outputs - 1) * dilation
    for grid in order.grids {
      let (rows, columns) = Self.starts(grid, dilation, tile)
      let hasLastRow = rows.map { $0 + last < height }
      let hasLastColumn = columns.map { $0 + last < width }
      #expect(Set(hasLastRow).count == 1 && Set(hasLastColumn).count == 1)
      for frequency in 0..<tile.frequencyCount {
        let isMultiplied =
          (frequency / tile.edge < tile.edge - 1 || hasLastRow[0])
          && (frequency % tile.edge < tile.edge - 1 || hasLastColumn[0])
        let multiplied = order.multiplied(atFrequency: frequency)
        #expect(multiplied.clamped(to: grid.places).count == (isMultiplied ? grid.count : 0))
      }
    }
  }

  @Test
  func `an eighth of a rate of 12 on 32 pixels is left out`() {
    let order = Self.order(32, 32, 12, .three)
    #expect(order.count == Self.batch * 144)
    // Of the phases two thirds have 3 pixels along an axis: (4 + 2/3)² of 25 frequencies.
    #expect(order.multipliedCount == Self.batch * 144 * 196 / 9)
  }

  @Test
  func `a range of tiles is taken apart by grids`() {
    let order = Self.order(13, 15, 1, .four)
    var taken: [Int] = []
    order.forEachGrid(of: 5..<(order.count - 3)) { grid, numbers in
      #expect(!numbers.isEmpty)
      taken += numbers.map { grid.first + $0 }
    }
    #expect(taken == Array(5..<(order.count - 3)))
  }
}
