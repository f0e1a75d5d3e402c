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
    let chains = product.columnChains(longest: longestRun)
    var firstTaps: [SpatialExtent] = []
    var runs: [martlet_depthwise_run] = []
    for row in product.kernelRows {
      for chain in chains {
        let weights = chain.prefix(2).map { product.weightTaps[row + $0] }
        firstTaps.append(product.tapOffsets[row + chain[0]])
        runs.append(
          martlet_depthwise_run(
            taps: chain.count, weight: weights[0], weight_step: chain.count > 1 ? weights[1] - weights[0] : 0)
        )
      }
    }
    var firsts = product
    firsts.tapOffsets = firstTaps
    map = PixelMap(firsts, sourceSize: sourceSize, sourceStrides: sourceStrides)
    self.runs = runs
  }

  /// Taps of each run.
  var runLengths: [Int] { runs.map(\.taps) }

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
    let widths = tapOffsets.prefix(kernelWidth).map(\.width)
    let spacing = zip(widths.dropFirst(), widths).reduce(0) { greatestCommonDivisor($0, abs($1.0 - $1.1)) }
    let phases = spacing / greatestCommonDivisor(spacing, step.width)
    // With few columns in each there would be nothing to share.
    guard phases > 1, grid.3 >= 4 * phases else { return [self] }
    return (0..<phases).map { first in
      var phase = self
      phase.grid.3 = ceilDivide(grid.3 - first, phases)
      phase.step.width = step.width * phases
      for tap in tapOffsets.indices { phase.tapOffsets[tap].width += first * step.width }
      phase.outputStrides.3 = outputStrides.3 * phases
      phase.outputOffset = outputOffset + first * outputStrides.3
      return phase
    }
  }

  /// Taps of a kernel row. All rows have the same.
  private var kernelWidth: Int {
    tapOffsets.prefix { $0.depth == tapOffsets[0].depth && $0.height == tapOffsets[0].height }.count
  }

  /// The first tap of each kernel row, in rising order of what they read.
  fileprivate var kernelRows: [Int] {
    stride(from: 0, to: tapOffsets.count, by: max(1, kernelWidth)).sorted {
      (tapOffsets[$0].depth, tapOffsets[$0].height) < (tapOffsets[$1].depth, tapOffsets[$1].height)
    }
  }

  /// The taps of a kernel row in groups of at most `longest`, each tap one column from the one before and all weights
  /// at equal distances.
  fileprivate func columnChains(longest: Int) -> [[Int]] {
    func residue(_ tap: Int) -> Int { (tapOffsets[tap].width % step.width + step.width) % step.width }
    var chains: [[Int]] = []
    for tap in (0..<kernelWidth).sorted(by: {
      (residue($0), tapOffsets[$0].width) < (residue($1), tapOffsets[$1].width)
    }) {
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
    let last = chain[chain.count - 1]
    return tapOffsets[tap].width == tapOffsets[last].width + step.width
      && (chain.count < 2
        || weightTaps[tap] - weightTaps[last] == weightTaps[chain[1]] - weightTaps[chain[0]])
  }
}

private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
  b == 0 ? a : greatestCommonDivisor(b, a % b)
}
