/// How convolutions and their backward-data passes are sums over taps, for products and for depthwise kernels.
extension ConvolutionShape {
  /// The same depthwise convolution on an input whose channels are repeated, one for each output channel.
  var repeatingInput: ConvolutionShape {
    var shape = self
    shape.inputChannels = outputChannels
    shape.groups = outputChannels
    return shape
  }

  /// Bytes between neighbours along batch, depth, height and width of the input.
  func inputStrides(_ scalar: RealFormat) -> (Int, Int, Int, Int) {
    Self.strides(input, inputChannels * scalar.byteCount)
  }

  /// Bytes between neighbours along batch, depth, height and width of the output.
  func outputStrides(_ scalar: RealFormat) -> (Int, Int, Int, Int) {
    Self.strides(output, outputChannels * scalar.byteCount)
  }

  private static func strides(_ size: SpatialExtent, _ pixel: Int) -> (Int, Int, Int, Int) {
    (size.count * pixel, size.height * size.width * pixel, size.width * pixel, pixel)
  }

  /// The convolution itself: every output pixel, every tap.
  func forwardProduct(_ scalar: RealFormat) -> IndirectProduct {
    let taps = taps(mergingRows: false)
    return IndirectProduct(
      grid: (batch, output.depth, output.height, output.width), step: stride,
      tapOffsets: taps.map(sourceOffset), weightTaps: taps.map(weightOffset),
      outputStrides: outputStrides(scalar))
  }

  /// A product for each residue of the input coordinates modulo the stride.
  func backwardDataProducts(_ scalar: RealFormat) -> [IndirectProduct] {
    let (image, plane, row, pixel) = inputStrides(scalar)
    let depths = AxisPhase.all(self, axis: 0)
    let heights = AxisPhase.all(self, axis: 1)
    let widths = AxisPhase.all(self, axis: 2)
    var products: [IndirectProduct] = []
    for d in depths {
      for h in heights {
        for w in widths {
          var offsets: [SpatialExtent] = []
          var weights: [Int] = []
          for (kd, od) in d.taps {
            for (kh, oh) in h.taps {
              for (kw, ow) in w.taps {
                offsets.append(SpatialExtent(od, oh, ow))
                weights.append(weightOffset(SpatialExtent(kd, kh, kw)))
              }
            }
          }
          products.append(
            IndirectProduct(
              grid: (batch, d.count, h.count, w.count), step: SpatialExtent(1, 1, 1),
              tapOffsets: offsets, weightTaps: weights,
              outputStrides: (
                image, stride.depth * plane, stride.height * row, stride.width * pixel
              ), outputOffset: d.first * plane + h.first * row + w.first * pixel))
        }
      }
    }
    return products
  }
}

/// The input coordinates first, first + stride, … of one axis, and the taps that reach them.
private struct AxisPhase {
  let first: Int
  let count: Int
  /// Kernel index, and the output coordinate that it reads for coordinate `first`.
  let taps: [(kernel: Int, offset: Int)]

  static func all(_ shape: ConvolutionShape, axis: Int) -> [AxisPhase] {
    let stride = shape.stride[axis]
    return (0..<min(stride, shape.input[axis])).map { first in
      // Output o reaches input i by tap k where i = o · stride − padding + k · dilation.
      let taps = (0..<shape.kernel[axis]).compactMap { k -> (kernel: Int, offset: Int)? in
        let distance = first + shape.paddingBefore[axis] - k * shape.dilation[axis]
        return distance % stride == 0 ? (k, distance / stride) : nil
      }
      return AxisPhase(first: first, count: ceilDivide(shape.input[axis] - first, stride), taps: taps)
    }
  }
}
