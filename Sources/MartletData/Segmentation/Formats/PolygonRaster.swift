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
    // Column and row of each crossing in one number, so that they can be sorted together.
    var crossings: [Int] = []
    for (index, corner) in corners.enumerated() {
      let next = corners[(index + 1) % corners.count]
      forEachCrossing(corner, next, width: width) { column, row in
        // The first row whose centre lies below the crossing.
        let place = ((Double(row) + 0.5) / Double(scale) - 0.5).rounded(.up)
        crossings.append(column * (height + 1) + min(max(Int(place), 0), height))
      }
    }
    crossings.sort()
    // A closed line crosses each column an even number of times.
    for index in stride(from: 0, to: crossings.count - 1, by: 2) {
      let column = crossings[index] / (height + 1)
      let first = crossings[index] - column * (height + 1)
      let last = crossings[index + 1] - column * (height + 1)
      if first < last { body(column, first..<last) }
    }
  }

  private struct Corner {
    var x: Int
    var y: Int
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
