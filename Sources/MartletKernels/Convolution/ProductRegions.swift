/// A part of a product's grid, without the taps that read nothing but padding from there.
struct ProductRegion {
  let product: IndirectProduct
  /// Which of the whole product's taps are left.
  let taps: [Int]
}

extension IndirectProduct {
  /// The grid cut where taps begin and end to read inside the source, along those axes where this leaves clearly
  /// less to multiply: for dilated kernels and for small maps.
  func regions(sourceSize: SpatialExtent) -> [ProductRegion] {
    let whole = (0..<3).map { [AxisRange(0..<gridSize($0), self, axis: $0, sourceSize)] }
    let cut = (0..<3).map { axis in
      let bounds = tapBounds(axis: axis, sourceSize)
      let ranges = zip(bounds, bounds.dropFirst()).map { AxisRange($0..<$1, self, axis: axis, sourceSize) }
      return ranges.count <= Self.mostRanges ? ranges : whole[axis]
    }
    var best = whole
    var least = cost(whole) * Self.worthwhile
    for choice in 1..<8 {
      let axes = (0..<3).map { choice >> $0 & 1 == 1 ? cut[$0] : whole[$0] }
      let candidate = cost(axes)
      if candidate < least { (best, least) = (axes, candidate) }
    }
    return best[0].flatMap { d in
      best[1].flatMap { h in best[2].map { w in region(d.grid, h.grid, w.grid, sourceSize) } }
    }
  }

  private static let mostRanges = 12
  private static let worthwhile = 0.97
  private static let tileRows = 12

  /// A part of the grid along one axis, and how many of the taps' offsets reach the source from it.
  private struct AxisRange {
    let grid: Range<Int>
    let reachingOffsets: Int

    init(_ grid: Range<Int>, _ product: IndirectProduct, axis: Int, _ sourceSize: SpatialExtent) {
      self.grid = grid
      reachingOffsets = Set(product.tapOffsets.map { $0[axis] }).count {
        product.reach($0, axis: axis, sourceSize).overlaps(grid)
      }
    }
  }

  private func gridSize(_ axis: Int) -> Int { axis == 0 ? grid.1 : axis == 1 ? grid.2 : grid.3 }

  /// Grid coordinates from which an offset reads inside the source.
  private func reach(_ offset: Int, axis: Int, _ sourceSize: SpatialExtent) -> Range<Int> {
    let size = gridSize(axis)
    let first = min(size, offset >= 0 ? 0 : ceilDivide(-offset, step[axis]))
    let last = sourceSize[axis] - 1 - offset
    let end = last < 0 ? 0 : min(size, last / step[axis] + 1)
    return first..<max(first, end)
  }

  private func tapBounds(axis: Int, _ sourceSize: SpatialExtent) -> [Int] {
    var bounds: Set = [0, gridSize(axis)]
    for tap in tapOffsets {
      let reach = reach(tap[axis], axis: axis, sourceSize)
      bounds.formUnion([reach.lowerBound, reach.upperBound])
    }
    return bounds.sorted()
  }

  /// Taps times tiles, with half of a tile's rows lost at the end of each part.
  private func cost(_ axes: [[AxisRange]]) -> Double {
    var sum = 0.0
    for d in axes[0] {
      for h in axes[1] {
        for w in axes[2] {
          let pixels = grid.0 * d.grid.count * h.grid.count * w.grid.count
          let taps = d.reachingOffsets * h.reachingOffsets * w.reachingOffsets
          sum += Double(taps * (pixels + Self.tileRows / 2))
        }
      }
    }
    return sum
  }

  private func region(
    _ d: Range<Int>, _ h: Range<Int>, _ w: Range<Int>, _ sourceSize: SpatialExtent
  ) -> ProductRegion {
    let ranges = [d, h, w]
    let taps = tapOffsets.indices.filter { tap in
      ranges.indices.allSatisfy { reach(tapOffsets[tap][$0], axis: $0, sourceSize).overlaps(ranges[$0]) }
    }
    var part = self
    part.grid = (grid.0, d.count, h.count, w.count)
    let (z, y, x) = (d.lowerBound, h.lowerBound, w.lowerBound)
    part.tapOffsets = taps.map {
      SpatialExtent(
        tapOffsets[$0].depth + z * step.depth, tapOffsets[$0].height + y * step.height,
        tapOffsets[$0].width + x * step.width)
    }
    part.weightTaps = taps.map { weightTaps[$0] }
    part.outputOffset += z * outputStrides.1 + y * outputStrides.2 + x * outputStrides.3
    return ProductRegion(product: part, taps: taps)
  }
}
