import CMartletKernels

/// The tiles of a slice that a gradient with respect to weights is summed over, and their order.
///
/// Where a phase's output is no whole number of tiles along an axis, its last ones lack their last row or column. The last
/// frequency along the axis is that of the point at infinity, which of an output's gradient the tile's last row or column
/// alone has a part in. There is nothing to multiply there for tiles that lack it: of the products of a rate of 12 on 32
/// pixels, whose 144 phases have 2 or 3 along an axis, an eighth. Tiles that have it follow each other, for either axis.
struct WinogradTileOrder {
  /// Tiles that lie in rows and columns, in each of some phases, of all images: numbered in the order of
  /// `martlet_winograd_image`.
  struct Grid {
    let rows: Strip
    let columns: Strip
    /// The place of the first one among all tiles.
    let first: Int
    let count: Int

    var places: Range<Int> { first..<(first + count) }

    /// The grid's part of an image of all tiles.
    func part(of image: martlet_winograd_image, tile: WinogradTile) -> martlet_winograd_image {
      var part = image
      part.top += rows.phases.lowerBound + rows.tiles.lowerBound * tile.outputs * image.row_step
      part.left += columns.phases.lowerBound + columns.tiles.lowerBound * tile.outputs * image.column_step
      part.row_phases = rows.phases.count
      part.column_phases = columns.phases.count
      part.tiles_high = rows.tiles.count
      part.tiles_wide = columns.tiles.count
      return part
    }
  }

  /// Along an axis, some tiles of some phases.
  struct Strip {
    let phases: Range<Int>
    let tiles: Range<Int>
    var count: Int { phases.count * tiles.count }
  }

  let grids: [Grid]
  let count: Int
  private let tile: WinogradTile
  private let withLastRow: Range<Int>
  private let withLastColumn: Range<Int>

  /// - Parameter phases: Phases that the output has along the rows and columns.
  init(batch: Int, output: SpatialExtent, phases: SpatialExtent, tile: WinogradTile) {
    self.tile = tile
    let rows = Self.strips(output.height, phases.height, tile.outputs)
    let columns = Self.strips(output.width, phases.width, tile.outputs)
    var grids: [Grid] = []
    /// Appends the grids of some rows and columns; returns where they end.
    func append(_ rows: [Strip], _ columns: [Strip]) -> Int {
      for row in rows {
        for column in columns {
          let first = grids.last?.places.upperBound ?? 0
          let count = batch * row.count * column.count
          grids.append(Grid(rows: row, columns: column, first: first, count: count))
        }
      }
      return grids.last?.places.upperBound ?? 0
    }
    let withoutLastColumn = append(rows.whole, columns.cut)
    let withBoth = append(rows.whole, columns.whole)
    let withoutLastRow = append(rows.cut, columns.whole)
    count = append(rows.cut, columns.cut)
    withLastRow = 0..<withBoth
    withLastColumn = withoutLastColumn..<withoutLastRow
    self.grids = grids
  }

  /// The tiles of an axis that have all their pixels, and those that have some.
  private static func strips(_ size: Int, _ phases: Int, _ tile: Int) -> (whole: [Strip], cut: [Strip]) {
    // Phases of one pixel more come first.
    let (pixels, longer) = size.quotientAndRemainder(dividingBy: phases)
    let (tiles, rest) = pixels.quotientAndRemainder(dividingBy: tile)
    let last = tiles..<(tiles + 1)
    let completed = rest + 1 == tile ? longer : 0
    let whole = [Strip(phases: 0..<phases, tiles: 0..<tiles), Strip(phases: 0..<completed, tiles: last)]
    let cut = Strip(phases: completed..<(rest > 0 ? phases : longer), tiles: last)
    return (whole.filter { $0.count > 0 }, [cut].filter { $0.count > 0 })
  }

  /// The tiles whose products at a frequency are not zero.
  func multiplied(atFrequency frequency: Int) -> Range<Int> {
    let edge = tile.edge
    var tiles = 0..<count
    if frequency / edge == edge - 1 { tiles = tiles.clamped(to: withLastRow) }
    if frequency % edge == edge - 1 { tiles = tiles.clamped(to: withLastColumn) }
    return tiles
  }

  /// All of these, added up over the frequencies.
  var multipliedCount: Int {
    (0..<tile.frequencyCount).reduce(0) { $0 + multiplied(atFrequency: $1).count }
  }

  /// Calls `body` with each grid that some of the tiles are of, and which of its tiles they are.
  func forEachGrid(of tiles: Range<Int>, _ body: (Grid, Range<Int>) -> Void) {
    for grid in grids where grid.places.overlaps(tiles) {
      let places = tiles.clamped(to: grid.places)
      body(grid, (places.lowerBound - grid.first)..<(places.upperBound - grid.first))
    }
  }
}
