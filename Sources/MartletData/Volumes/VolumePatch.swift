import MartletKernels

/// A part of a volume, and how it is changed on the way to a network.
///
/// What of it lies outside the volume is 0 in the network's input before it is changed, the mean of what is inside with
/// ``VolumeNormalization/Method/zScore``, and counts in no loss.
struct VolumePatch: Hashable, Sendable {
  /// The first voxel along depth, height and width; below 0 where the volume is smaller.
  var start: [Int]
  var size: VolumeSize
  var transform = VolumeTransform()

  /// Writes the patch.
  ///
  /// - Parameters:
  ///   - scales: One for each channel of the volume.
  ///   - pixels: Room for [depth, height, width, channels].
  ///   - labels: Where the voxels' classes are written, [depth, height, width].
  func write(
    _ sample: LabeledVolume, _ scales: [ValueScale], to pixels: UnsafeMutableBufferPointer<Float>,
    labels: UnsafeMutableBufferPointer<UInt8>
  ) {
    write(sample.labels, sample.volume.size, to: labels)
    write(sample.volume, scales, to: pixels)
  }

  /// Writes the patch's labels alone.
  func write(
    _ labels: [UInt8], _ volume: VolumeSize, to target: UnsafeMutableBufferPointer<UInt8>
  ) {
    forEachRow(in: volume) { first, sources in
      for (index, source) in sources.enumerated() {
        target[first + index] = source.map { labels[$0] } ?? LabelMap.ignored
      }
    }
  }

  /// Writes the patch's values alone.
  func write(_ volume: Volume, _ scales: [ValueScale], to pixels: UnsafeMutableBufferPointer<Float>) {
    let (channels, count) = (volume.channels, volume.size.count)
    volume.values.withUnsafeBufferPointer { values in
      forEachRow(in: volume.size) { target, sources in
        for (index, source) in sources.enumerated() {
          for channel in 0..<channels {
            let value = source.map { scales[channel](values[channel * count + $0]) } ?? 0
            pixels[(target + index) * channels + channel] = value * transform.scale + transform.shift
          }
        }
      }
    }
    guard transform.noise > 0 else { return }
    var generator = transform.noiseGenerator.generator
    GaussianTable.shared.forEach(size.count * channels, &generator) { pixels[$0] += $1 * transform.noise }
  }

  /// Calls `body` for each row of the patch with the row's first voxel in the patch and, for each voxel, the volume's
  /// that comes there; nil outside.
  private func forEachRow(in volume: VolumeSize, _ body: (Int, SourceRow) -> Void) {
    let plane = self.plane
    for z in 0..<size.depth {
      let slice = start[0] + (transform.flips[0] ? size.depth - 1 - z : z)
      for y in 0..<size.height {
        let first = plane.origin &+ plane.down &* y &+ SIMD2(start[1], start[2])
        body(
          z * size.area + y * size.width,
          SourceRow(
            count: size.width, slice: (0..<volume.depth).contains(slice) ? slice : nil, first: first,
            step: plane.right, volume: volume))
      }
    }
  }

  /// Where the patch's first row and column are in it before it is changed, and where a step down and a step to the right
  /// lead: (row, column).
  private var plane: (origin: SIMD2<Int>, down: SIMD2<Int>, right: SIMD2<Int>) {
    let last = SIMD2(size.height - 1, size.width - 1)
    var plane: (origin: SIMD2<Int>, down: SIMD2<Int>, right: SIMD2<Int>)
    switch transform.quarterTurns {
    case 1: plane = (SIMD2(0, last.y), SIMD2(0, -1), SIMD2(1, 0))
    case 2: plane = (last, SIMD2(-1, 0), SIMD2(0, -1))
    case 3: plane = (SIMD2(last.x, 0), SIMD2(0, 1), SIMD2(-1, 0))
    default: plane = (SIMD2(0, 0), SIMD2(1, 0), SIMD2(0, 1))
    }
    for (axis, flips) in transform.flips.dropFirst().enumerated() where flips {
      plane.origin[axis] = last[axis] - plane.origin[axis]
      plane.down[axis] = -plane.down[axis]
      plane.right[axis] = -plane.right[axis]
    }
    return plane
  }
}

/// Where the voxels of a patch's row come from.
private struct SourceRow: Sequence {
  let count: Int
  let slice: Int?
  let first: SIMD2<Int>
  let step: SIMD2<Int>
  let volume: VolumeSize

  func makeIterator() -> some IteratorProtocol<Int?> {
    (0..<count).lazy.map { index -> Int? in
      let place = first &+ step &* index
      guard let slice, place.x >= 0, place.x < volume.height, place.y >= 0, place.y < volume.width else {
        return nil
      }
      return slice * volume.area + place.x * volume.width + place.y
    }.makeIterator()
  }
}
