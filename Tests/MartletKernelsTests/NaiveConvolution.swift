import MartletKernels

/// Convolution and its gradients written down from the definition, in float64, on channels-last arrays.
struct NaiveConvolution {
  let shape: ConvolutionShape

  /// Calls `body` with the indices of every product: output, input, weight and output channel.
  func forEachProduct(_ body: (_ output: Int, _ input: Int, _ weight: Int, _ channel: Int) -> Void) {
    let s = shape
    let (cPerGroup, kPerGroup) = (s.inputChannels / s.groups, s.outputChannels / s.groups)
    for n in 0..<s.batch {
      for o in coordinates(s.output) {
        for t in coordinates(s.kernel) {
          let z = o.depth * s.stride.depth - s.paddingBefore.depth + t.depth * s.dilation.depth
          let y = o.height * s.stride.height - s.paddingBefore.height + t.height * s.dilation.height
          let x = o.width * s.stride.width - s.paddingBefore.width + t.width * s.dilation.width
          guard z >= 0, z < s.input.depth, y >= 0, y < s.input.height, x >= 0, x < s.input.width else {
            continue
          }
          let outputPixel =
            ((n * s.output.depth + o.depth) * s.output.height + o.height) * s.output.width + o.width
          let inputPixel = ((n * s.input.depth + z) * s.input.height + y) * s.input.width + x
          let tap = (t.depth * s.kernel.height + t.height) * s.kernel.width + t.width
          for k in 0..<s.outputChannels {
            for c in 0..<cPerGroup {
              body(
                outputPixel * s.outputChannels + k,
                inputPixel * s.inputChannels + k / kPerGroup * cPerGroup + c,
                (k * cPerGroup + c) * s.kernel.count + tap, k)
            }
          }
        }
      }
    }
  }

  private func coordinates(_ extent: SpatialExtent) -> [SpatialExtent] {
    var all: [SpatialExtent] = []
    for d in 0..<extent.depth {
      for h in 0..<extent.height { for w in 0..<extent.width { all.append(SpatialExtent(d, h, w)) } }
    }
    return all
  }

  func forward(_ input: [Double], _ weight: [Double], _ bias: [Double]?) -> [Double] {
    var output = [Double](repeating: 0, count: shape.outputElementCount)
    forEachProduct { o, i, w, _ in output[o] += input[i] * weight[w] }
    if let bias { for i in output.indices { output[i] += bias[i % shape.outputChannels] } }
    return output
  }

  func backwardData(_ outputGradient: [Double], _ weight: [Double]) -> [Double] {
    var gradient = [Double](repeating: 0, count: shape.inputElementCount)
    forEachProduct { o, i, w, _ in gradient[i] += outputGradient[o] * weight[w] }
    return gradient
  }

  func backwardWeights(_ input: [Double], _ outputGradient: [Double]) -> [Double] {
    var gradient = [Double](repeating: 0, count: shape.weightElementCount)
    forEachProduct { o, i, w, _ in gradient[w] += outputGradient[o] * input[i] }
    return gradient
  }
}
