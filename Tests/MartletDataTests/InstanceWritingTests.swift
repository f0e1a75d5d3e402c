import Foundation
import Martlet
import Testing

@testable import MartletData

/// Files of objects: numbers as pictures and outlines as GeoJSON.
@Suite struct InstanceWritingTests {
  private struct Collection: Decodable {
    struct Feature: Decodable {
      struct Geometry: Decodable {
        var type: String
        var coordinates: [[[Int]]]
      }
      struct Properties: Decodable {
        var `class`: String
        var area: Int
        var id: Int
      }
      var type: String
      var id: Int
      var geometry: Geometry
      var properties: Properties
    }
    var type: String
    var features: [Feature]
  }

  private func write(_ map: InstanceMap, names: [String]) throws -> Collection {
    let folder = try TemporaryFolder()
    let draft = try map.writtenAsGeoJSON(to: folder.file("a.geojson"), classNames: names)
    try draft.commit()
    let data = try Data(contentsOf: URL(filePath: folder.file("a.geojson")))
    return try JSONDecoder().decode(Collection.self, from: data)
  }

  /// Twice the area by the coordinates: positive when counter-clockwise, as RFC 7946 wants outer rings.
  private func doubledArea(_ ring: [[Int]]) -> Int {
    zip(ring, ring.dropFirst()).reduce(0) { $0 + $1.0[0] * $1.1[1] - $1.1[0] * $1.0[1] }
  }

  @Test func geoJSON() throws {
    // More objects than are written at a time.
    let map = try InstanceMap(randomMap(width: 90, height: 80, seed: 3, share: 45, classes: 2))
    #expect(map.objects.count > 1100)
    let collection = try write(map, names: ["background", "cell \"a\"\n", "größer"])
    #expect(collection.type == "FeatureCollection" && collection.features.count == map.objects.count)
    for (index, feature) in collection.features.enumerated() {
      #expect(feature.type == "Feature" && feature.geometry.type == "Polygon")
      #expect(feature.id == index + 1 && feature.properties.id == index + 1)
      #expect(feature.properties.class == (map.objects[index].classIndex == 1 ? "cell \"a\"\n" : "größer"))
      let rings = feature.geometry.coordinates
      #expect(rings.allSatisfy { $0.first == $0.last && $0.count >= 5 })
      #expect(doubledArea(rings[0]) > 0 && rings.dropFirst().allSatisfy { doubledArea($0) < 0 })
      #expect(rings.map(doubledArea).reduce(0, +) == 2 * map.objects[index].area)
      #expect(feature.properties.area == map.objects[index].area)
    }
  }

  @Test func nothing() throws {
    #expect(try write(InstanceMap(labelMap("..", "..")), names: ["background"]).features.isEmpty)
  }

  @Test func refusals() throws {
    let map = try InstanceMap(labelMap("2."))
    #expect(throws: MartletError.self) { try write(map, names: ["background", "cell"]) }
    for tolerance in [-1, .nan, .infinity] {
      #expect(throws: MartletError.self) {
        try map.writtenAsGeoJSON(to: "/dev/null", classNames: ["a", "b", "c"], tolerance: tolerance)
      }
    }
    guard FileManager.default.fileExists(atPath: "/dev/full") else { return }
    let error = #expect(throws: MartletError.self) {
      try map.writtenAsGeoJSON(to: "/dev/full", classNames: ["a", "b", "c"]).commit()
    }
    #expect(error?.message.contains("No space left on device") ?? false)
  }

  @Test func picture() throws {
    let folder = try TemporaryFolder()
    let map = try InstanceMap(randomMap(width: 70, height: 50, seed: 4, share: 40))
    #expect(!map.needs32Bits)
    try map.written(to: folder.file("a.png")).commit()
    let image = try Image(contentsOf: folder.file("a.png"))
    #expect(image.bitsPerSample == 16 && image.integers == map.values.map { Int($0) })
  }

  /// Every second pixel of 600×600 is an object: 90,000, more than 16 bits hold.
  @Test func manyObjects() throws {
    let folder = try TemporaryFolder()
    let values = (0..<600 * 600).map { UInt8($0 / 600 % 2 == 0 && $0 % 2 == 0 ? 1 : 0) }
    let map = try InstanceMap(LabelMap(width: 600, height: 600, values: values))
    #expect(map.objects.count == 90_000 && map.needs32Bits)
    let writer = try map.written(to: folder.file("a.tif"))
    #expect(writer is TIFFRegionWriter && writer.format.sample == .uint32)
    try writer.commit()
    let error = #expect(throws: MartletError.self) { try Image(contentsOf: folder.file("a.tif")) }
    #expect(error?.message.contains("32 bits") ?? false)
  }
}
