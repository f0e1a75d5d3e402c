/// For each pixel of a label map the squared distances to the nearest and to the second nearest object, 0 inside of one.
///
/// Objects are the connected components of equal labels but 0, by sides. An object is measured in its own neighbourhood
/// only, so that many small objects cost little more than the image.
public struct ObjectDistances {
  /// Row by row; infinite where no object is near enough to be measured.
  public private(set) var nearest: [Double]
  /// Row by row; infinite where no second object is near enough to be measured.
  public private(set) var second: [Double]

  /// - Parameters:
  ///   - labels: Row by row.
  ///   - reach: In pixels: objects farther than that may be left out.
  /// - Precondition: There are `width` · `height` labels, not more than an `Int32` counts.
  public init(_ labels: UnsafeBufferPointer<UInt8>, width: Int, height: Int, reach: Double) {
    let objects = connectedComponents(
      of: labels, width: width, height: height, connectivity: .four, separatingClasses: true)
    nearest = [Double](repeating: .infinity, count: labels.count)
    second = nearest
    let margin = Int(min(reach.rounded(.up), Double(max(width, height))))
    for (index, box) in Self.boxes(objects, width: width).enumerated() {
      let rows = max(0, box.top - margin)..<min(height, box.bottom + 1 + margin)
      let columns = max(0, box.left - margin)..<min(width, box.right + 1 + margin)
      let label = Int32(index + 1)
      let outside = rows.flatMap { row in
        columns.map { UInt8(objects.labels[row * width + $0] == label ? 0 : 1) }
      }
      let distances = outside.withUnsafeBufferPointer {
        squaredDistances(toZerosOf: $0, shape: [rows.count, columns.count], spacing: [1, 1])
      }
      for (y, row) in rows.enumerated() {
        for (x, column) in columns.enumerated() {
          add(distances[y * columns.count + x], at: row * width + column)
        }
      }
    }
  }

  private mutating func add(_ distance: Double, at pixel: Int) {
    if distance < nearest[pixel] {
      second[pixel] = nearest[pixel]
      nearest[pixel] = distance
    } else if distance < second[pixel] {
      second[pixel] = distance
    }
  }

  /// The rows and columns that each object spans.
  private static func boxes(
    _ objects: (labels: [Int32], count: Int), width: Int
  ) -> [(top: Int, bottom: Int, left: Int, right: Int)] {
    var boxes = [(top: Int, bottom: Int, left: Int, right: Int)](
      repeating: (.max, 0, .max, 0), count: objects.count)
    for (pixel, label) in objects.labels.enumerated() where label > 0 {
      let (row, column, index) = (pixel / width, pixel % width, Int(label) - 1)
      boxes[index].top = min(boxes[index].top, row)
      boxes[index].bottom = max(boxes[index].bottom, row)
      boxes[index].left = min(boxes[index].left, column)
      boxes[index].right = max(boxes[index].right, column)
    }
    return boxes
  }
}
