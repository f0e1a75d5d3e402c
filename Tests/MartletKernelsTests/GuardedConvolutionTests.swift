import Testing

@testable import MartletKernels

struct GuardedConvolutionTests {
  private static let shapes =
    ConvolutionCases.chosen + WinogradWeightsTests.chosen.map { ("Winograd, " + $0, $1) }

  private func check<Scalar: RealElement>(_: Scalar.Type, _ algorithms: [ConvolutionAlgorithm]) {
    for (name, shape) in Self.shapes {
      let input = GuardedBuffers.numbers(shape.inputElementCount, Scalar.self, seed: 1)
      let weight = GuardedBuffers.numbers(shape.weightElementCount, Scalar.self, seed: 2)
      let gradient = GuardedBuffers.numbers(shape.outputElementCount, Scalar.self, seed: 3)
      let bias = GuardedBuffers.numbers(shape.outputChannels, Scalar.self, seed: 4)
      let inputBias = GuardedBuffers.numbers(shape.inputChannels, Scalar.self, seed: 5)
      for algorithm in algorithms where algorithm.supports(shape, Scalar.format) {
        let title = "\(name), \(algorithm), \(Scalar.self), \(shape)"
        func workspace(_ memory: TestMemory, _ part: ConvolutionPart) -> UnsafeMutableRawPointer {
          memory.workspace(algorithm.workspaceByteCount(part, shape, Scalar.format))
        }
        for hasBias in [false, true] {
          GuardedBuffers.expectSame("forward, \(title)") { memory in
            algorithm.forward(
              shape, Scalar.format, input: memory.copy(input), weight: memory.copy(weight),
              bias: hasBias ? memory.copy(bias) : nil, rectified: hasBias,
              output: memory.output(shape.outputElementCount, Scalar.self),
              workspace: workspace(memory, .forward))
          }
          GuardedBuffers.expectSame("backward-data, \(title)") { memory in
            algorithm.backwardData(
              shape, Scalar.format, outputGradient: memory.copy(gradient), weight: memory.copy(weight),
              bias: hasBias ? memory.copy(inputBias) : nil, rectified: hasBias,
              inputGradient: memory.output(shape.inputElementCount, Scalar.self),
              workspace: workspace(memory, .backwardData))
          }
        }
        GuardedBuffers.expectSame("backward-weights, \(title)") { memory in
          algorithm.backwardWeights(
            shape, Scalar.format, input: memory.copy(input), outputGradient: memory.copy(gradient),
            weightGradient: memory.output(shape.weightElementCount, Scalar.self),
            workspace: workspace(memory, .backwardWeights))
        }
      }
      let pixels = shape.batch * shape.output.count
      GuardedBuffers.expectSame("bias, \(name), \(Scalar.self)") { memory in
        ImplicitGEMM.backwardBias(
          pixels: pixels, channels: shape.outputChannels, Scalar.format,
          outputGradient: memory.copy(gradient),
          biasGradient: memory.output(shape.outputChannels, Scalar.self),
          workspace: memory.workspace(
            ImplicitGEMM.backwardBiasWorkspace(pixels: pixels, channels: shape.outputChannels)))
      }
    }
  }

  @Test func float32() { check(Float.self, [.direct, .winograd(.two), .winograd(.four)]) }
  @Test func float64() { check(Double.self, [.direct]) }

  @Test func winogradsHooks() {
    for (name, shape) in WinogradWeightsTests.chosen {
      for tile in WinogradTile.allCases {
        let weight = GuardedBuffers.numbers(shape.weightElementCount, Float.self, seed: 2)
        let (inputPitch, outputPitch) = (shape.inputChannels + 3, shape.outputChannels + 5)
        let input = spreadPixels(
          GuardedBuffers.numbers(shape.inputElementCount, Float.self), channels: shape.inputChannels,
          pitch: inputPitch)
        let pixels = shape.batch * shape.output.count
        let channels = GuardedBuffers.numbers(shape.inputChannels, Float.self, seed: 3)
        let outputs = GuardedBuffers.numbers(shape.outputChannels, Float.self, seed: 4)
        let pieces = Winograd.momentPieces(forward: shape, tile)
        GuardedBuffers.expectSame("\(name), tile \(tile), hooks") { memory in
          var hooks = WinogradHooks()
          hooks.inputAffine = (
            UnsafePointer(memory.copy(channels)), UnsafePointer(memory.copy(channels.reversed()))
          )
          hooks.outputMoments = (
            UnsafePointer(memory.copy(outputs)), memory.output(pieces * 2 * shape.outputChannels, Float.self)
          )
          hooks.sourcePitch = inputPitch
          hooks.resultPitch = outputPitch
          let transformed = memory.rubbish(
            Winograd.transformedForwardWeightBytes(shape, tile), alignment: 64
          ).assumingMemoryBound(to: Float.self)
          Winograd.transformForwardWeights(shape, tile, weight: memory.copy(weight), to: transformed)
          Winograd.forward(
            shape, tile, input: memory.copy(input), transformedWeight: transformed,
            bias: memory.copy(outputs),
            hooks: hooks,
            output: memory.output((pixels - 1) * outputPitch + shape.outputChannels, Float.self),
            workspace: memory.workspace(
              Winograd.forwardWorkspace(shape, tile, weightsAreTransformed: true)))
        }
      }
    }
  }

  @Test(arguments: [false, true], [false, true])
  func matrixProducts(transposesA: Bool, transposesB: Bool) {
    func check<Scalar: RealElement>(_: Scalar.Type) {
      let sizes = [1, 3, 13, 17, 33, 65, 195]
      for (i, rows) in sizes.enumerated() {
        for (j, columns) in sizes.enumerated() {
          let depth = sizes[(i + j) % sizes.count]
          let product = MatrixProduct(
            rows: rows, columns: columns, depth: depth, transposesA: transposesA, transposesB: transposesB,
            factors: [(0, 1), (1, 0), (1, 1)], format: Scalar.format)
          let a = GuardedBuffers.numbers(2 * rows * depth, Scalar.self)
          let b = GuardedBuffers.numbers(2 * columns * depth, Scalar.self, seed: 2)
          let bias = GuardedBuffers.numbers(columns, Scalar.self, seed: 3)
          for hasBias in [false, true] {
            GuardedBuffers.expectSame("\(rows)×\(depth)×\(columns), \(Scalar.self), bias \(hasBias)") {
              memory in
              product.run(
                a: memory.copy(a), b: memory.copy(b), bias: hasBias ? memory.copy(bias) : nil,
                rectified: hasBias,
                output: memory.output(3 * rows * columns, Scalar.self),
                workspace: memory.workspace(product.workspaceByteCount))
            }
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }
}
