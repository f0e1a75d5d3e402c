import ArgumentParser
import Martlet
import MartletKernels

/// Whether the model of costs picks the algorithm that this machine computes a convolution fastest with.
struct AlgorithmChoice: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "choice", abstract: "Check the choice of convolution algorithms against measurements.")

  @Option(help: "Images in the batch.") var batch = 1
  @Option(help: "Runs of which the fastest counts.") var runs = 5
  @Flag(help: "Print JSON, of the sums alone.") var json = false
  @Flag(help: "Show every case, not only those where the choice costs more than a tenth.") var all = false

  /// On one thread, as the model is.
  func run() throws { try ThreadPool.withThreadCount(1) { try measure() } }

  private func measure() throws {
    var losses: [Double] = []
    for shape in shapes {
      for part in [ConvolutionPart.forward, .backwardData, .backwardWeights] {
        let candidates = Numerics.fast.algorithms.filter { $0.supports(shape, .float32) }
        let chosen = ConvolutionAlgorithm.fastest(of: candidates, for: part, shape, .float32)
        let times = try candidates.map { algorithm in
          let operands = try ConvolutionOperands<Float>(part, shape, algorithm)
          operands.run()
          return (algorithm, fastestSeconds(runs: runs) { operands.run() })
        }
        guard let best = times.min(by: { $0.1 < $1.1 }), let own = times.first(where: { $0.0 == chosen })
        else {
          continue
        }
        losses.append(own.1 / best.1)
        if !json, all || losses.last! > 1.1 {
          let text = times.map { "\($0.0) \(rounded($0.1 * 1e6)) µs" }.joined(separator: ", ")
          print(
            "\(shape.inputChannels) → \(shape.outputChannels) at \(sizes(shape.input)), kernel "
              + "\(sizes(shape.kernel)), stride \(shape.stride.height), dilation \(shape.dilation.height), \(part): "
              + "chose \(chosen), which takes \(rounded(losses.last!)) of the fastest (\(text))")
        }
      }
    }
    let summary = Summary(
      cases: losses.count, withinTenth: losses.filter { $0 <= 1.1 }.count, worst: losses.max() ?? 1,
      mean: losses.reduce(0, +) / Double(max(losses.count, 1)))
    if json { return try printJSON(summary) }
    print(
      "\(summary.cases) cases: the choice is within a tenth of the fastest in \(summary.withinTenth), takes "
        + "\(rounded(summary.worst)) of it at worst and \(rounded(summary.mean)) on average")
  }

  /// Times are shares of the fastest algorithm's.
  struct Summary: Encodable {
    var cases: Int
    var withinTenth: Int
    var worst: Double
    var mean: Double
  }

  private func sizes(_ extent: SpatialExtent) -> String {
    "\(extent.depth)×\(extent.height)×\(extent.width)"
  }

  /// 3×3 convolutions with padding, of channels and sizes as networks have them, dilated ones as in spatial pyramids,
  /// volumes, 3×3 and 4×4 of stride 2, and first layers of 7×7 and 8×8.
  private var shapes: [ConvolutionShape] {
    let channels = [
      (3, 16), (3, 64), (8, 8), (16, 16), (24, 24), (32, 32), (64, 64), (64, 2), (128, 128), (256, 256),
      (512, 512), (256, 32),
    ]
    let plain = [2, 4, 7, 14, 16, 28, 56, 96].flatMap { size in
      channels.map { shape($0.0, $0.1, size: size) }
    }
    let dilated = [2, 6, 12, 18].flatMap { rate in
      [16, 32, 64].flatMap { size in [64, 256].map { shape($0, $0, size: size, dilation: rate) } }
    }
    let volumes = [2, 4, 8, 16, 32].flatMap { size in
      [(1, 16), (4, 32), (16, 16), (32, 32), (64, 64), (128, 128), (64, 16)].flatMap { channels in
        [1, 3].map { shape(channels.0, channels.1, depth: size, size: size, kernelDepth: $0) }
      }
    }
    let strided = [2, 4, 8, 14, 16, 28, 32, 56, 64, 128].flatMap { size in
      [
        (3, 16), (3, 64), (8, 32), (16, 16), (16, 64), (24, 48), (32, 32), (64, 128), (128, 128), (256, 512),
        (512, 512), (64, 2),
      ].flatMap { channels in
        [3, 4].map { self.strided(channels.0, channels.1, size: size, kernel: $0, padding: 1) }
      }
    }
    let stems = [8, 16, 32, 64, 128, 224, 256].flatMap { size in
      [(1, 16), (1, 64), (3, 16), (3, 32), (3, 64), (4, 64), (10, 64), (3, 3), (16, 32), (64, 64)].flatMap {
        channels in
        [7, 8].map { self.strided(channels.0, channels.1, size: size, kernel: $0, padding: 3) }
      }
    }
    return (plain + dilated + volumes + strided + stems).filter { $0.multiplyAdds < 2_500_000_000 }
  }

  private func strided(
    _ inputs: Int, _ outputs: Int, size: Int, kernel: Int, padding: Int
  ) -> ConvolutionShape {
    var shape = shape(inputs, outputs, size: size)
    shape.kernel = SpatialExtent(1, kernel, kernel)
    shape.stride = SpatialExtent(1, 2, 2)
    let output = (size + 2 * padding - kernel) / 2 + 1
    shape.output = SpatialExtent(1, output, output)
    shape.paddingBefore = SpatialExtent(0, padding, padding)
    return shape
  }

  private func shape(
    _ inputs: Int, _ outputs: Int, depth: Int = 1, size: Int, kernelDepth: Int = 1, dilation: Int = 1
  ) -> ConvolutionShape {
    let space = SpatialExtent(depth, size, size)
    return ConvolutionShape(
      batch: batch, inputChannels: inputs, outputChannels: outputs, groups: 1, input: space, output: space,
      kernel: SpatialExtent(kernelDepth, 3, 3), stride: SpatialExtent(1, 1, 1),
      dilation: SpatialExtent(1, dilation, dilation),
      paddingBefore: SpatialExtent(kernelDepth / 2, dilation, dilation))
  }
}
