@testable import MartletKernels

/// How far rounding can take the result of a convolution by F(m×m, r×r), or of its backward-data pass, from the true
/// one (see ``RoundingError``): for every tile
///   |error| ≤ γₙ |Aᵀ| [Σ over taps along the depth and channels (|G| |g| |Gᵀ|) ∘ (|Bᵀ| |d| |B|)] |A|.
struct WinogradBound {
  private let tile: WinogradTile
  /// Of stride 1.
  private let shape: ConvolutionShape
  /// Where the convolution's stride is another.
  private let polyphase: PolyphaseForm?
  private let isForward: Bool
  private let matrices: WinogradMatrices
  private let sourceChannels: Int
  private let resultChannels: Int
  private let sourceSize: SpatialExtent
  private let resultSize: SpatialExtent

  /// - Parameter part: Forward or backward-data.
  init(_ shape: ConvolutionShape, _ part: ConvolutionPart, tile: WinogradTile) {
    self.tile = tile
    polyphase =
      tile.stride > 1 ? PolyphaseForm(shape, tile, isForInputGradient: part == .backwardData) : nil
    let shape = polyphase?.shape ?? shape
    self.shape = shape
    isForward = part == .forward
    matrices = WinogradMatrices(tile)
    (sourceChannels, resultChannels) =
      isForward ? (shape.inputChannels, shape.outputChannels) : (shape.outputChannels, shape.inputChannels)
    (sourceSize, resultSize) = isForward ? (shape.input, shape.output) : (shape.output, shape.input)
  }

  /// Roundings on the longest way of a product. In one dimension, where the set has no fused multiply-add:
  /// F(4,3), F(3,3), F(4,2) and F(3,4): the source's transform takes 2 multiplications and 2 additions, the weights' as many of
  /// which one is that of a coefficient, the result's 3 additions and a multiplication. F(2,3): 1, 2 and 2 additions; its
  /// coefficients are powers of two. Then the affine map of the source takes 2, the product and its sum over taps along the
  /// depth and channels one for each, and the bias one.
  private var roundings: Int {
    2 * (tile != .two ? 4 + 4 + 4 : 1 + 2 + 2) + 2 + shape.kernel.depth * sourceChannels + 1
  }

  /// - Parameters:
  ///   - source: Magnitudes of the input, or of the output's gradient; [batch, depth, height, width, channels].
  ///   - weight: [output channels, input channels, depth, height, width].
  ///   - bias: A number for each of the result's channels.
  ///   - rounding: By what part of itself each transformed operand may change before it is multiplied.
  func callAsFunction(
    _ source: [Double], _ weight: [Double], _ bias: [Double]?, rounding: Double = 0
  ) -> [Double] {
    let gamma = RoundingError.gamma(roundings, .float32)
    let ofProducts = gamma + (1 + gamma) * rounding * (2 + rounding)
    var bounds = polyphase.map { magnitudes($0, source, weight) } ?? magnitudes(source, weight)
    for i in bounds.indices {
      bounds[i] = ofProducts * bounds[i] + gamma * (bias.map { abs($0[i % $0.count]) } ?? 0)
    }
    return bounds
  }

  private func magnitudes(_ form: PolyphaseForm, _ source: [Double], _ weight: [Double]) -> [Double] {
    let weight = form.weight(weight)
    return isForward
      ? magnitudes(form.input(source), weight) : form.inputGradient(magnitudes(source, weight))
  }

  private func magnitudes(_ source: [Double], _ weight: [Double]) -> [Double] {
    let (outputs, taps) = (tile.outputs, tile.taps)
    let edge = outputs + taps - 1
    let weights = (0..<shape.kernel.depth).map { transformedWeights(weight, $0) }
    let dilation = [shape.dilation.height, shape.dilation.width]
    let padding = [shape.paddingBefore.height, shape.paddingBefore.width]
    let origin = (0..<2).map { isForward ? -padding[$0] : padding[$0] - (taps - 1) * dilation[$0] }
    /// The source's slice that tap `tap` of a result's slice reads, counted through all images.
    func sourceSlice(_ slice: Int, _ tap: Int) -> Int? {
      let reach = tap * shape.dilation.depth - shape.paddingBefore.depth
      let z = slice % resultSize.depth + (isForward ? reach : -reach)
      return (0..<sourceSize.depth).contains(z) ? slice / resultSize.depth * sourceSize.depth + z : nil
    }
    var result = [Double](repeating: 0, count: shape.batch * resultSize.count * resultChannels)
    var pixels = [Double](repeating: 0, count: edge * edge * sourceChannels)
    for slice in 0..<shape.batch * resultSize.depth {
      for phase in 0..<min(dilation[0], resultSize.height) * min(dilation[1], resultSize.width) {
        let phases = min(dilation[1], resultSize.width)
        for y in stride(from: phase / phases, to: resultSize.height, by: outputs * dilation[0]) {
          for x in stride(from: phase % phases, to: resultSize.width, by: outputs * dilation[1]) {
            var products = [Double](repeating: 0, count: edge * edge * resultChannels)
            for tap in weights.indices {
              guard let n = sourceSlice(slice, tap) else { continue }
              for p in 0..<edge * edge {
                let row = y + origin[0] + p / edge * dilation[0]
                let column = x + origin[1] + p % edge * dilation[1]
                let isInside =
                  (0..<sourceSize.height).contains(row) && (0..<sourceSize.width).contains(column)
                let from = ((n * sourceSize.height + row) * sourceSize.width + column) * sourceChannels
                for c in 0..<sourceChannels {
                  pixels[p * sourceChannels + c] = isInside ? abs(source[from + c]) : 0
                }
              }
              multiply(transform(pixels, sourceChannels, matrices.b), weights[tap], &products)
            }
            let results = transform(products, resultChannels, transposed(matrices.a))
            for p in 0..<outputs * outputs {
              let (row, column) = (y + p / outputs * dilation[0], x + p % outputs * dilation[1])
              guard row < resultSize.height, column < resultSize.width else { continue }
              let to = ((slice * resultSize.height + row) * resultSize.width + column) * resultChannels
              for k in 0..<resultChannels { result[to + k] = results[p * resultChannels + k] }
            }
          }
        }
      }
    }
    return result
  }

  /// |G| |g| |Gᵀ| of the kernels' slice `slice`, [frequency][source channel][result channel]; the taps of the plane in
  /// reverse order for backward-data.
  private func transformedWeights(_ weight: [Double], _ slice: Int) -> [Double] {
    let pairs = sourceChannels * resultChannels
    let count = tile.taps * tile.taps
    var taps = [Double](repeating: 0, count: count * pairs)
    for c in 0..<sourceChannels {
      for k in 0..<resultChannels {
        let pair = isForward ? k * sourceChannels + c : c * resultChannels + k
        let from = count * (pair * shape.kernel.depth + slice)
        for tap in 0..<count {
          taps[tap * pairs + c * resultChannels + k] = abs(weight[from + (isForward ? tap : count - 1 - tap)])
        }
      }
    }
    return transform(taps, pairs, matrices.g)
  }

  private func transposed(_ matrix: [[Double]]) -> [[Double]] {
    matrix[0].indices.map { column in matrix.map { $0[column] } }
  }

  /// |matrix| values |matrix|ᵀ for `channels` squares side by side, [row][column][channel].
  private func transform(_ values: [Double], _ channels: Int, _ matrix: [[Double]]) -> [Double] {
    let (from, to) = (matrix[0].count, matrix.count)
    var half = [Double](repeating: 0, count: to * from * channels)
    var result = [Double](repeating: 0, count: to * to * channels)
    func add(_ source: [Double], _ start: Int, _ factor: Double, _ sums: inout [Double], _ at: Int) {
      for c in 0..<channels { sums[at + c] += factor * source[start + c] }
    }
    for i in 0..<to {
      for k in 0..<from where matrix[i][k] != 0 {
        for j in 0..<from {
          add(values, (k * from + j) * channels, abs(matrix[i][k]), &half, (i * from + j) * channels)
        }
      }
      for j in 0..<to {
        for k in 0..<from where matrix[j][k] != 0 {
          add(half, (i * from + k) * channels, abs(matrix[j][k]), &result, (i * to + j) * channels)
        }
      }
    }
    return result
  }

  /// Adds the sums over the source's channels, [frequency][result channel].
  private func multiply(_ frequencies: [Double], _ weights: [Double], _ products: inout [Double]) {
    products.withUnsafeMutableBufferPointer { products in
      frequencies.withUnsafeBufferPointer { frequencies in
        weights.withUnsafeBufferPointer { weights in
          for i in frequencies.indices {
            let to = i / sourceChannels * resultChannels
            for k in 0..<resultChannels {
              products[to + k] += frequencies[i] * weights[i * resultChannels + k]
            }
          }
        }
      }
    }
  }
}
