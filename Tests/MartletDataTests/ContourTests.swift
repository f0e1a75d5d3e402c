import Testing

@testable import MartletData

/// Outlines follow the edges of pixels and enclose as many as an object has.
@Suite struct ContourTests {
  private func outlines(_ map: LabelMap) throws -> [(outline: ObjectOutline, area: Int)] {
    let instances = try InstanceMap(map)
    return instances.objects.enumerated().map { index, object in
      let outline = ObjectOutline(
        of: instances.mask(of: Int32(index + 1), in: object.box), width: object.box.width,
        height: object.box.height, x: object.box.x, y: object.box.y)
      return (outline, object.area)
    }
  }

  @Test func onePixel() throws {
    let outline = try outlines(labelMap("...", "..1"))[0].outline
    #expect(outline.outer == [(2, 1), (3, 1), (3, 2), (2, 2)].map { PixelCorner(x: $0.0, y: $0.1) })
    #expect(outline.holes.isEmpty)
  }

  @Test func holesThatTouch() throws {
    // Two holes that meet at a corner, and one that meets the outside at one.
    let outline = try outlines(labelMap("11111", "1.111", "11.11", "1111.", "111.1", "11111"))[0].outline
    #expect(outline.holes.map(\.doubledArea) == [-2, -2, -2])
    #expect(outline.outer.doubledArea == 2 * 29)
  }

  @Test(arguments: [15, 40, 55, 70, 92], [1, 3])
  func areasAreExact(share: Int, classes: Int) throws {
    var holes = 0
    for seed in 0..<6 {
      let map = randomMap(width: 41, height: 33, seed: UInt64(seed), share: share, classes: classes)
      for (outline, area) in try outlines(map) {
        #expect(outline.outer.doubledArea > 0)
        #expect(outline.holes.allSatisfy { $0.doubledArea < 0 })
        #expect(outline.outer.doubledArea + outline.holes.map(\.doubledArea).reduce(0, +) == 2 * area)
        for ring in [outline.outer] + outline.holes {
          // No ring meets itself, and every corner is one.
          #expect(Set(ring).count == ring.count && ring.count >= 4 && ring.count.isMultiple(of: 2))
          for index in ring.indices {
            let (a, b) = (ring[index], ring[(index + 1) % ring.count])
            let c = ring[(index + 2) % ring.count]
            #expect((a.x == b.x) != (a.y == b.y))
            #expect((a.x == b.x) == (b.y == c.y))
          }
        }
        holes += outline.holes.count
      }
    }
    if share >= 55 { #expect(holes > 0) }
  }

  /// The pixels inside of the rings are those of the object.
  @Test func ringsHoldTheirPixels() throws {
    let map = randomMap(width: 30, height: 30, seed: 9, share: 65)
    let instances = try InstanceMap(map)
    for (index, found) in try outlines(map).enumerated() {
      for place in map.values.indices {
        let (x, y) = (place % 30, place / 30)
        // Edges to the right of the pixel's middle, counted with their direction.
        var winding = 0
        for ring in [found.outline.outer] + found.outline.holes {
          for (a, b) in zip(ring, ring.dropFirst() + ring.prefix(1)) where a.x == b.x && a.x > x {
            if a.y <= y && b.y > y { winding += 1 }
            if b.y <= y && a.y > y { winding -= 1 }
          }
        }
        #expect(winding == (instances.values[place] == Int32(index + 1) ? 1 : 0))
      }
    }
  }

  @Test func simplification() throws {
    // A staircase becomes a line.
    let stairs = labelMap("1......", "11.....", "111....", "1111...", "11111..", "111111.", "1111111")
    let outline = try outlines(stairs)[0].outline
    #expect(outline.outer.count == 16)
    let simple = outline.simplified(tolerance: 1)
    #expect(simple.outer.count <= 5 && simple.outer.doubledArea > 0)
    #expect(outline.simplified(tolerance: 0) == outline)
    // What would lose its area keeps its shape.
    #expect(outline.simplified(tolerance: 1000) == outline)
    for seed in 0..<4 {
      let map = randomMap(width: 60, height: 60, seed: UInt64(seed), share: 70)
      for (outline, _) in try outlines(map) {
        let simple = outline.simplified(tolerance: 1.5)
        #expect(simple.holes.count == outline.holes.count)
        #expect(simple.outer.doubledArea > 0 && simple.holes.allSatisfy { $0.doubledArea < 0 })
        #expect(simple.outer.allSatisfy { outline.outer.contains($0) })
        // No corner lies further than asked from the ring that is left.
        guard simple.outer != outline.outer else { continue }
        for corner in outline.outer {
          let distance =
            zip(simple.outer, simple.outer.dropFirst() + simple.outer.prefix(1))
            .map { corner.distance(toSegmentFrom: $0, to: $1) }.min() ?? 0
          #expect(distance <= 1.5)
        }
      }
    }
  }
}
