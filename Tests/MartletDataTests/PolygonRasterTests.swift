import Foundation
import MartletKernels
import Testing

@testable import MartletData

/// Polygons and run lengths against what COCO's own tools make of them; see `Tests/Fixtures/make_annotations.py`.
struct PolygonRasterTests {
  private struct Case: Decodable {
    var width: Int
    var height: Int
    var polygons: [[Double]]
    var text: String
    var counts: [Int]
  }

  private let cases: [Case]

  init() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let data = try Data(contentsOf: folder.appending(path: "Fixtures/annotations.json"))
    cases = try JSONDecoder().decode([Case].self, from: data)
  }

  private func painted(_ shape: AnnotatedShape, _ width: Int, _ height: Int) -> [UInt8] {
    var values = [UInt8](repeating: 0, count: width * height)
    #expect(shape.problem(imageWidth: width, imageHeight: height) == nil)
    shape.paint(1, on: &values, width: width, height: height)
    return values
  }

  @Test func polygonsAreTheSameToThePixel() {
    #expect(cases.count > 60)
    for (index, item) in cases.enumerated() {
      var values = [UInt8](repeating: 0, count: item.width * item.height)
      for polygon in item.polygons {
        let points = stride(from: 0, to: polygon.count, by: 2).map { SIMD2(polygon[$0], polygon[$0 + 1]) }
        AnnotatedShape.polygon(points).paint(1, on: &values, width: item.width, height: item.height)
      }
      let runs = RunLengths(
        width: item.width, height: item.height, isColumnMajor: true, counts: item.counts)
      #expect(values == painted(.runs(runs), item.width, item.height), "case \(index)")
    }
  }

  @Test func runLengthsAsTextAreTheNumbers() {
    for item in cases { #expect(RunLengths.counts(compressed: item.text) == item.counts) }
  }

  @Test func otherTextIsNoRunLengths() {
    for text in [
      "Q", "\u{1}", "oooooooooooooooooooo", "é", String(repeating: "o", count: 11) + "0", "N", "xyz",
    ] {
      #expect(RunLengths.counts(compressed: text) == nil, "\(text)")
    }
    #expect(RunLengths.counts(compressed: "") == [])
  }

  @Test func ellipsesHoldThePixelsWhoseCentresLieInThem() {
    for (center, radii) in [
      (SIMD2(6.0, 5.0), SIMD2(3.0, 3.0)), (SIMD2(0.5, 9.7), SIMD2(4.3, 2.2)), (SIMD2(-3, 4), SIMD2(6, 20)),
      (SIMD2(5, 5), SIMD2(0, 0)),
    ] {
      let values = painted(.ellipse(center: center, radii: radii), 13, 11)
      for y in 0..<11 {
        for x in 0..<13 {
          let way = (SIMD2(Double(x) + 0.5, Double(y) + 0.5) - center) / radii
          #expect((values[13 * y + x] == 1) == ((way * way).sum() <= 1))
        }
      }
    }
  }

  @Test func ellipsesCanBeTurned() {
    for (center, radii, angle) in [
      (SIMD2(9.0, 8.0), SIMD2(7.0, 3.0), 0.4), (SIMD2(9.5, 8.2), SIMD2(2.0, 6.5), -1.1),
      (SIMD2(1.0, 2.0), SIMD2(9.0, 4.0), 2.9),
    ] {
      let values = painted(.ellipse(center: center, radii: radii, angle: angle), 19, 17)
      #expect(values.contains(1))
      for y in 0..<17 {
        for x in 0..<19 {
          let way = SIMD2(Double(x) + 0.5, Double(y) + 0.5) - center
          let along = SIMD2(
            cos(angle) * way.x + sin(angle) * way.y, -sin(angle) * way.x + cos(angle) * way.y)
          let share = along / radii
          #expect((values[19 * y + x] == 1) == ((share * share).sum() <= 1), "\(x), \(y)")
        }
      }
    }
  }

  /// A line that goes over the image again and again: what is inside is a matter of odd and even alone, and what is kept
  /// for it of the image's size.
  @Test func linesMayCrossAnyNumberOfTimes() {
    let (width, height) = (90, 40)
    var random = PhiloxGenerator(seed: 5, stream: 1)
    let points = (0..<3000).map { _ in
      SIMD2(random.uniform(in: -5...95), random.uniform(in: -5...45))
    }
    let once = painted(.polygon(points), width, height)
    #expect(once.contains(1) && once.contains(0))
    // Twice around is nowhere inside.
    let first = points[0]
    #expect(!painted(.polygon(points + [first] + points), width, height).contains(1))
    // Three times around is once.
    #expect(painted(.polygon(points + [first] + points + [first] + points), width, height) == once)
  }

  @Test func runsAlongRowsLieInTheirBox() {
    let runs = RunLengths(left: 1, top: 1, width: 3, height: 2, isColumnMajor: false, counts: [1, 2, 2, 1])
    #expect(
      painted(.runs(runs), 5, 4) == [0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0])
  }

  @Test func whatCannotBeDrawnIsAProblem() {
    func problem(_ shape: AnnotatedShape) -> String {
      shape.problem(imageWidth: 10, imageHeight: 8) ?? "none"
    }
    func runs(_ width: Int, _ height: Int, _ counts: [Int], left: Int = 0) -> AnnotatedShape {
      .runs(RunLengths(left: left, width: width, height: height, isColumnMajor: true, counts: counts))
    }
    #expect(problem(runs(10, 8, [80])) == "none")
    #expect(problem(runs(10, 8, [79])).contains("add up to 10×8 pixels, got 79"))
    #expect(problem(runs(10, 8, [90, -10])).contains("0 or more, got -10"))
    #expect(problem(runs(10, 8, [.max, .max])).contains("0 or more"))
    #expect(problem(runs(11, 8, [88])).contains("within the image"))
    #expect(problem(runs(.max, .max, [1])).contains("possible size"))
    #expect(problem(runs(4, 4, [16], left: .max)).contains("within the image"))
    #expect(problem(runs(4, 4, [16], left: 7)).contains("within the image"))
    #expect(problem(.polygon([SIMD2(0, 0), SIMD2(1e300, 0), SIMD2(1, 1)])).contains("coordinates up to"))
    #expect(problem(.polygon([SIMD2(0, 0), SIMD2(.nan, 0), SIMD2(1, 1)])).contains("coordinates up to"))
    #expect(problem(.ellipse(center: SIMD2(0, 0), radii: SIMD2(.infinity, 1))).contains("radii up to"))
    #expect(
      problem(.ellipse(center: SIMD2(1e300, 10), radii: SIMD2(2, 1)))
        .hasSuffix("up to 1000000, got 1e+300, 10.0 and 2.0, 1.0"))
  }

  @Test func farCornersTakeNoTime() {
    // The walk is over the image's columns, not over the polygon's.
    let values = painted(
      .polygon([SIMD2(-1e6, -1e6), SIMD2(1e6, -1e6), SIMD2(1e6, 1e6), SIMD2(-1e6, 1e6)]), 7, 5)
    #expect(values.allSatisfy { $0 == 1 })
  }
}
