import CImageShims
import Martlet

/// Decoding of strips and tiles.
extension TIFFReader {
  /// Decodes a part of the picture into interleaved samples.
  func decode<Sample: FixedWidthInteger & UnsignedInteger>(_ window: PixelWindow) throws -> [Sample] {
    let count = window.width * window.height * channels
    return try [Sample](unsafeUninitializedCapacity: count) { samples, initialized in
      for plane in 0..<(isInPlanes ? channels : 1) {
        if header.tile_width > 0 {
          try decodeTiles(of: plane, window, into: samples)
        } else {
          try decodeStrips(of: plane, window, into: samples)
        }
      }
      initialized = count
    }
  }

  private func decodeStrips<Sample: FixedWidthInteger & UnsignedInteger>(
    of plane: Int, _ window: PixelWindow, into samples: UnsafeMutableBufferPointer<Sample>
  ) throws {
    let rowBytes = Int(martlet_tiff_row_bytes(tiff))
    guard rowBytes == (width * bits * (isInPlanes ? 1 : channels) + 7) / 8 else { throw damaged() }
    let rowsPerStrip = min(max(Int(header.rows_per_strip), 1), height)
    if rowsPerStrip > largestWholeStrip / rowBytes {
      return try decodeRows(of: plane, window, rowBytes: rowBytes, into: samples)
    }
    let strips = (height + rowsPerStrip - 1) / rowsPerStrip
    for strip in window.y / rowsPerStrip...(window.y + window.height - 1) / rowsPerStrip {
      let top = strip * rowsPerStrip
      let rows = min(rowsPerStrip, height - top)
      let block = try wholeStrip(
        plane * strips + strip, byteCount: rows * rowBytes, capacity: rowsPerStrip * rowBytes)
      for y in max(top, window.y)..<min(top + rows, window.y + window.height) {
        unpack(
          block, from: (y - top) * rowBytes, blockX: 0, y: y, columns: window.x..<window.x + window.width,
          plane: plane, window, into: samples)
      }
    }
  }

  private func wholeStrip(
    _ number: Int, byteCount: Int, capacity: Int
  ) throws -> UnsafeMutableRawBufferPointer {
    if let lastStrip, lastStrip.number == number { return lastStrip.bytes }
    let bytes = lastStrip?.bytes ?? .allocate(byteCount: capacity, alignment: 16)
    // Until it is decoded, the memory is no strip's.
    lastStrip = (-1, bytes)
    guard let index = UInt32(exactly: number),
      martlet_tiff_read_strip(tiff, index, bytes.baseAddress, byteCount) == 1
    else { throw damaged() }
    lastStrip = (number, bytes)
    return bytes
  }

  private func decodeRows<Sample: FixedWidthInteger & UnsignedInteger>(
    of plane: Int, _ window: PixelWindow, rowBytes: Int, into samples: UnsafeMutableBufferPointer<Sample>
  ) throws {
    // Whatever part of it is wanted, a row is decoded whole.
    guard width <= file.limits.maximumPixels else {
      throw file.failure(
        "claims rows of \(width) pixels, more than the limit of \(file.limits.maximumPixels)")
    }
    let row = UnsafeMutableRawBufferPointer.allocate(byteCount: rowBytes, alignment: 16)
    defer { row.deallocate() }
    for y in window.y..<window.y + window.height {
      guard martlet_tiff_read_row(tiff, UInt32(y), UInt16(plane), row.baseAddress, rowBytes) == 1 else {
        throw damaged()
      }
      unpack(
        row, from: 0, blockX: 0, y: y, columns: window.x..<window.x + window.width, plane: plane, window,
        into: samples)
    }
  }

  private func decodeTiles<Sample: FixedWidthInteger & UnsignedInteger>(
    of plane: Int, _ window: PixelWindow, into samples: UnsafeMutableBufferPointer<Sample>
  ) throws {
    let tileWidth = Int(header.tile_width)
    let tileHeight = Int(header.tile_height)
    // A tile may reach past the picture, but not be a claim of its own.
    try file.checkSize(width: tileWidth, height: tileHeight)
    let rowBytes = Int(martlet_tiff_tile_row_bytes(tiff))
    let tileBytes = Int(martlet_tiff_tile_bytes(tiff))
    guard rowBytes == (tileWidth * bits * (isInPlanes ? 1 : channels) + 7) / 8,
      tileBytes == rowBytes * tileHeight
    else { throw damaged() }
    let across = (width + tileWidth - 1) / tileWidth
    let down = (height + tileHeight - 1) / tileHeight
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: tileBytes, alignment: 16)
    defer { block.deallocate() }
    for tileY in window.y / tileHeight...(window.y + window.height - 1) / tileHeight {
      for tileX in window.x / tileWidth...(window.x + window.width - 1) / tileWidth {
        guard let index = UInt32(exactly: (plane * down + tileY) * across + tileX),
          martlet_tiff_read_tile(tiff, index, block.baseAddress, tileBytes) == 1
        else { throw damaged() }
        let (left, top) = (tileX * tileWidth, tileY * tileHeight)
        for y in max(top, window.y)..<min(top + tileHeight, window.y + window.height) {
          unpack(
            block, from: (y - top) * rowBytes, blockX: left, y: y,
            columns: max(left, window.x)..<min(left + tileWidth, window.x + window.width), plane: plane,
            window, into: samples)
        }
      }
    }
  }

  /// Puts a run of pixels of one row of a block where it belongs, one number a sample.
  ///
  /// - Parameters:
  ///   - offset: Where the row begins in the block.
  ///   - blockX: The picture's column that the block's first pixel is in.
  ///   - columns: Columns of the picture to take.
  private func unpack<Sample: FixedWidthInteger & UnsignedInteger>(
    _ block: UnsafeMutableRawBufferPointer, from offset: Int, blockX: Int, y: Int, columns: Range<Int>,
    plane: Int, _ window: PixelWindow, into samples: UnsafeMutableBufferPointer<Sample>
  ) {
    let perPixel = isInPlanes ? 1 : channels
    let step = isInPlanes ? channels : 1
    let first = (columns.lowerBound - blockX) * perPixel
    var target = ((y - window.y) * window.width + columns.lowerBound - window.x) * channels + plane
    for i in first..<first + columns.count * perPixel {
      if bits >= 8 {
        let position = offset + i * MemoryLayout<Sample>.size
        samples[target] = block.loadUnaligned(fromByteOffset: position, as: Sample.self)
      } else {
        let bit = i * bits
        let byte = block[offset + bit / 8]
        samples[target] = Sample((byte >> UInt8(8 - bits - bit % 8)) & UInt8((1 << bits) - 1))
      }
      target += step
    }
  }
}
