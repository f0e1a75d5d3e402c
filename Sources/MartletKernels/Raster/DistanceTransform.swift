/// The square of each element's Euclidean distance to the nearest element that is 0: exact, as the square of
/// `scipy.ndimage.distance_transform_edt`. 0 where the mask is 0, and infinity everywhere where no element is.
///
/// Felzenszwalb and Huttenlocher, "Distance Transforms of Sampled Functions" (2012): along one axis after the other,
/// the lower envelope of the parabolas that stand on a line's elements. Lines are shared by threads; each is the same
/// whoever computes it.
///
/// - Parameters:
///   - mask: Row-major, of shape `shape`.
///   - shape: [height, width] or [depth, height, width]; any number of axes works.
///   - spacing: The distance between neighbours along each axis.
/// - Precondition: The mask has the shape's count of elements, and the spacing a positive, finite number an axis.
public func squaredDistances(
  toZerosOf mask: UnsafeBufferPointer<UInt8>, shape: [Int], spacing: [Double]
) -> [Double] {
  precondition(
    mask.count == shape.reduce(1, *) && shape.allSatisfy { $0 >= 0 },
    "\(mask.count) elements for a mask of shape \(shape)")
  precondition(
    spacing.count == shape.count && spacing.allSatisfy { $0 > 0 && $0 < .infinity },
    "a spacing of \(spacing) for a mask of shape \(shape)")
  var distances = mask.map { $0 == 0 ? 0 : Double.infinity }
  guard !mask.isEmpty else { return distances }
  distances.withUnsafeMutableBufferPointer { distances in
    let values = distances.baseAddress!
    // From the last axis on, whose lines lie in memory as they are.
    for axis in shape.indices.reversed() {
      let (length, stride) = (shape[axis], shape[(axis + 1)...].reduce(1, *))
      let lines = mask.count / length
      let weight = spacing[axis] * spacing[axis]
      Pieces.forEach(of: lines, length: max(1, Pieces.elementCount / length)) { range in
        LowerEnvelope.with(length: length, weight: weight) { envelope in
          for line in range {
            let start = line / stride * stride * length + line % stride
            envelope.transform(values + start, stride: stride)
          }
        }
      }
    }
  }
  return distances
}

/// The lower envelope of parabolas of one width over a line, and scratch for it.
private struct LowerEnvelope {
  let length: Int
  /// A parabola with its lowest point h at p is h + weight · (x − p)².
  let weight: Double
  /// Lowest points of the parabolas that are part of the envelope, from left to right.
  private let heights: UnsafeMutablePointer<Double>
  private let sites: UnsafeMutablePointer<Int>
  /// From where each is the lowest.
  private let starts: UnsafeMutablePointer<Double>

  static func with(length: Int, weight: Double, _ body: (LowerEnvelope) -> Void) {
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * length) { reals in
      withUnsafeTemporaryAllocation(of: Int.self, capacity: length) { sites in
        body(
          LowerEnvelope(
            length: length, weight: weight, heights: reals.baseAddress!, sites: sites.baseAddress!,
            starts: reals.baseAddress! + length))
      }
    }
  }

  /// Replaces a line's heights by the envelope of the parabolas on them.
  func transform(_ line: UnsafeMutablePointer<Double>, stride: Int) {
    let count = build(line, stride: stride)
    // Nothing stands on the line: all stays infinite.
    guard count > 0 else { return }
    var lowest = 0
    for position in 0..<length {
      while lowest + 1 < count, starts[lowest + 1] < Double(position) { lowest += 1 }
      let distance = Double(position - sites[lowest])
      line[position * stride] = heights[lowest] + weight * (distance * distance)
    }
  }

  /// Finds the parabolas of the envelope and returns how many they are.
  private func build(_ line: UnsafeMutablePointer<Double>, stride: Int) -> Int {
    var count = 0
    for site in 0..<length {
      let height = line[site * stride]
      guard height < .infinity else { continue }
      var start = -Double.infinity
      while count > 0 {
        let other = sites[count - 1]
        start =
          (height - heights[count - 1]) / (2 * weight * Double(site - other)) + Double(site + other) / 2
        // The one before is nowhere lowest if this one is lower already where it begins.
        if start > starts[count - 1] { break }
        count -= 1
        start = -.infinity
      }
      (heights[count], sites[count], starts[count]) = (height, site, start)
      count += 1
    }
    return count
  }
}
