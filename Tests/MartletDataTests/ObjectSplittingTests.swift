import Martlet
import MartletKernels
import Testing

@testable import MartletData

@Suite struct ObjectSplittingTests {
  private func split(_ example: ObjectFixture) throws -> InstanceMap {
    let splitting = ObjectSplitting(
      distance: try example.number("distance"), smoothing: try example.real("smoothing"))
    return try InstanceMap(example.mask).splitting(splitting)
  }

  /// The objects and pixels of scikit-image. Without smoothing several peaks of an object are equally high, and which of
  /// them scikit-image floods from first is its heap's secret; a few pixels between them may then differ.
  @Test(arguments: ObjectFixture.names)
  func agreesWithScikitImage(name: String) throws {
    let example = try ObjectFixture(name)
    let found = try split(example)
    let expected = try #require(try example.bytes("labels"))
    #expect(found.objects.count == Int(expected.max() ?? 0))
    // Each object beside the one that it shares most with.
    var shared: [SIMD2<Int32>: Int] = [:]
    for (a, b) in zip(found.values, expected) {
      #expect((a == 0) == (b == 0))
      if a > 0 { shared[SIMD2(a, Int32(b)), default: 0] += 1 }
    }
    let best = (1...Int32(found.objects.count)).reduce(0) { sum, number in
      sum + (shared.filter { $0.key.x == number }.map(\.value).max() ?? 0)
    }
    let area = expected.count { $0 > 0 }
    let allowed = try example.real("smoothing") > 0 ? 0 : area / 100
    #expect(area - best <= allowed, "\(area - best) of \(area) pixels differ")
    #expect(found.objects.count > (try InstanceMap(example.mask).objects.count))
  }

  @Test(arguments: ObjectFixture.names)
  func describesItsObjects(name: String) throws {
    let map = try split(try ObjectFixture(name))
    let mask = try ObjectFixture(name).mask
    var last: Int32 = 0
    for (index, value) in map.values.enumerated() where value > 0 {
      // Numbers come in the order of first pixels.
      #expect(value <= last + 1)
      last = max(last, value)
      #expect(map.objects[Int(value) - 1].classIndex == mask.values[index])
    }
    for (index, object) in map.objects.enumerated() {
      let places = map.values.indices.filter { map.values[$0] == Int32(index + 1) }
      #expect(places.count == object.area)
      let (columns, rows) = (places.map { $0 % map.width }, places.map { $0 / map.width })
      #expect(object.box.x == columns.min() && object.box.x + object.box.width - 1 == columns.max())
      #expect(object.box.y == rows.min() && object.box.y + object.box.height - 1 == rows.max())
      // Each is connected.
      let alone = LabelMap(
        width: map.width, height: map.height, values: map.values.map { $0 == Int32(index + 1) ? 1 : 0 })
      #expect(alone.components(separatingClasses: false).count == 1)
    }
  }

  @Test func sameOnAnyThreads() throws {
    let example = try ObjectFixture("crowd")
    let results = try [1, 3].map { threads in try ThreadPool.withThreadCount(threads) { try split(example) } }
    #expect(results[0] == results[1])
  }

  @Test func whatCannotBeSplitStaysWhole() throws {
    let splitting = ObjectSplitting(distance: 1)
    // An object without an outline, one pixel, and nothing.
    #expect(try InstanceMap(labelMap("111", "111")).splitting(splitting).values == [1, 1, 1, 1, 1, 1])
    #expect(try InstanceMap(labelMap(".1.")).splitting(splitting).values == [0, 1, 0])
    #expect(try InstanceMap(labelMap("..", "..")).splitting(splitting).objects.isEmpty)
  }

  /// Two equal discs that touch: a tie everywhere, which is decided in reading order.
  @Test func tie() throws {
    let size = (height: 21, width: 38)
    let values = (0..<size.height * size.width).map { place -> UInt8 in
      let (y, x) = (place / size.width, place % size.width)
      let isInside = [10, 27].contains { (y - 10) * (y - 10) + (x - $0) * (x - $0) <= 81 }
      return isInside ? 1 : 0
    }
    let map = try InstanceMap(LabelMap(width: size.width, height: size.height, values: values))
    #expect(map.objects.count == 1)
    let split = try map.splitting(ObjectSplitting(distance: 5))
    #expect(split.objects.map(\.area) == [252, 252])
    for place in values.indices where values[place] > 0 {
      #expect(split.values[place] == (place % size.width < 19 ? 1 : 2))
    }
  }

  /// What is cut from a large object can be too small to be one.
  @Test func smallPartsAreNoObjects() throws {
    // A large disc that touches a small one.
    let size = (height: 21, width: 30)
    let values = (0..<size.height * size.width).map { place -> UInt8 in
      let (y, x) = (place / size.width, place % size.width)
      func isIn(_ center: Int, _ radius: Int) -> Bool {
        (y - 10) * (y - 10) + (x - center) * (x - center) <= radius * radius
      }
      return isIn(10, 9) || isIn(23, 5) ? 1 : 0
    }
    let labels = LabelMap(width: size.width, height: size.height, values: values)
    var processing = PostProcessing()
    processing.splitting = ObjectSplitting(distance: 4)
    let parts = try processing.instances(of: labels).objects.map(\.area)
    let smallest = try #require(parts.min())
    try #require(parts.count > 1)
    processing.minimumSize = smallest + 1
    let kept = try processing.instances(of: labels)
    #expect(kept.objects.map(\.area) == parts.filter { $0 > smallest })
    #expect(kept.values.count { $0 > 0 } == kept.objects.reduce(0) { $0 + $1.area })
    #expect(Set(kept.values).subtracting([0]) == Set(kept.objects.indices.map { Int32($0 + 1) }))
  }

  @Test func refusals() throws {
    for splitting in [
      ObjectSplitting(distance: 0), ObjectSplitting(distance: -3), ObjectSplitting(distance: .max),
      ObjectSplitting(distance: 3, smoothing: -1), ObjectSplitting(distance: 3, smoothing: .nan),
      ObjectSplitting(distance: 3, smoothing: .infinity),
    ] {
      #expect(throws: MartletError.self) { try InstanceMap(labelMap("1.")).splitting(splitting) }
    }
  }
}
