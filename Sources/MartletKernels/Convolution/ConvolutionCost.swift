/// What an algorithm costs on a shape, in multiply-adds at the core's peak: a model, so that a choice depends on the
/// shape alone and is the same on every machine and in every run.
///
/// The constants are what the kernels measure at, on AVX-512, relative to the multiply-adds that the core could have
/// done in that time. They need only be right where algorithms are close to each other.
struct ConvolutionCost {
  let shape: ConvolutionShape
  let part: ConvolutionPart

  func of(_ algorithm: ConvolutionAlgorithm) -> Double {
    switch algorithm {
    case .direct: direct
    case .winograd(let tile): winograd(tile)
    }
  }

  /// Near the peak where many channels share what is loaded.
  private var direct: Double {
    let efficiency = part == .backwardWeights ? 0.85 : 0.92
    return Double(shape.batch * shape.output.count) * panels(shape.inputChannels, shape.outputChannels)
      * Double(shape.kernel.count) / efficiency
  }

  /// Channel pairs, with the lanes that the last vector leaves empty.
  private func panels(_ rows: Int, _ columns: Int) -> Double {
    Double(rows) * Double(ceilDivide(columns, 16) * 16)
  }

  private func winograd(_ tile: WinogradTile) -> Double {
    let (input, output) = (shape.inputChannels, shape.outputChannels)
    // A dilated convolution is many plain ones, each with tiles of its own.
    let space = part == .backwardData ? shape.input : shape.output
    let tiles =
      Double(shape.batch)
      * tileCount(space.height, shape.dilation.height, tile)
      * tileCount(space.width, shape.dilation.width, tile)
    let frequencies = Double(tile.frequencyCount)
    let padded = Double(ceilDivide(input, 16) * 16)
    let products = tiles * frequencies * panels(Int(padded), output) / 0.95
    // Transforms go through each channel's tile once, and once more for each part of the gradient's channels.
    let perTile = (part == .backwardWeights ? 20.0 : 9.0) * frequencies
    let transforms = tiles * perTile * (padded + Double(ceilDivide(output, 16) * 16))
    let weights = 9 * frequencies * padded * Double(output)
    return products + transforms + weights
  }

  private func tileCount(_ size: Int, _ dilation: Int, _ tile: WinogradTile) -> Double {
    // Sub-grids differ by one pixel at most.
    let (short, longer) = (size / dilation, size % dilation)
    return Double(
      longer * ceilDivide(short + 1, tile.rawValue) + (dilation - longer) * ceilDivide(short, tile.rawValue))
  }
}

extension ConvolutionAlgorithm {
  /// The fastest of some algorithms for a shape, by a model of their costs; `.direct` where no other can compute it.
  public static func fastest(
    of algorithms: [ConvolutionAlgorithm], for part: ConvolutionPart, _ shape: ConvolutionShape,
    _ scalar: RealFormat
  ) -> ConvolutionAlgorithm {
    let cost = ConvolutionCost(shape: shape, part: part)
    return algorithms.filter { $0.supports(shape, scalar) }.min { cost.of($0) < cost.of($1) } ?? .direct
  }
}
