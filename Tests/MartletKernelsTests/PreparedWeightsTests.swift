import MartletKernels
import Testing

/// Weights that are brought into the kernels' order beforehand, and tensors that are added in the output stage.
@Suite struct PreparedWeightsTests {
  private static let shapes = 160

  private static func algorithms(_ shape: ConvolutionShape) -> [ConvolutionAlgorithm] {
    ConvolutionAlgorithm.allCases.filter { $0.supports(shape, .float32) }
  }

  @Test("give the bytes that weights in PyTorch's order give", arguments: InstructionSet.available)
  func sameBytes(_ set: InstructionSet) throws {
    try InstructionSet.with(set) {
      for index in 0..<Self.shapes {
        let random = RandomConvolution(seed: 31, index: index)
        let (input, weight) = (random.input.map { Float($0) }, random.weight.map { Float($0) })
        let (bias, inputBias) = (random.bias.map { Float($0) }, random.inputBias.map { Float($0) })
        let gradient = random.outputGradient.map { Float($0) }
        for algorithm in Self.algorithms(random.shape) {
          let plain = ConvolutionRun<Float>(shape: random.shape, algorithm: algorithm)
          var prepared = plain
          prepared.preparesWeights = true
          let forward = try plain.forward(input, weight, bias, rectified: true)
          #expect(
            try prepared.forward(input, weight, bias, rectified: true) == forward, "\(algorithm), \(random)")
          let backward = try plain.backwardData(gradient, weight, inputBias)
          #expect(
            try prepared.backwardData(gradient, weight, inputBias) == backward,
            "back, \(algorithm), \(random)"
          )
        }
      }
    }
  }

  @Test("can be brought back into PyTorch's order", arguments: InstructionSet.available)
  func restores(_ set: InstructionSet) throws {
    InstructionSet.with(set) {
      for index in 0..<Self.shapes {
        let random = RandomConvolution(seed: 32, index: index)
        check(random.shape, random.weight, .float64, [.direct])
        check(random.shape, random.weight.map { Float($0) }, .float32, Self.algorithms(random.shape))
      }
    }
  }

  private func check<Scalar: BinaryFloatingPoint & BitwiseCopyable>(
    _ shape: ConvolutionShape, _ weight: [Scalar], _ scalar: RealFormat, _ algorithms: [ConvolutionAlgorithm]
  ) {
    for algorithm in algorithms {
      for part in [ConvolutionPart.forward, .backwardData] {
        let memory = TestMemory(.endsAtWall)
        let order = PreparedWeights(algorithm, part, shape, scalar)
        guard order.isReversible else {
          #expect(part == .backwardData, "\(shape)")
          continue
        }
        let prepared = memory.workspace(order.byteCount)
        order.prepare(memory.copy(weight), to: prepared)
        let restored = memory.output(weight.count, Scalar.self)
        order.restore(prepared, to: restored)
        #expect(
          Array(UnsafeBufferPointer(start: restored, count: weight.count)) == weight && memory.isIntact,
          "\(algorithm), \(part), \(shape)")
      }
    }
  }

  @Test("add a tensor before they rectify", arguments: InstructionSet.available)
  func adds(_ set: InstructionSet) throws {
    try InstructionSet.with(set) {
      for index in 0..<Self.shapes {
        let random = RandomConvolution(seed: 33, index: index)
        let (input, weight) = (random.input.map { Float($0) }, random.weight.map { Float($0) })
        let (bias, addend) = (random.bias.map { Float($0) }, random.outputGradient.map { Float($0) })
        for algorithm in Self.algorithms(random.shape) where algorithm.supportsAddend(random.shape) {
          let run = ConvolutionRun<Float>(shape: random.shape, algorithm: algorithm)
          for rectified in [false, true] {
            let expected = try zip(run.forward(input, weight, bias), addend).map { sum, addend in
              rectified ? max(0, sum + addend) : sum + addend
            }
            let got = try run.forward(input, weight, bias, addend: addend, rectified: rectified)
            #expect(got == expected, "\(algorithm), rectified \(rectified), \(random)")
          }
        }
      }
    }
  }

  @Test("do not depend on the sizes of images")
  func anySize() {
    func order(_ algorithm: ConvolutionAlgorithm, _ size: Int, kernel: Int = 3, stride: Int = 1)
      -> [PreparedWeights]
    {
      let shape = ConvolutionCases.shape(
        1, 24, 40, [size, size], [kernel, kernel], stride: [stride, stride], before: [1, 1], after: [1, 1])
      return [ConvolutionPart.forward, .backwardData].map { PreparedWeights(algorithm, $0, shape, .float32) }
    }
    for algorithm in ConvolutionAlgorithm.allCases {
      #expect(order(algorithm, 8) == order(algorithm, 50))
    }
    for tile in WinogradTile.allCases { #expect(order(.winograd(tile), 8) == order(.winograd(.two), 8)) }
    #expect(order(.direct, 8, stride: 2) == order(.direct, 51, stride: 2))
    #expect(order(.direct, 8) != order(.winograd(.two), 8))
  }
}
