/// Gives each pixel of a region to a marker by flooding from the highest pixels down, as
/// `skimage.segmentation.watershed` of the negative heights: the highest pixel next to what is flooded comes next, of
/// equals the one that was reached first; neighbours share a side and are looked at above, left, right and below.
///
/// - Parameters:
///   - heights: Row by row.
///   - markers: Places in the region; the first floods as 1.
///   - mask: Not 0 in the region.
/// - Returns: The number of each pixel's marker, 0 outside the region and where no marker reaches.
func watershed(
  of heights: [Double], from markers: [Int], in mask: [UInt8], width: Int, height: Int
) -> [Int32] {
  var owners = [Int32](repeating: 0, count: heights.count)
  var front = FloodQueue()
  for (number, place) in markers.enumerated() {
    owners[place] = Int32(number + 1)
    front.push(heights[place], place)
  }
  while let place = front.pop() {
    let (x, y) = (place % width, place / width)
    func flood(_ neighbour: Int, _ isInside: Bool) {
      guard isInside, mask[neighbour] != 0, owners[neighbour] == 0 else { return }
      owners[neighbour] = owners[place]
      front.push(heights[neighbour], neighbour)
    }
    flood(place - width, y > 0)
    flood(place - 1, x > 0)
    flood(place + 1, x < width - 1)
    flood(place + width, y < height - 1)
  }
  return owners
}

/// Pixels by height, the first to come first of equals: a binary heap.
private struct FloodQueue {
  private struct Entry {
    var height: Double
    var age: Int
    var place: Int

    func comes(before other: Entry) -> Bool {
      height != other.height ? height > other.height : age < other.age
    }
  }

  private var entries: [Entry] = []
  private var age = 0

  mutating func push(_ height: Double, _ place: Int) {
    entries.append(Entry(height: height, age: age, place: place))
    age += 1
    var index = entries.count - 1
    while index > 0 {
      let parent = (index - 1) / 2
      guard entries[index].comes(before: entries[parent]) else { break }
      entries.swapAt(index, parent)
      index = parent
    }
  }

  mutating func pop() -> Int? {
    guard let first = entries.first, let last = entries.popLast() else { return nil }
    guard !entries.isEmpty else { return first.place }
    entries[0] = last
    var index = 0
    while true {
      var next = index
      for child in [2 * index + 1, 2 * index + 2]
      where child < entries.count && entries[child].comes(before: entries[next]) { next = child }
      if next == index { return first.place }
      entries.swapAt(index, next)
      index = next
    }
  }
}
