import Testing

@testable import MartletKernels

struct GuardedConvolutionTests {
  private static let shapes =
    ConvolutionCases.chosen
    + (WinogradWeightsTests.chosen + WinogradWeightsTests.strided + WinogradWeightsTests.stems).map {
      ("Winograd, " + $0, $1)
    }

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
    }
  }

  @Test func float32() { check(Float.self, ConvolutionAlgorithm.allCases) }
  @Test func float64() { check(Double.self, [.direct]) }

  /// Input in normalised parts, statistics, and results in parts.
  @Test func fusedWinograd() {
    for (name, shape) in WinogradWeightsTests.chosen + WinogradWeightsTests.strided
      + WinogradWeightsTests.stems
    {
      let parts = someParts(of: shape.inputChannels)
      let weight = GuardedBuffers.numbers(shape.weightElementCount, Float.self, seed: 2)
      let input = GuardedBuffers.numbers(shape.inputElementCount, Float.self)
      let gradient = GuardedBuffers.numbers(shape.outputElementCount, Float.self)
      let outputs = GuardedBuffers.numbers(shape.outputChannels, Float.self, seed: 4)
      let vectors = (5...7).map { GuardedBuffers.numbers(shape.inputChannels, Double.self, seed: $0) }
      let normalization = TestNormalization(vectors[0], vectors[1], vectors[2], rectified: true)
      for tile in WinogradTile.allCases where tile.supports(shape) {
        GuardedBuffers.expectSame("\(name), tile \(tile), forward") { memory in
          let moments = ConvolutionMoments(forward: shape, tile)
          let gathered = memory.output(moments.elementCount, Float.self)
          Winograd.forward(
            shape, tile, input: memory.inputParts(input, parts, normalization), weight: memory.copy(weight),
            bias: memory.copy(outputs), moments: gathered,
            output: memory.output(shape.outputElementCount, Float.self),
            workspace: memory.workspace(Winograd.forwardWorkspace(shape, tile)))
          moments.statistics(
            gathered, epsilon: 1e-5, mean: memory.output(shape.outputChannels, Float.self),
            variance: memory.output(shape.outputChannels, Float.self),
            inverseDeviation: memory.output(shape.outputChannels, Float.self),
            workspace: memory.workspace(moments.workspaceByteCount))
        }
        GuardedBuffers.expectSame("\(name), tile \(tile), backward data") { memory in
          Winograd.backwardData(
            shape, tile, outputGradient: memory.copy(gradient), weight: memory.copy(weight),
            inputGradient: parts.map {
              ConvolutionOutputPart(
                memory.output(shape.batch * shape.input.count * $0, Float.self), channels: $0)
            }, workspace: memory.workspace(Winograd.backwardDataWorkspace(shape, tile)))
        }
        GuardedBuffers.expectSame("\(name), tile \(tile), backward weights") { memory in
          WinogradWeightGradient.run(
            shape, tile: tile, input: memory.inputParts(input, parts, normalization),
            outputGradient: memory.copy(gradient),
            weightGradient: memory.output(shape.weightElementCount, Float.self),
            workspace: memory.workspace(WinogradWeightGradient.workspace(shape, tile: tile)))
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
