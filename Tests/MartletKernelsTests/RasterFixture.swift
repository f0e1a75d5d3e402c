import Foundation

/// What SciPy and scikit-image make of small masks: `Tests/Fixtures/make_raster.py`.
struct RasterFixture: Decodable {
  struct Components: Decodable {
    var height: Int
    var width: Int
    var connectivity: Int
    var pixels: String
    var labels: [Int32]
    var classLabels: [Int32]
  }

  struct Distances: Decodable {
    var shape: [Int]
    var spacing: [Double]
    var mask: String
    /// `nil` where the mask has no zero.
    var squared: [Double]?
  }

  var components: [Components]
  var distances: [Distances]

  static func load() throws -> RasterFixture {
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/raster.json")
    return try JSONDecoder().decode(Self.self, from: Data(contentsOf: file))
  }

  static func digits(_ text: String) -> [UInt8] { text.utf8.map { $0 - UInt8(ascii: "0") } }
}
