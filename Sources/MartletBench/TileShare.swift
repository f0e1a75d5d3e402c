import ArgumentParser
import CMartletKernels
import Martlet
import MartletKernels

/// How near the matrix kernels come to the core's peak where nothing but the core can hold them up: operands packed
/// and in the nearest caches, one thread.
struct TileShare: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tile", abstract: "Measure the matrix kernels' tiles against the peak of one core.")

  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    let figures = try InstructionSet.available.flatMap(Self.shares)
    if json { return try printJSON(figures) }
    for figure in figures {
      print(
        "\(figure.instructionSet) \(figure.height)×\(figure.width), \(figure.kernel), operands in "
          + "\(figure.operandsIn): \(rounded(figure.gflops)) of \(rounded(figure.peakGflops)) GFLOP/s, "
          + "\(rounded(figure.share * 100))%")
    }
  }

  struct Figure: Encodable {
    var instructionSet: String
    var kernel: String
    /// Rows and columns of the tile.
    var height: Int
    var width: Int
    var operandsIn: String
    var gflops: Double
    /// Of one core, with vectors of the same width, measured in turns with the tile.
    var peakGflops: Double
    var share: Double
  }

  private static func shares(_ set: InstructionSet) throws -> [Figure] {
    let kernels = martlet_gemm_table(set.cValue, 0).pointee
    // 128 terms of two tiles and a panel fit a first cache of 32 KiB; 256 terms of many only the second.
    let sizes = [("L1", tiles: 2, panels: 1, terms: 128), ("L2", tiles: 8, panels: 4, terms: 256)]
    return try sizes.flatMap { cache, tiles, panels, terms in
      let work = try TileWork(kernels, tiles: tiles, panels: panels, terms: terms)
      return [("product", work.multiply), ("outer products", work.addOuterProducts)].map { name, run in
        let peakLoop = PeakLoop(set)
        let repeats = max(1, Int(peakLoop.flops / work.flops))
        var (seconds, peakSeconds) = (Double.infinity, Double.infinity)
        for _ in 0..<100 {
          seconds = min(seconds, fastestSeconds(runs: 1) { for _ in 0..<repeats { run() } })
          peakSeconds = min(peakSeconds, fastestSeconds(runs: 1) { peakLoop.run() })
        }
        let (reached, peak) = (
          work.flops * Double(repeats) / seconds / 1e9, peakLoop.flops / peakSeconds / 1e9
        )
        return Figure(
          instructionSet: set.rawValue, kernel: name, height: Int(kernels.height), width: Int(kernels.width),
          operandsIn: cache, gflops: reached, peakGflops: peak, share: reached / peak)
      }
    }
  }
}

/// A product of whole tiles, `rows` × `terms` times `terms` × `columns`.
private final class TileWork {
  private let kernels: martlet_gemm_kernels
  private let operands: [Floats]
  private let pointers: UnsafeMutableBufferPointer<UnsafeMutableRawPointer?>
  /// Of the only tap: its offset, its first pixel and the end of its pixels.
  private let tap = UnsafeMutablePointer<Int>.allocate(capacity: 3)
  private var product = martlet_gemm_block()
  private var outer = martlet_outer_block()
  let flops: Double

  init(_ kernels: martlet_gemm_kernels, tiles: Int, panels: Int, terms: Int) throws {
    self.kernels = kernels
    let (height, width) = (Int(kernels.height), Int(kernels.width))
    let (rows, columns) = (tiles * height, panels * width)
    flops = 2 * Double(rows * columns * terms)
    let left = try Floats(rows * terms, stream: 1)
    let right = try Floats(columns * terms, stream: 2)
    let sums = try Floats(rows * columns, stream: 3)
    operands = [left, right, sums]
    pointers = .allocate(capacity: 2 * rows)
    for row in 0..<rows {
      pointers.initializeElement(at: row, to: UnsafeMutableRawPointer(left.pointer + row * terms))
      pointers.initializeElement(at: rows + row, to: UnsafeMutableRawPointer(sums.pointer + row * columns))
    }
    tap.initialize(repeating: 0, count: 2)
    (tap + 2).initialize(to: terms)
    let sources = UnsafeRawPointer(pointers.baseAddress!).assumingMemoryBound(to: UnsafeRawPointer?.self)

    product.rows = rows
    product.columns = columns
    product.taps = 1
    product.channels = terms
    product.sources = sources
    product.source_pitch = rows
    product.panels = UnsafeRawPointer(right.address)
    product.panel_stride = terms * width
    product.outputs = UnsafePointer(pointers.baseAddress! + rows)

    outer.lines = 1
    outer.taps = 1
    outer.left_lines = sources
    outer.left_offsets = UnsafePointer(tap)
    outer.first_pixels = UnsafePointer(tap + 1)
    outer.end_pixels = UnsafePointer(tap + 2)
    outer.left_step = height
    outer.left_panel_stride = terms * height
    outer.left_rows = rows
    outer.right = UnsafeRawPointer(right.address)
    outer.right_panel_stride = terms * width
    outer.right_line_stride = terms * width
    outer.right_step = width
    outer.right_panels = panels
    outer.sums = sums.address
  }

  deinit {
    pointers.deallocate()
    tap.deallocate()
  }

  /// The kernel of forward and backward-data: rows on the left, found by pointers.
  func multiply() { kernels.multiply(&product) }

  /// The kernel of the weights' gradient: packed panels on both sides.
  func addOuterProducts() { kernels.add_outer_products(&outer) }
}
