import Testing

@testable import MartletData

@Suite struct ObjectCleaningTests {
  @Test(arguments: ObjectFixture.names)
  func agreesWithScikitImage(name: String) throws {
    let example = try ObjectFixture(name)
    let removed = example.mask.removingObjects(smallerThan: try example.number("minimum"))
    #expect(removed.values == (try example.bytes("removed")))
    #expect(removed != example.mask)
    guard let filled = try example.bytes("filled") else { return }
    #expect(example.mask.fillingHoles(upTo: try example.number("hole")).values == filled)
  }

  @Test func holes() {
    let map = labelMap(
      "1111.....",
      "1..1.222.",
      "1.11.2.2.",
      "1111.222.",
      "....13333",
      "1111.3..2",
      "1.1..3332",
      ".11......")
    // The hole at the left edge's corner is open only across a corner, which is closed.
    let expected = labelMap(
      "1111.....",
      "1111.222.",
      "1111.222.",
      "1111.222.",
      "....13333",
      "1111.3332",
      "111..3332",
      ".11......")
    #expect(map.fillingHoles(upTo: 3) == expected)
    let small = map.fillingHoles(upTo: 2)
    #expect(small.values[1 * 9 + 1] == 0 && small.values[5 * 9 + 6] == 3)
    #expect(map.fillingHoles(upTo: 0) == map)
    #expect(map.fillingHoles(upTo: .max) == expected)
  }

  @Test func smallObjects() {
    let map = labelMap(
      "1.22.",
      ".1.2.",
      "..333",
      "11..1")
    let expected = labelMap(
      "..22.",
      "...2.",
      "..333",
      ".....")
    #expect(map.removingObjects(smallerThan: 3) == expected)
    #expect(map.removingObjects(smallerThan: 1) == map)
    #expect(map.removingObjects(smallerThan: .max).values.allSatisfy { $0 == 0 })
  }

  @Test func whatTakesNoPartIsNoObject() throws {
    let map = LabelMap(width: 4, height: 1, values: [LabelMap.ignored, 1, 1, 0])
    #expect(map.removingObjects(smallerThan: 2) == map)
    #expect(map.removingObjects(smallerThan: 3).values == [LabelMap.ignored, 0, 0, 0])
    #expect(try InstanceMap(map).objects.map(\.classIndex) == [1])
  }

  @Test func order() throws {
    // A ring of 8 pixels with its hole filled is one of 9.
    let map = labelMap("11111", "1...1", "1.2.1", "1...1", "11111")
    var processing = PostProcessing()
    processing.minimumSize = 20
    processing.largestHole = 8
    #expect(try processing.cleaned(map) == labelMap("11111", "11111", "11.11", "11111", "11111"))
  }
}
