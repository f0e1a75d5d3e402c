/// What an algorithm costs on a shape, in multiply-adds at a core's peak: a model, so that a choice depends on the shape
/// alone and is the same on every machine and in every run.
///
/// Six kinds of work are counted, and each algorithm has a rate for each, others for strides. The rates are a
/// least-squares fit to measurements on AVX-512, one thread; `martlet-bench choice` measures anew and says where the
/// choice is wrong.
struct ConvolutionCost {
  let shape: ConvolutionShape
  let part: ConvolutionPart

  func of(_ algorithm: ConvolutionAlgorithm) -> Double {
    switch algorithm {
    case .direct: direct() * rates(of: algorithm)
    case .winograd(let tile): winograd(tile) * rates(of: algorithm)
    }
  }

  /// Counts of the work, or what one of each costs.
  struct Work {
    /// Products of numbers.
    var products: Double
    /// Numbers of the two activations that are read or written, in the form that they are multiplied in.
    var activations: Double
    /// Those of them that cost more, where fewer channels are summed over than a vector has lanes: the source's lanes are
    /// partly empty, and the result's products are short sums.
    var fragments = 0.0
    /// Numbers of a copy of the input, in which polyphase components are channels side by side.
    var copies = 0.0
    /// Weights, in that form.
    var weights: Double
    /// One a call.
    var calls = 1.0

    static func * (work: Work, rates: Work) -> Double {
      work.products * rates.products + work.activations * rates.activations
        + work.fragments * rates.fragments + work.copies * rates.copies + work.weights * rates.weights + work
        .calls * rates.calls
    }
  }

  func rates(of algorithm: ConvolutionAlgorithm) -> Work {
    let isStrided = WinogradTile.strided.supports(shape) || WinogradTile.stem.supports(shape)
    return switch (algorithm, part) {
    case (.direct, .backwardData) where isStrided:
      Work(products: 1.12, activations: 39, weights: 40, calls: 960_000)
    // Few channels are as cheap as with stride 1.
    case (.direct, .backwardWeights) where isStrided && shape.inputChannels >= 16:
      Work(products: 1.27, activations: 26, weights: 67, calls: 76_000)
    case (.winograd(.strided), .backwardData): Work(products: 1.42, activations: 6, weights: 7.5, calls: 0)
    case (.winograd(.strided), .backwardWeights):
      Work(products: 1.4, activations: 1, copies: 27, weights: 11, calls: 23_000)
    case (.direct, .forward): Work(products: 1.0, activations: 13, weights: 19, calls: 370_000)
    case (.direct, .backwardData): Work(products: 1.03, activations: 15, weights: 15, calls: 480_000)
    case (.direct, .backwardWeights): Work(products: 1.02, activations: 3.5, weights: 40, calls: 87_000)
    case (.winograd, .forward):
      Work(products: 1.08, activations: 3.8, fragments: 9, copies: 27, weights: 7.2, calls: 50_000)
    case (.winograd, .backwardData):
      Work(products: 1.14, activations: 1.5, fragments: 2, weights: 7, calls: 95_000)
    case (.winograd, .backwardWeights):
      Work(products: 1.05, activations: 7.8, copies: 27, weights: 7.5, calls: 12_000)
    }
  }

  /// Channels that are summed over, and those that lie along vectors: of the source and the result.
  private var channels: (source: Int, result: Int) {
    part == .backwardData
      ? (shape.outputChannels, shape.inputChannels) : (shape.inputChannels, shape.outputChannels)
  }

  /// - Parameter mayRunAlongChannels: Whether vectors may run along the channels.
  func direct(mayRunAlongChannels: Bool = true) -> Work {
    let pixels = shape.batch * shape.output.count
    // Of all pixels: taps that read nothing but padding are left out.
    let taps = shape.forwardProduct(.float32).regions(sourceSize: shape.input).reduce(0.0) {
      $0 + Double($1.taps.count) * Double($1.product.pixelCount)
    }
    let terms = Double(channels.source / shape.groups) * taps
    // Of few columns each is a sum along vectors, with the lanes to add up at the end.
    let alongVectors = mayRunAlongChannels && part != .backwardWeights && channels.source % 16 == 0
    let products = min(
      terms * Double(Self.whole(channels.result)),
      alongVectors ? Double(channels.result) * (terms + Double(10 * 16 * pixels)) : .infinity)
    return Work(
      products: products,
      activations: Double(pixels) * Double(shape.inputChannels + shape.outputChannels),
      weights: Double(shape.weightElementCount))
  }

  func winograd(_ tile: WinogradTile) -> Work {
    let components = WinogradComponents(shape, tile)
    let space = part == .backwardData ? components.gradientGrid(shape).size : shape.output
    // In a slice of all images.
    let tiles =
      Double(shape.batch) * tileCount(space.height, shape.dilation.height, tile)
      * tileCount(space.width, shape.dilation.width, tile)
    let frequencies = Double(tile.frequencyCount)
    let inputChannels = components.channelCount
    let (sourceChannels, resultChannels) =
      part == .backwardData ? (shape.outputChannels, inputChannels) : (inputChannels, shape.outputChannels)
    let (source, result) = (Self.whole(sourceChannels), Self.whole(resultChannels))
    // Channels that are summed over fill no lanes, but those of a weight gradient, where these are the tiles, go by fours.
    let terms = part == .backwardWeights ? roundUp(sourceChannels, 4) : sourceChannels
    let slices = slices(tile)
    let activations = tiles * frequencies * Double(slices.sourceCount * source + space.depth * result)
    return Work(
      products: (multipliedTiles(tile) ?? tiles * frequencies) * components.multipliedShare
        * Double(slices.productCount * terms * result),
      activations: activations,
      fragments: sourceChannels < 16 ? activations : 0,
      copies: part == .backwardData
        ? 0 : WinogradGatheredComponents(shape, tile).map { Double($0.elementCount) } ?? 0,
      weights: frequencies * Double(shape.kernel.depth * source * result))
  }

  /// Tiles of a slice that are multiplied, added up over the frequencies, where that may not be all of them: for the
  /// weights' gradient.
  private func multipliedTiles(_ tile: WinogradTile) -> Double? {
    part == .backwardWeights ? Double(WinogradWeightsCut(shape, tile).multipliedTileCount) : nil
  }

  private func slices(_ tile: WinogradTile) -> WinogradSlices {
    switch part {
    case .forward: WinogradPlan(forward: shape, tile).blocking.slices
    case .backwardData: WinogradPlan(backwardData: shape, tile).blocking.slices
    case .backwardWeights: WinogradWeightsCut(shape, tile).slices
    }
  }

  /// With the lanes that the last vector leaves empty.
  private static func whole(_ channels: Int) -> Int { roundUp(channels, 16) }

  /// Tiles along an axis: a dilated convolution is many plain ones, each with tiles of its own.
  private func tileCount(_ size: Int, _ dilation: Int, _ tile: WinogradTile) -> Double {
    // Sub-grids differ by one pixel at most.
    let (short, longer) = (size / dilation, size % dilation)
    return Double(
      longer * ceilDivide(short + 1, tile.outputs) + (dilation - longer) * ceilDivide(short, tile.outputs))
  }
}

extension ConvolutionAlgorithm {
  /// Multiply-adds below which any way takes a moment only, and the exact one is taken: it gives zeros where terms cancel.
  private static let leastWork = 4096

  /// The fastest of some algorithms for a shape, by a model of their costs; `.direct` where no other can compute it, and of
  /// very small ones.
  public static func fastest(
    of algorithms: [ConvolutionAlgorithm], for part: ConvolutionPart, _ shape: ConvolutionShape,
    _ scalar: RealFormat
  ) -> ConvolutionAlgorithm {
    if shape.multiplyAdds < leastWork, algorithms.contains(.direct) { return .direct }
    let cost = ConvolutionCost(shape: shape, part: part)
    return algorithms.filter { $0.supports(shape, scalar) }.min { cost.of($0) < cost.of($1) } ?? .direct
  }
}
