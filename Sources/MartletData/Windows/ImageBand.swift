import Martlet
import MartletKernels

/// As many rows of an image as a window has, each read once. Row y is kept at y modulo that number.
final class ImageBand {
  private let regions: any RegionReader
  private let normalization: Normalization
  private let capacity: Int
  private var samples: Image.Samples
  /// Rows up to this one were read.
  private var end = 0

  init(_ regions: any RegionReader, _ normalization: Normalization, tileHeight: Int) {
    self.regions = regions
    self.normalization = normalization
    capacity = min(tileHeight, regions.info.height)
    let count = capacity * regions.info.width * normalization.channels
    samples =
      regions.info.bitsPerSample == 16
      ? .uint16(Array(repeating: 0, count: count)) : .uint8(Array(repeating: 0, count: count))
  }

  /// Has the rows of windows that begin at `top` in memory. Windows come from the top down.
  func move(top: Int) throws {
    let next = min(max(top, 0) + capacity, regions.info.height)
    guard end < next else { return }
    let window = PixelWindow(x: 0, y: end, width: regions.info.width, height: next - end)
    let part = try regions.image(in: window).withChannels(normalization.channels)
    switch part.samples {
    case .uint8(let values): samples = .uint8(replacingRows(of: take8(), with: values))
    case .uint16(let values): samples = .uint16(replacingRows(of: take16(), with: values))
    }
    end = next
  }

  // The band's own array without a second owner, so that writing to it copies nothing.
  private func take8() -> [UInt8] {
    guard case .uint8(let values) = samples else { return [] }
    samples = .uint8([])
    return values
  }

  private func take16() -> [UInt16] {
    guard case .uint16(let values) = samples else { return [] }
    samples = .uint16([])
    return values
  }

  private func replacingRows<Sample>(of band: consuming [Sample], with rows: [Sample]) -> [Sample] {
    let length = regions.info.width * normalization.channels
    for row in 0..<rows.count / length {
      let start = (end + row) % capacity * length
      band.replaceSubrange(start..<start + length, with: rows[row * length..<(row + 1) * length])
    }
    return band
  }

  /// Writes a window as a network reads it: normalised values, channels interleaved, the image continued by reflection
  /// where the window is larger.
  ///
  /// - Parameters:
  ///   - x: The image's column of the window's first pixel, which may lie outside, as `y` may.
  ///   - pixels: Room for the window's pixels after `symmetry`.
  func write(
    x: Int, y: Int, size: TileSize, _ symmetry: PlaneSymmetry, to pixels: UnsafeMutablePointer<Float>
  ) {
    switch samples {
    case .uint8(let values): write(values, 1 / 255, x: x, y: y, size, symmetry, pixels)
    case .uint16(let values): write(values, 1 / 65535, x: x, y: y, size, symmetry, pixels)
    }
  }

  private func write<Sample: FixedWidthInteger & UnsignedInteger>(
    _ samples: [Sample], _ unit: Float, x: Int, y: Int, _ size: TileSize, _ symmetry: PlaneSymmetry,
    _ pixels: UnsafeMutablePointer<Float>
  ) {
    let (info, channels) = (regions.info, normalization.channels)
    let columns = (0..<size.width).map { reflected(x + $0, info.width) * channels }
    let rows = (0..<size.height).map { reflected(y + $0, info.height) % capacity * info.width * channels }
    let target = symmetry.size(of: size)
    let factors = normalization.standardDeviation.map { 1 / $0 }
    samples.withUnsafeBufferPointer { samples in
      ThreadPool.parallelFor(target.height) { row in
        var pixel = pixels + row * target.width * channels
        for column in 0..<target.width {
          let source = symmetry.source(row: row, column: column, in: size)
          let sample = rows[source.row] + columns[source.column]
          for channel in 0..<channels {
            pixel[channel] =
              (Float(samples[sample + channel]) * unit - normalization.mean[channel]) * factors[channel]
          }
          pixel += channels
        }
      }
    }
  }
}
