/// What convolutions cost whose weights were prepared, with narrow operands and as they are.
extension ConvolutionCost {
  /// Measured like the other rates, on AVX-512 BF16.
  fileprivate func ofBFloat16(_ algorithm: ConvolutionAlgorithm) -> Double {
    switch algorithm {
    case .direct:
      direct(mayRunAlongChannels: false) * Work(products: 0.515, activations: 13, weights: 0, calls: 300_000)
    case .winograd(let tile):
      winograd(tile) * Work(products: 0.56, activations: 7.5, fragments: 9, weights: 3, calls: 50_000)
    }
  }

  /// Measured like the other rates, on AVX-512 VNNI.
  fileprivate func ofInt8() -> Double {
    direct(mayRunAlongChannels: false) * Work(products: 0.27, activations: 13, weights: 0, calls: 300_000)
  }

  /// Forward, and transposed convolutions. Winograd's rates are fitted to layers of whole networks, whose activations come
  /// from memory: what is compared here is float32 with narrow numbers, and not one of float32's algorithms with another.
  /// It transforms prepared weights at each call; to direct sums they cost nothing.
  func ofPrepared(_ algorithm: ConvolutionAlgorithm) -> Double {
    switch algorithm {
    case .direct:
      var rates = rates(of: algorithm)
      rates.weights = 0
      return direct() * rates
    case .winograd(let tile):
      return winograd(tile)
        * Work(
          products: 1.2, activations: 9.5, fragments: 9, copies: 27, weights: 6, calls: 50_000)
    }
  }
}

extension NarrowConvolution {
  var costModel: ConvolutionCost {
    switch self {
    case .bfloat16(let convolution): ConvolutionCost(shape: convolution.shape, part: convolution.part)
    case .int8(let convolution): ConvolutionCost(shape: convolution.shape, part: convolution.part)
    }
  }

  var cost: Double {
    switch self {
    case .bfloat16(let convolution): costModel.ofBFloat16(convolution.algorithm)
    case .int8: costModel.ofInt8()
    }
  }
}
