import CMartletKernels

/// A product of one channel with one weight for each tap, as depthwise kernels take it: its taps in runs, which load
/// each source pixel once for all columns that read it.
struct DepthwiseProduct {
  let grid: (Int, Int, Int, Int)
  private let map: PixelMap
  private let runs: [martlet_depthwise_run]

  init(
    _ product: IndirectProduct, longestRun: Int, sourceSize: SpatialExtent,
    sourceStrides: (Int, Int, Int, Int)
  ) {
    grid = product.grid
    let runs = product.runs(longest: longestRun)
    var firsts = product
    firsts.tapOffsets = runs.map { product.tapOffsets[$0[0]] }
    map = PixelMap(firsts, sourceSize: sourceSize, sourceStrides: sourceStrides)
    self.runs = runs.map { run in
      let weights = run.map { product.weightTaps[$0] }
      return martlet_depthwise_run(
        taps: run.count, weight: weights[0], weight_step: run.count > 1 ? weights[1] - weights[0] : 0)
    }
  }

  /// Rows, or parts of long ones: what a kernel takes at once. Those of the same columns follow each other.
  var unitCount: Int { rowCount * cuts }

  private static let longestUnit = 512
  private var rowCount: Int { grid.0 * grid.1 * grid.2 }
  private var cuts: Int { max(1, grid.3 / Self.longestUnit) }

  /// Runs a kernel on some units. `block` says which channels and weights.
  func run(
    _ kernel: (UnsafePointer<martlet_depthwise_block>?) -> Void, _ units: Range<Int>,
    _ block: martlet_depthwise_block, source: UnsafeRawPointer, output: UnsafeMutableRawPointer
  ) {
    var block = block
    map.withAddresses(source: source, output: output) { map in
      runs.withUnsafeBufferPointer { runs in
        block.map = map
        block.runs = runs.baseAddress
        for unit in units {
          let cut = unit / rowCount
          block.row = unit % rowCount
          block.first_column = grid.3 * cut / cuts
          block.columns = grid.3 * (cut + 1) / cuts - block.first_column
          kernel(&block)
        }
      }
    }
  }
}

extension IndirectProduct {
  /// The same sums as several products on interleaved columns, in each of which neighbouring taps are one column apart:
  /// dilated kernels are plain ones then.
  var columnPhases: [IndirectProduct] {
    let widths = Set(tapOffsets.map(\.width)).sorted()
    let spacing = zip(widths.dropFirst(), widths).reduce(0) { greatestCommonDivisor($0, $1.0 - $1.1) }
    let phases = spacing / greatestCommonDivisor(spacing, step.width)
    // With few columns in each there would be nothing to share.
    guard phases > 1, grid.3 >= 4 * phases else { return [self] }
    return (0..<phases).map { first in
      var phase = self
      phase.grid.3 = ceilDivide(grid.3 - first, phases)
      phase.step.width = step.width * phases
      phase.tapOffsets = tapOffsets.map { SpatialExtent($0.depth, $0.height, $0.width + first * step.width) }
      phase.outputStrides.3 = outputStrides.3 * phases
      phase.outputOffset = outputOffset + first * outputStrides.3
      return phase
    }
  }

  /// The taps in groups of at most `longest`, each one column from the next in the same kernel row and with weights
  /// at equal distances. Rows rise.
  fileprivate func runs(longest: Int) -> [[Int]] {
    func key(_ tap: Int) -> (Int, Int, Int, Int) {
      let offset = tapOffsets[tap]
      let residue = (offset.width % step.width + step.width) % step.width
      return (offset.depth, offset.height, residue, offset.width)
    }
    var chains: [[Int]] = []
    for tap in tapOffsets.indices.sorted(by: { key($0) < key($1) }) {
      if let chain = chains.last, continues(chain, with: tap) {
        chains[chains.count - 1].append(tap)
      } else {
        chains.append([tap])
      }
    }
    return chains.flatMap { chain in
      let parts = ceilDivide(chain.count, longest)
      return (0..<parts).map { Array(chain[(chain.count * $0 / parts)..<(chain.count * ($0 + 1) / parts)]) }
    }
  }

  private func continues(_ chain: [Int], with tap: Int) -> Bool {
    guard let last = chain.last else { return false }
    var next = tapOffsets[last]
    next.width += step.width
    return tapOffsets[tap] == next
      && (chain.count < 2 || weightTaps[tap] - weightTaps[last] == weightTaps[chain[1]] - weightTaps[chain[0]])
  }
}

private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
  b == 0 ? a : greatestCommonDivisor(b, a % b)
}
