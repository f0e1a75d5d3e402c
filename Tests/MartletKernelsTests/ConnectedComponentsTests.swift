import Testing

@testable import MartletKernels

struct ConnectedComponentsTests {
  private static func label(
    _ pixels: [UInt8], width: Int, height: Int, _ connectivity: PixelConnectivity, classes: Bool = false
  ) -> (labels: [Int32], count: Int) {
    pixels.withUnsafeBufferPointer {
      connectedComponents(
        of: $0, width: width, height: height, connectivity: connectivity, separatingClasses: classes)
    }
  }

  @Test func agreesWithSciPyAndScikitImage() throws {
    for example in try RasterFixture.load().components {
      let connectivity: PixelConnectivity = example.connectivity == 4 ? .four : .eight
      for (classes, expected) in [(false, example.labels), (true, example.classLabels)] {
        let (labels, count) = Self.label(
          RasterFixture.digits(example.pixels), width: example.width, height: example.height, connectivity,
          classes: classes)
        let title: Comment =
          "\(example.height)×\(example.width), \(example.connectivity) neighbours, classes \(classes)"
        #expect(labels == expected, title)
        #expect(count == Int(expected.max() ?? 0), title)
      }
    }
  }

  /// By a flood fill, on images with more components and longer chains of joins than the fixture's.
  @Test func agreesWithAFloodFill() {
    for (seed, (width, height)) in [(64, 61), (97, 5), (5, 97), (130, 40)].enumerated() {
      for density in [1, 2, 5, 8] {
        let random = Philox(key: UInt64(seed * 10 + density))
        let pixels = (0..<width * height).map { index -> UInt8 in
          let word = random.block(UInt64(index), 0)[0]
          return Int(word % 9) < density ? UInt8(1 + (word >> 16) % 3) : 0
        }
        for connectivity in [PixelConnectivity.four, .eight] {
          for classes in [false, true] {
            let expected = Self.flood(pixels, width, height, connectivity, classes)
            let (labels, count) = Self.label(
              pixels, width: width, height: height, connectivity, classes: classes)
            let title: Comment = "\(height)×\(width), \(density), \(connectivity), classes \(classes)"
            #expect(labels == expected, title)
            #expect(count == Int(expected.max() ?? 0), title)
          }
        }
      }
    }
  }

  @Test func anImageWithoutPixelsHasNoComponents() {
    for (width, height) in [(0, 0), (0, 7), (7, 0)] {
      let (labels, count) = Self.label([], width: width, height: height, .eight)
      #expect(labels.isEmpty && count == 0)
    }
  }

  @Test func readsNothingBesideTheImage() {
    let pixels = RasterFixture.digits("110010111010011")
    for placement in TestMemory.Placement.allCases {
      let memory = TestMemory(placement)
      let buffer = UnsafeBufferPointer(start: UnsafePointer(memory.copy(pixels)), count: 15)
      #expect(
        connectedComponents(of: buffer, width: 5, height: 3, connectivity: .eight).labels == [
          1, 1, 0, 0, 1, 0, 1, 1, 1, 0, 1, 0, 0, 1, 1,
        ])
    }
  }

  private static func flood(
    _ pixels: [UInt8], _ width: Int, _ height: Int, _ connectivity: PixelConnectivity, _ classes: Bool
  ) -> [Int32] {
    var labels = [Int32](repeating: 0, count: pixels.count)
    var count: Int32 = 0
    for start in pixels.indices where pixels[start] != 0 && labels[start] == 0 {
      count += 1
      labels[start] = count
      var open = [start]
      while let pixel = open.popLast() {
        for dy in -1...1 {
          for dx in -1...1 where connectivity == .eight || dy == 0 || dx == 0 {
            let (y, x) = (pixel / width + dy, pixel % width + dx)
            guard y >= 0, y < height, x >= 0, x < width else { continue }
            let other = y * width + x
            guard pixels[other] != 0, labels[other] == 0, !classes || pixels[other] == pixels[pixel] else {
              continue
            }
            labels[other] = count
            open.append(other)
          }
        }
      }
    }
    return labels
  }
}
