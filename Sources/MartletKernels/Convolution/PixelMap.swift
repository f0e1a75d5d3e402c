import CMartletKernels

/// Which source row each tap of each pixel of a grid reads, and which row the pixel writes; addresses are given
/// when it is used.
struct PixelMap {
  private let template: martlet_pixel_map
  private let taps: [martlet_tap]
  private let outputOffset: Int

  init(_ product: IndirectProduct, sourceSize: SpatialExtent, sourceStrides: (Int, Int, Int, Int)) {
    var map = martlet_pixel_map()
    map.grid = product.grid
    map.source_size = (sourceSize.depth, sourceSize.height, sourceSize.width)
    map.source_stride = sourceStrides
    map.output_stride = product.outputStrides
    map.step = (product.step.depth, product.step.height, product.step.width)
    map.taps = product.tapOffsets.count
    template = map
    outputOffset = product.outputOffset
    let step = product.step.width
    taps = product.tapOffsets.map { offset in
      // Columns w with 0 ≤ w · step + offset < width.
      let first = offset.width >= 0 ? 0 : ceilDivide(-offset.width, step)
      let last = sourceSize.width - 1 - offset.width
      return martlet_tap(
        offset: (offset.depth, offset.height, offset.width), first_column: first,
        end_column: last < 0 ? 0 : last / step + 1)
    }
  }

  /// Row pointers of some pixels.
  struct Rows {
    /// `sources[tap * count + i]`.
    let sources: UnsafePointer<UnsafeRawPointer?>
    let outputs: UnsafePointer<UnsafeMutableRawPointer?>
    let count: Int
  }

  func byteCount(rows count: Int) -> Int { (taps.count + 1) * count * MemoryLayout<UnsafeRawPointer>.stride }

  /// Fills a table in `memory`, which takes ``byteCount(rows:)`` bytes.
  func rows(
    first: Int, count: Int, source: UnsafeRawPointer, output: UnsafeMutableRawPointer,
    zeros: UnsafeRawPointer,
    in memory: UnsafeMutableRawPointer
  ) -> Rows {
    let outputs = memory.assumingMemoryBound(to: UnsafeMutableRawPointer?.self)
    let sources = (memory + count * MemoryLayout<UnsafeRawPointer>.stride)
      .assumingMemoryBound(to: UnsafeRawPointer?.self)
    withAddresses(source: source, output: output, zeros: zeros) {
      martlet_map_pixels($0, first, count, sources, count, outputs)
    }
    return Rows(sources: UnsafePointer(sources), outputs: UnsafePointer(outputs), count: count)
  }
  /// Gives `body` the map as kernels take it.
  func withAddresses(
    source: UnsafeRawPointer, output: UnsafeMutableRawPointer, zeros: UnsafeRawPointer? = nil,
    _ body: (UnsafePointer<martlet_pixel_map>) -> Void
  ) {
    var map = template
    map.source = source
    map.output = output + outputOffset
    map.zeros = zeros
    taps.withUnsafeBufferPointer {
      map.tap = $0.baseAddress
      body(&map)
    }
  }
}
