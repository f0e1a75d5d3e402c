/// Which neighbours of a pixel touch it.
public enum PixelConnectivity: Hashable, Sendable {
  /// Those that share a side.
  case four
  /// Those that share a side or a corner.
  case eight
}

/// Labels the connected components of an image's non-zero pixels.
///
/// Labels count from 1 in the order in which a scan, row by row, comes upon each component's first pixel, which is
/// the order of `scipy.ndimage.label`; pixels that are 0 get 0.
///
/// - Parameters:
///   - pixels: Row by row, `width` · `height` of them.
///   - separatingClasses: Whether neighbours of different values belong to different components. Without it all
///     that is not 0 is one foreground.
/// - Precondition: There are `width` · `height` pixels, and not more than an `Int32` counts.
public func connectedComponents(
  of pixels: UnsafeBufferPointer<UInt8>, width: Int, height: Int, connectivity: PixelConnectivity,
  separatingClasses: Bool = false
) -> (labels: [Int32], count: Int) {
  precondition(width >= 0 && height >= 0, "an image of \(width)×\(height) pixels")
  let (count, overflows) = width.multipliedReportingOverflow(by: height)
  precondition(!overflows && count <= Int(Int32.max), "more pixels than labels: \(width)×\(height)")
  precondition(pixels.count == count, "\(pixels.count) pixels for an image of \(width)×\(height)")
  guard count > 0 else { return ([], 0) }
  var runs = RunForest(reach: connectivity == .eight ? 1 : 0, separatingClasses: separatingClasses)
  for row in 0..<height {
    runs.appendRow(UnsafeBufferPointer(rebasing: pixels[row * width..<(row + 1) * width]))
  }
  let components = runs.number()
  var labels = [Int32](repeating: 0, count: count)
  labels.withUnsafeMutableBufferPointer { labels in
    for row in 0..<height {
      for index in runs.rowStarts[row]..<runs.rowStarts[row + 1] {
        let run = runs.runs[index]
        labels[row * width + Int(run.start)..<row * width + Int(run.end)].update(repeating: run.label)
      }
    }
  }
  return (labels, components)
}

/// The horizontal runs of an image, joined into trees as rows come in.
///
/// A run is what is looked at instead of a pixel: there are far fewer of them. A tree's root is its first run, so
/// numbering the roots in their order numbers components by their first pixel.
private struct RunForest {
  struct Run {
    /// Columns, from `start` up to `end`.
    var start: Int32
    var end: Int32
    var value: UInt8
    /// A run of the same component, never a later one; itself at a root.
    var parent: Int32
    var label: Int32 = 0
  }

  /// How many columns beyond its own a run touches in the next row.
  let reach: Int32
  let separatingClasses: Bool
  private(set) var runs: [Run] = []
  /// Where each row's runs begin, and where the last row's end.
  private(set) var rowStarts = [0]

  init(reach: Int32, separatingClasses: Bool) {
    self.reach = reach
    self.separatingClasses = separatingClasses
  }

  mutating func appendRow(_ row: UnsafeBufferPointer<UInt8>) {
    let first = runs.count
    // The first run of the row above that may touch what is still to come.
    var above = rowStarts.count > 1 ? rowStarts[rowStarts.count - 2] : first
    var column = 0
    while column < row.count {
      let value = row[column]
      let start = column
      column += 1
      while column < row.count, belongTogether(row[column], value) { column += 1 }
      if value == 0 { continue }
      let index = runs.count
      runs.append(Run(start: Int32(start), end: Int32(column), value: value, parent: Int32(index)))
      while above < first, runs[above].end + reach <= Int32(start) { above += 1 }
      var candidate = above
      while candidate < first, runs[candidate].start < Int32(column) + reach {
        if belongTogether(runs[candidate].value, value) { join(candidate, index) }
        candidate += 1
      }
    }
    rowStarts.append(runs.count)
  }

  private func belongTogether(_ a: UInt8, _ b: UInt8) -> Bool {
    separatingClasses ? a == b : (a == 0) == (b == 0)
  }

  private mutating func join(_ a: Int, _ b: Int) {
    let (a, b) = (root(a), root(b))
    if a < b { runs[b].parent = Int32(a) } else { runs[a].parent = Int32(b) }
  }

  /// Halves the way for those that come after.
  private mutating func root(_ run: Int) -> Int {
    var run = run
    while Int(runs[run].parent) != run {
      let parent = Int(runs[run].parent)
      runs[run].parent = runs[parent].parent
      run = parent
    }
    return run
  }

  /// Gives every run its component's label and returns how many components there are.
  mutating func number() -> Int {
    var count: Int32 = 0
    for index in runs.indices {
      let parent = Int(runs[index].parent)
      // A parent comes first, so it has its label.
      if parent == index { count += 1 }
      runs[index].label = parent == index ? count : runs[parent].label
    }
    return Int(count)
  }
}
