@testable import MartletKernels

/// How far rounding can take the gradient of the weights by F(m×m, r×r) from the true one (see ``RoundingError``):
///   |error| ≤ γₙ |G|ᵀ [Σ over tiles (|Bᵀ| |d| |B|) ⊗ (|A| |dY| |Aᵀ|)] |G|.
struct WinogradWeightsBound {
  /// Of stride 1.
  private let shape: ConvolutionShape
  /// Where the convolution's stride is another.
  private let polyphase: PolyphaseForm?
  private let tile: WinogradTile
  private let tileCount: Int
  private let matrices: WinogradMatrices
  private var a: [[Double]] { matrices.a }
  private var b: [[Double]] { matrices.b }
  private var g: [[Double]] { matrices.g }

  init(_ shape: ConvolutionShape, tile: WinogradTile) {
    polyphase = tile.stride > 1 ? PolyphaseForm(shape, tile) : nil
    self.shape = polyphase?.shape ?? shape
    self.tile = tile
    tileCount = WinogradWeightsCut(shape, tile).tiles
    matrices = WinogradMatrices(tile)
  }

  /// Roundings on the longest way: a 1-D transform takes at most 4 (two multiplications and two additions, where the
  /// set has no fused ones), Gᵀ at most 6 with that of its coefficient; the affine map takes 2; then the product, its
  /// sum over all tiles, and the sum of parts or chunks, which are no more than the tiles.
  var roundings: Int { 2 * 4 + 2 * 4 + 2 * 6 + 2 + 1 + 2 * tileCount }

  func callAsFunction(_ input: [Double], _ outputGradient: [Double]) -> [Double] {
    polyphase.map { $0.weightGradient(bounds($0.input(input), outputGradient)) }
      ?? bounds(input, outputGradient)
  }

  private func bounds(_ input: [Double], _ outputGradient: [Double]) -> [Double] {
    let taps = tile.taps
    let edge = tile.outputs + taps - 1
    let (channels, outputs) = (shape.inputChannels, shape.outputChannels)
    let depth = shape.kernel.depth
    var sums = [Double](repeating: 0, count: edge * edge * channels * outputs * depth)
    /// |matrix| |pixels| |matrix|ᵀ of one channel of a tile.
    func transform(_ matrix: [[Double]], _ extent: Int, _ pixel: (Int, Int) -> Double) -> [Double] {
      var half = [Double](repeating: 0, count: edge * extent)
      for f in 0..<edge {
        for j in 0..<extent {
          for i in 0..<extent { half[f * extent + j] += abs(matrix[f][i]) * abs(pixel(i, j)) }
        }
      }
      var result = [Double](repeating: 0, count: edge * edge)
      for f in 0..<edge {
        for h in 0..<edge {
          for j in 0..<extent { result[f * edge + h] += half[f * extent + j] * abs(matrix[h][j]) }
        }
      }
      return result
    }
    /// Slices are counted through all images.
    func forEachTile(_ body: (_ slice: Int, _ row: Int, _ column: Int) -> Void) {
      let (height, width) = (shape.output.height, shape.output.width)
      for n in 0..<shape.batch * shape.output.depth {
        for phaseRow in 0..<min(shape.dilation.height, height) {
          for phaseColumn in 0..<min(shape.dilation.width, width) {
            for y in stride(from: phaseRow, to: height, by: tile.outputs * shape.dilation.height) {
              for x in stride(from: phaseColumn, to: width, by: tile.outputs * shape.dilation.width) {
                body(n, y, x)
              }
            }
          }
        }
      }
    }
    func value(
      _ values: [Double], _ size: SpatialExtent, _ count: Int, _ n: Int, _ y: Int, _ x: Int, _ c: Int
    )
      -> Double
    {
      guard y >= 0, y < size.height, x >= 0, x < size.width else { return 0 }
      return values[((n * size.height + y) * size.width + x) * count + c]
    }
    func inputs(_ slice: Int, _ row: Int, _ column: Int) -> [[Double]] {
      (0..<channels).map { c in
        transform(b, edge) { i, j in
          value(
            input, shape.input, channels, slice,
            row - shape.paddingBefore.height + i * shape.dilation.height,
            column - shape.paddingBefore.width + j * shape.dilation.width, c)
        }
      }
    }
    forEachTile { n, row, column in
      let gradients = (0..<outputs).map { k in
        transform(a, tile.outputs) { i, j in
          value(
            outputGradient, shape.output, outputs, n, row + i * shape.dilation.height,
            column + j * shape.dilation.width, k)
        }
      }
      for tap in 0..<depth {
        let z = n % shape.output.depth - shape.paddingBefore.depth + tap * shape.dilation.depth
        guard (0..<shape.input.depth).contains(z) else { continue }
        let inputs = inputs(n / shape.output.depth * shape.input.depth + z, row, column)
        for k in 0..<outputs {
          for c in 0..<channels {
            let start = ((k * channels + c) * depth + tap) * edge * edge
            for f in 0..<edge * edge { sums[start + f] += inputs[c][f] * gradients[k][f] }
          }
        }
      }
    }
    let gamma = RoundingError.gamma(roundings, .float32)
    var bounds = [Double](repeating: 0, count: shape.weightElementCount)
    for kernel in 0..<outputs * channels * depth {
      for p in 0..<taps {
        for q in 0..<taps {
          var sum = 0.0
          for f in 0..<edge {
            for h in 0..<edge { sum += abs(g[f][p]) * sums[(kernel * edge + f) * edge + h] * abs(g[h][q]) }
          }
          bounds[(kernel * taps + p) * taps + q] = gamma * sum
        }
      }
    }
    return bounds
  }
}
