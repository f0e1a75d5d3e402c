/// What convolutions cost whose weights were prepared, in bfloat16 and as they are.
extension ConvolutionCost {
  /// Measured like the other rates, on AVX-512 BF16.
  func ofBFloat16(_ algorithm: ConvolutionAlgorithm) -> Double {
    switch algorithm {
    case .direct:
      direct(mayRunAlongChannels: false) * Work(products: 0.515, activations: 13, weights: 0, calls: 300_000)
    case .winograd(let tile):
      winograd(tile) * Work(products: 0.51, activations: 7.5, fragments: 10, weights: 3, calls: 50_000)
    }
  }

  /// Winograd's algorithm transforms prepared weights again; to others they cost nothing.
  func ofPrepared(_ algorithm: ConvolutionAlgorithm) -> Double {
    guard algorithm == .direct else { return of(algorithm) }
    var rates = rates(of: algorithm)
    rates.weights = 0
    return direct() * rates
  }
}

extension BFloat16Convolution {
  /// The fastest of some convolutions of one shape and part; `nil` where the algorithm in float32 is faster than all, by a
  /// model of their costs. Weights are prepared in either case.
  public static func fastest(
    of candidates: [BFloat16Convolution], orExactly algorithm: ConvolutionAlgorithm
  ) -> BFloat16Convolution? {
    guard let first = candidates.first else { return nil }
    let cost = ConvolutionCost(shape: first.shape, part: first.part)
    let best = candidates.min { cost.ofBFloat16($0.algorithm) < cost.ofBFloat16($1.algorithm) }
    return best.flatMap { cost.ofBFloat16($0.algorithm) < cost.ofPrepared(algorithm) ? $0 : nil }
  }
}
