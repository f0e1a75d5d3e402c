import Testing

@testable import MartletKernels

/// Weights that are brought into the kernels' order beforehand, and tensors that are added in the output stage.
@Suite struct PreparedWeightsTests {
  private static let shapes = 160

  private static func algorithms(_ shape: ConvolutionShape) -> [ConvolutionAlgorithm] {
    ConvolutionAlgorithm.allCases.filter { $0.supports(shape, .float32) }
  }

  /// How far results may differ from those with weights in PyTorch's order: not at all, but where ordered weights are
  /// transformed late and sums over many channels are then taken in pieces, by twice the algorithm's rounding.
  private static func differences(
    _ algorithm: ConvolutionAlgorithm, _ part: ConvolutionPart, _ random: RandomConvolution
  ) -> [Double] {
    let isForward = part == .forward
    let shape = random.shape
    let count = isForward ? shape.outputElementCount : shape.inputElementCount
    let exact = [Double](repeating: 0, count: count)
    guard case .winograd(let tile) = algorithm else { return exact }
    let (plain, ordered) =
      isForward
      ? (WinogradPlan(forward: shape, tile), WinogradPlan(forward: shape, tile, weightsAreOrdered: true))
      : (
        WinogradPlan(backwardData: shape, tile),
        WinogradPlan(backwardData: shape, tile, weightsAreOrdered: true)
      )
    let (isLate, steps) = (ordered.blocking.transformsWeightsLate, ordered.blocking.lateSteps)
    guard isLate, !plain.blocking.transformsWeightsLate, ordered.sourceChannels > steps else { return exact }
    return WinogradBound(shape, part, tile: tile)(
      isForward ? random.input : random.outputGradient, random.weight,
      isForward ? random.bias : random.inputBias
    ).map { 2 * $0 }
  }

  private static func expectSame(
    _ prepared: [Float], _ plain: [Float], _ algorithm: ConvolutionAlgorithm, _ part: ConvolutionPart,
    _ random: RandomConvolution
  ) {
    let differences = differences(algorithm, part, random)
    let fault = ConvolutionCheck.fault(prepared, plain.map { Double($0) }, differences)
    #expect(fault == nil, "\(part), \(algorithm), \(random)")
  }

  @Test("give what weights in PyTorch's order give", arguments: InstructionSet.available)
  func sameResults(_ set: InstructionSet) throws {
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
          try Self.expectSame(
            prepared.forward(input, weight, bias, rectified: true),
            plain.forward(input, weight, bias, rectified: true), algorithm, .forward, random)
          try Self.expectSame(
            prepared.backwardData(gradient, weight, inputBias),
            plain.backwardData(gradient, weight, inputBias), algorithm, .backwardData, random)
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
    var inPlace = 0
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
            #expect(firstDifference(got, expected) == nil, "\(algorithm), rectified \(rectified), \(random)")
            guard algorithm.addsInPlace(random.shape, .float32) else { continue }
            inPlace += 1
            var run = run
            run.addsInPlace = true
            let there = try run.forward(input, weight, bias, addend: addend, rectified: rectified)
            #expect(
              firstDifference(there, expected) == nil,
              "\(algorithm) in place, rectified \(rectified), \(random)")
          }
        }
      }
    }
    #expect(inPlace > Self.shapes)
  }

  /// Longer sums are added up in pieces where the result goes.
  @Test("add a tensor in its place where a sum is taken in one go")
  func addsInPlace() {
    func addsInPlace(_ channels: Int, kernel: Int, groups: Int = 1) -> Bool {
      let shape = ConvolutionCases.shape(1, channels, channels, groups: groups, [4, 4], [kernel, kernel])
      return ConvolutionAlgorithm.direct.addsInPlace(shape, .float32)
    }
    #expect(
      addsInPlace(1024, kernel: 1) && addsInPlace(112, kernel: 3) && addsInPlace(200, kernel: 3, groups: 2))
    #expect(!addsInPlace(1040, kernel: 1) && !addsInPlace(128, kernel: 3))
    #expect(!addsInPlace(16, kernel: 3, groups: 16), "depthwise kernels add nothing")
    let long = ConvolutionCases.shape(1, 1024, 16, [4, 4], [3, 3])
    #expect(ConvolutionAlgorithm.winograd(.two).addsInPlace(long, .float32))
    #expect(BFloat16Convolution(.direct, .forward, long)?.addsInPlace == false)
    let pairs = ConvolutionCases.shape(1, 2048, 16, [4, 4], [1, 1])
    #expect(BFloat16Convolution(.direct, .forward, pairs)?.addsInPlace == true)
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
    for tile in [WinogradTile.three, .four] {
      #expect(order(.winograd(tile), 8) == order(.winograd(.two), 8))
    }
    #expect(order(.direct, 8, stride: 2) == order(.direct, 51, stride: 2))
    #expect(order(.direct, 8) != order(.winograd(.two), 8))
  }
}
