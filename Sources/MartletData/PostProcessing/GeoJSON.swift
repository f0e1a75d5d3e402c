import Martlet
import MartletFiles
import MartletInterchange
import MartletKernels

extension InstanceMap {
  /// Writes each object's outline as a polygon of a GeoJSON feature collection (RFC 7946), in pixels from the image's
  /// upper left corner: x to the right, y down. The file appears by committing what is returned.
  ///
  /// Outlines follow the edges of pixels, so that an area, less its holes, is the object's number of pixels. Outer rings
  /// are counter-clockwise by their coordinates and holes clockwise, as the standard wants. A feature's properties are
  /// the class's name, the number of pixels and the number that the object has in the map.
  ///
  /// - Parameters:
  ///   - classNames: A name for each class, background first.
  ///   - tolerance: How far, in pixels, a corner may lie from a line that leaves it out; 0 keeps all.
  /// - Throws: ``MartletError`` naming the file that cannot be written, or when there is no name for a class.
  package func writtenAsGeoJSON(
    to path: String, classNames: [String], tolerance: Double = 0
  ) throws -> AtomicFile.Draft {
    try require(
      tolerance >= 0 && tolerance.isFinite, "simplify", "expected a distance of 0 or more, got \(tolerance)")
    let highest = objects.map { Int($0.classIndex) }.max() ?? 0
    try require(
      highest < classNames.count, "geojson",
      "expected a name for class \(highest), got \(classNames.count) names"
    )
    let draft = try AtomicFile.Draft(path, operation: "geojson")
    func append(_ text: String) throws {
      try Array(text.utf8).withUnsafeBytes { try draft.contents.append($0) }
    }
    let names = classNames.map { JSONText.literal($0) }
    try append("{\"type\":\"FeatureCollection\",\"features\":[")
    for start in stride(from: 0, to: objects.count, by: 512) {
      var features = [String](repeating: "", count: min(512, objects.count - start))
      features.withUnsafeMutableBufferPointer { features in
        ThreadPool.parallelFor(features.count) { index in
          features[index] = feature(start + index, names, tolerance)
        }
      }
      try append((start == 0 ? "\n" : ",\n") + features.joined(separator: ",\n"))
    }
    try append("\n]}\n")
    return draft
  }

  private func feature(_ index: Int, _ names: [String], _ tolerance: Double) -> String {
    let object = objects[index]
    let outline = ObjectOutline(
      of: mask(of: Int32(index + 1), in: object.box), width: object.box.width, height: object.box.height,
      x: object.box.x, y: object.box.y
    ).simplified(tolerance: tolerance)
    let rings = ([outline.outer] + outline.holes).map { ring in
      "[" + (ring + ring.prefix(1)).map { "[\($0.x),\($0.y)]" }.joined(separator: ",") + "]"
    }
    return """
      {"type":"Feature","id":\(index + 1),"geometry":{"type":"Polygon","coordinates":[\(rings.joined(separator: ","))]},\
      "properties":{"class":\(names[Int(object.classIndex)]),"area":\(object.area),"id":\(index + 1)}}
      """
  }
}
