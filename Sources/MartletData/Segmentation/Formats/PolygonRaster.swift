/// Which pixels lie in a polygon, by the rule of COCO's own tools.
///
/// Corners are rounded to a grid five times as fine as the pixels. In each column of pixels, the edges that cross
/// between the two grid columns at its centre are taken; a pixel is inside where an odd number of them lies above its
/// centre (the even-odd rule: what a polygon encloses twice is outside). An edge's crossing is rounded to the fine grid
/// along the direction in which the edge is longer. Of masks that `pycocotools` makes of the same numbers none differs
/// in a pixel.
enum PolygonRaster {
  private static let scale = 5

  /// Calls `body` with runs of rows inside the polygon, column by column.
  ///
  /// - Precondition: coordinates are small enough for whole numbers; see ``AnnotatedShape/problem(imageWidth:imageHeight:)``.
  static func fill(
    _ points: [SIMD2<Double>], width: Int, height: Int, _ body: (_ column: Int, _ rows: Range<Int>) -> Void
  ) {
    if points.count < 3 || width == 0 || height == 0 { return }
    let corners = points.map { Corner(x: Int($0.x * 5 + 0.5), y: Int($0.y * 5 + 0.5)) }
    /// The first row whose centre lies below a row of the fine grid.
    func firstRow(below row: Int) -> Int {
      min(max(Int(((Double(row) + 0.5) / Double(scale) - 0.5).rounded(.up)), 0), height)
    }
    var box = CrossingParity.Box(columns: width, rows: height)
    for corner in corners { box.take(column: corner.x / scale, row: firstRow(below: corner.y)) }
    var crossings = CrossingParity(box)
    for (index, corner) in corners.enumerated() {
      let next = corners[(index + 1) % corners.count]
      forEachCrossing(corner, next, width: width) { column, row in
        crossings.flip(column, firstRow(below: row))
      }
    }
    crossings.forEachRun(body)
  }

  private struct Corner {
    var x: Int
    var y: Int
  }

  /// At which rows of each column an odd number of edges crosses: a bit a pixel of the polygon's box, however many edges
  /// there are.
  private struct CrossingParity {
    /// What of an image a polygon can reach.
    struct Box {
      /// One more row than the image has, for crossings below it.
      let columns: Int
      let rows: Int
      var left: Int
      var right = -1
      var top: Int
      var bottom = -1

      init(columns: Int, rows: Int) {
        (self.columns, self.rows) = (columns, rows)
        (left, top) = (columns, rows)
      }

      mutating func take(column: Int, row: Int) {
        // Crossings are rounded, by less than a column and a row.
        left = min(left, max(column - 1, 0))
        right = max(right, min(column + 1, columns - 1))
        top = min(top, max(row - 1, 0))
        bottom = max(bottom, min(row + 1, rows))
      }
    }

    private let box: Box
    private let height: Int
    private var words: [UInt64]

    init(_ box: Box) {
      self.box = box
      height = max(box.bottom - box.top + 1, 0)
      words = [UInt64](repeating: 0, count: (max(box.right - box.left + 1, 0) * height + 63) / 64)
    }

    mutating func flip(_ column: Int, _ row: Int) {
      let bit = (column - box.left) * height + row - box.top
      words[bit >> 6] ^= 1 << UInt64(bit & 63)
    }

    /// Calls `body` with the rows from an odd crossing of a column to the next. A closed line crosses each column an even
    /// number of times, so that they come in pairs.
    func forEachRun(_ body: (_ column: Int, _ rows: Range<Int>) -> Void) {
      var first: Int?
      for (index, word) in words.enumerated() {
        var rest = word
        while rest != 0 {
          let bit = index << 6 + rest.trailingZeroBitCount
          rest &= rest - 1
          if let start = first {
            let (column, row) = start.quotientAndRemainder(dividingBy: height)
            body(box.left + column, box.top + row..<box.top + bit - column * height)
            first = nil
          } else {
            first = bit
          }
        }
      }
    }
  }

  /// The columns whose centres an edge passes, and the row of the fine grid in which it does.
  private static func forEachCrossing(_ a: Corner, _ b: Corner, width: Int, _ body: (Int, Int) -> Void) {
    let (left, right) = (min(a.x, b.x), max(a.x, b.x))
    // A column's centre lies between the grid columns 5 x + 2 and 5 x + 3.
    let first = max((left + 2) / scale, 0)
    let last = min(right < 3 ? -1 : (right - 3) / scale, width - 1)
    if left == right || first > last { return }
    let isShallow = right - left >= abs(a.y - b.y)
    // From left to right, or from the top down.
    let isForward = isShallow ? a.x <= b.x : a.y <= b.y
    let (start, end) = isForward ? (a, b) : (b, a)
    let slope =
      isShallow
      ? Double(end.y - start.y) / Double(end.x - start.x) : Double(end.x - start.x) / Double(end.y - start.y)
    func rounded(_ value: Double) -> Int { Int(value + 0.5) }

    for column in first...last where left <= column * scale + 2 {
      let grid = column * scale + 2
      if isShallow {
        func row(_ x: Int) -> Int { rounded(Double(start.y) + slope * Double(x - start.x)) }
        body(column, min(row(grid), row(grid + 1)))
      } else {
        // The last step down before the line comes from one side of the centre to the other.
        func isBefore(_ step: Int) -> Bool {
          let x = rounded(Double(start.x) + slope * Double(step))
          return slope > 0 ? x <= grid : x > grid
        }
        var step = Int((Double(grid) + 0.5 - Double(start.x)) / slope)
        step = min(max(step, 0), end.y - start.y)
        while step > 0, !isBefore(step) { step -= 1 }
        while step < end.y - start.y, isBefore(step + 1) { step += 1 }
        body(column, start.y + step)
      }
    }
  }
}
