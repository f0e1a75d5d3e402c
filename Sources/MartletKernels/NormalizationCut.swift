import CMartletKernels

/// How a batch of matrices of `rows` × `channels` neighbouring elements is cut into pieces for per-channel work.
///
/// Few channels would leave vectors part empty: several rows are then taken as one wide row, with the channels'
/// factors repeated. The cut depends on the shape only.
struct NormalizationCut {
  let segments: Int
  let rows: Int
  let channels: Int
  let format: RealFormat

  /// Rows in a wide row.
  let repeats: Int
  /// Elements of a wide row.
  let width: Int
  let wideRows: Int
  /// Wide rows in a piece; the last piece may have fewer.
  let pieceRows: Int
  /// Pieces of whole wide rows in a segment.
  let pieces: Int
  /// Elements of the segment's last rows that do not fill a wide row.
  let tail: Int

  init(segments: Int, rows: Int, channels: Int, format: RealFormat) {
    self.segments = segments
    self.rows = rows
    self.channels = channels
    self.format = format
    repeats = channels >= 16 ? 1 : channels >= 4 ? 8 : 16
    width = repeats * channels
    wideRows = rows / repeats
    tail = (rows - wideRows * repeats) * channels
    pieceRows = max((wideRows + 63) / 64, 16384 / max(width, 1), 64)
    pieces = channels == 0 ? 0 : (wideRows + pieceRows - 1) / pieceRows
  }

  /// Pieces and the tail.
  var slots: Int { pieces + (tail > 0 ? 1 : 0) }

  /// Whether a result of this size is better written past the caches.
  var streams: Bool { segments * rows * channels * format.byteCount >= Resampling.streamedByteCount }

  var table: UnsafePointer<martlet_norm_table> {
    let isa = InstructionSet.current.cValue
    return format == .float32 ? martlet_norm_table_f32(isa) : martlet_norm_table_f64(isa)
  }

  /// Runs `body` for every slot of some segments: the byte offset of its first element, its rows and their width.
  ///
  /// - Parameter backwards: Begins at the end, where a pass before this one has left the caches.
  func forEachSlot(
    of segments: Range<Int>? = nil, backwards: Bool = false,
    _ body: (_ segment: Int, _ slot: Int, _ offset: Int, _ rows: Int, _ width: Int) -> Void
  ) {
    let segments = segments ?? 0..<self.segments
    guard slots > 0, width > 0 else { return }
    ThreadPool.parallelFor(segments.count * slots, backwards: backwards) { piece in
      let segment = segments.lowerBound + piece / slots
      let slot = piece % slots
      let begin = segment * rows * channels
      if slot == pieces {
        body(segment, slot, (begin + wideRows * width) * format.byteCount, 1, tail)
      } else {
        let first = slot * pieceRows
        let count = min(pieceRows, wideRows - first)
        body(segment, slot, (begin + first * width) * format.byteCount, count, width)
      }
    }
  }

  /// Runs `body` for runs of segments that together fit a shared cache, so that a second pass over them is cheap.
  func forEachCachedRun(_ body: (Range<Int>) -> Void) {
    let run = max((8 << 20) / max(rows * channels * format.byteCount, 1), 1)
    for first in stride(from: 0, to: segments, by: run) { body(first..<min(first + run, segments)) }
  }

  // MARK: Sums that each slot leaves

  /// Bytes for ``partials(in:_:)``: two doubles and three scratch elements a lane.
  var partialsByteCount: Int { segments * slots * slotByteCount }

  private var slotByteCount: Int { ScratchCursor.padded(width * (2 * 8 + 3 * format.byteCount)) }

  /// The two rows of doubles of one slot, and its scratch.
  func partials(
    in workspace: UnsafeMutableRawPointer, _ segment: Int, _ slot: Int
  ) -> (
    first: UnsafeMutablePointer<Double>, second: UnsafeMutablePointer<Double>,
    scratch: UnsafeMutableRawPointer
  ) {
    let base = workspace + (segment * slots + slot) * slotByteCount
    let doubles = base.assumingMemoryBound(to: Double.self)
    return (doubles, doubles + width, base + 2 * width * 8)
  }

  /// How many of the segment's rows each lane of a slot stands for, and how many lanes it has.
  private func extent(ofSlot slot: Int) -> (count: Int, lanes: Int) {
    slot == pieces ? (1, tail) : (min(pieceRows, wideRows - slot * pieceRows), width)
  }

  /// Adds the two sums of every slot of a segment, in order, into one pair a channel.
  func addSums(
    _ workspace: UnsafeMutableRawPointer, segment: Int,
    into first: UnsafeMutablePointer<Double>, _ second: UnsafeMutablePointer<Double>
  ) {
    for c in 0..<channels { (first[c], second[c]) = (0, 0) }
    for slot in 0..<slots {
      let part = partials(in: workspace, segment, slot)
      for lane in stride(from: 0, to: extent(ofSlot: slot).lanes, by: channels) {
        for c in 0..<channels {
          first[c] += part.first[lane + c]
          second[c] += part.second[lane + c]
        }
      }
    }
  }

  /// Joins the means and squared deviations of every slot of a segment, in order, into those of each channel.
  func joinMoments(
    _ workspace: UnsafeMutableRawPointer, segment: Int,
    mean: UnsafeMutablePointer<Double>, deviations: UnsafeMutablePointer<Double>
  ) {
    for c in 0..<channels { (mean[c], deviations[c]) = (0, 0) }
    for slot in 0..<slots {
      let part = partials(in: workspace, segment, slot)
      let (count, lanes) = extent(ofSlot: slot)
      let share = Double(count) / Double(rows)
      for lane in stride(from: 0, to: lanes, by: channels) {
        for c in 0..<channels { mean[c] += share * part.first[lane + c] }
      }
    }
    for slot in 0..<slots {
      let part = partials(in: workspace, segment, slot)
      let (count, lanes) = extent(ofSlot: slot)
      for lane in stride(from: 0, to: lanes, by: channels) {
        for c in 0..<channels {
          let delta = part.first[lane + c] - mean[c]
          deviations[c] += part.second[lane + c] + Double(count) * delta * delta
        }
      }
    }
  }
}

/// Per-channel factors, repeated to the width of a wide row: one row of them a segment.
struct ChannelFactors {
  let cut: NormalizationCut
  let base: UnsafeMutableRawPointer

  static func byteCount(_ cut: NormalizationCut) -> Int {
    ScratchCursor.padded(cut.segments * cut.width * cut.format.byteCount)
  }

  init(_ cut: NormalizationCut, _ scratch: inout ScratchCursor) {
    self.cut = cut
    base = scratch.take(Self.byteCount(cut))
  }

  subscript(segment: Int) -> UnsafeMutableRawPointer {
    base + segment * cut.width * cut.format.byteCount
  }

  /// The factors `a[c]`, or `a[c]·b[c]`.
  func set(_ segment: Int = 0, to a: UnsafeRawPointer, times b: UnsafeRawPointer? = nil) {
    cut.table.pointee.repeat(a, b, cut.channels, cut.repeats, self[segment])
  }

  /// The factors `values[c]`, rounded.
  func set(_ segment: Int = 0, rounding values: UnsafePointer<Double>) {
    cut.table.pointee.narrow(values, cut.channels, self[segment])
    for r in stride(from: 1, to: cut.repeats, by: 1) {
      (self[segment] + r * cut.channels * cut.format.byteCount)
        .copyMemory(from: self[segment], byteCount: cut.channels * cut.format.byteCount)
    }
  }
}
