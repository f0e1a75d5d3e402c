import Martlet
import MartletKernels

/// How touching objects are told apart: by the watershed of the distance to their outline, from its peaks.
public struct ObjectSplitting: Hashable, Sendable {
  /// The least number of pixels, to the side or up and down, between the centres of two objects.
  public var distance: Int
  /// The deviation, in pixels, of the normal distribution by which distances are smoothed before peaks are looked for.
  public var smoothing: Double

  public init(distance: Int, smoothing: Double = 1) {
    self.distance = distance
    self.smoothing = smoothing
  }

  /// - Throws: ``MartletError`` naming what cannot be meant.
  public func check() throws {
    try require(
      (1...1 << 16).contains(distance), "split", "expected a distance of 1 to 65536 pixels, got \(distance)")
    try require(
      smoothing >= 0 && smoothing <= 100, "split", "expected a smoothing of 0 to 100 pixels, got \(smoothing)"
    )
  }

  /// The parts of one object.
  ///
  /// - Parameter mask: Not 0 where the object is, with a margin around it but at the image's edges, which are no
  ///   outline of an object that they cut.
  /// - Returns: For each pixel the number of its part, from 1, or 0; and how many parts there are.
  func parts(of mask: [UInt8], width: Int, height: Int) -> (owners: [Int32], count: Int) {
    let squares = mask.withUnsafeBufferPointer {
      squaredDistances(toZerosOf: $0, shape: [height, width], spacing: [1, 1])
    }
    // Without an outline there is nothing to go by.
    guard squares.first.map(\.isFinite) ?? false else { return (mask.map { Int32($0) }, 1) }
    let heights = GaussianSmoothing(sigma: smoothing)(
      squares.map { $0.squareRoot() }, width: width, height: height)
    let peaks = localPeaks(of: heights, in: mask, width: width, height: height, distance: distance)
    guard peaks.count > 1 else { return (mask.map { Int32($0) }, 1) }
    return (watershed(of: heights, from: peaks, in: mask, width: width, height: height), peaks.count)
  }
}

extension InstanceMap {
  /// The map with touching objects of one class told apart.
  ///
  /// Objects are looked at one by one, so that none moves another's border, and numbered anew by their first pixels.
  public func splitting(_ splitting: ObjectSplitting) throws -> InstanceMap {
    try splitting.check()
    let margin = max(GaussianSmoothing.radius(sigma: splitting.smoothing), 1)
    var parts = values
    // Some at a time, so that what is not yet copied back stays small.
    var count: Int32 = 0
    var classes: [UInt8] = []
    for start in stride(from: 0, to: objects.count, by: 256) {
      let numbers = start..<min(start + 256, objects.count)
      var found = [(owners: [Int32], count: Int)](repeating: ([], 0), count: numbers.count)
      found.withUnsafeMutableBufferPointer { found in
        ThreadPool.parallelFor(numbers.count) { index in
          let box = objects[start + index].box.grown(by: margin, width, height)
          let mask = mask(of: Int32(start + index + 1), in: box)
          found[index] = splitting.parts(of: mask, width: box.width, height: box.height)
        }
      }
      for (index, part) in found.enumerated() {
        let box = objects[start + index].box.grown(by: margin, width, height)
        for y in 0..<box.height {
          for x in 0..<box.width where part.owners[y * box.width + x] > 0 {
            parts[(box.y + y) * width + box.x + x] = count + part.owners[y * box.width + x]
          }
        }
        count += Int32(part.count)
        classes += Array(repeating: objects[start + index].classIndex, count: part.count)
      }
    }
    return InstanceMap(width: width, height: height, renumbering: parts, classes: classes)
  }

  /// 1 where an object is in a window, 0 elsewhere.
  func mask(of number: Int32, in box: PixelWindow) -> [UInt8] {
    (box.y..<box.y + box.height).flatMap { y in
      values[y * width + box.x..<y * width + box.x + box.width].map { $0 == number ? 1 : 0 }
    }
  }
}

extension PixelWindow {
  /// The window with a margin around it, as far as an image has it.
  fileprivate func grown(by margin: Int, _ imageWidth: Int, _ imageHeight: Int) -> PixelWindow {
    let (left, top) = (max(x - margin, 0), max(y - margin, 0))
    return PixelWindow(
      x: left, y: top, width: min(x + width + margin, imageWidth) - left,
      height: min(y + height + margin, imageHeight) - top)
  }
}
