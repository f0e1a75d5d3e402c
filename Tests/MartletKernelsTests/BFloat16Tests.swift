import CMartletKernels
import Testing

@testable import MartletKernels

struct BFloat16Tests {
  /// Every upper half of a float32, with lower halves around a tie.
  private static let numbers: [Float] = (0...UInt32(UInt16.max)).flatMap { upper in
    [0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF].map { Float(bitPattern: upper << 16 | $0) }
  }

  private func expectRounded(_ values: [UInt16], _ numbers: [Float], _ name: String) {
    for (bits, number) in zip(values, numbers) {
      let value = Float(bitPattern: UInt32(bits) << 16)
      let expected = number.roundedToBFloat16
      if number.isNaN ? value.isNaN : value.bitPattern == expected.bitPattern { continue }
      Issue.record("\(name): \(number) (\(String(number.bitPattern, radix: 16))) became \(value)")
      return
    }
    #expect(values.count == numbers.count)
  }

  @Test func rowsAreRoundedToTheNearest() {
    let numbers = Self.numbers
    for set in InstructionSet.available {
      InstructionSet.with(set) {
        for channels in [2, 14, 16, 34] {
          let rows = numbers.count / channels
          var values = [UInt16](repeating: 0, count: rows * channels)
          bfloat16Kernels().round_rows(numbers, rows, channels, &values, channels)
          expectRounded(values, Array(numbers[..<(rows * channels)]), "\(set), \(channels) channels")
        }
      }
    }
  }

  @Test func pairsOfWeightsAreRoundedToTheNearest() {
    let (even, odd) = (Self.numbers, Array(Self.numbers.reversed()))
    var values = [UInt16](repeating: 0, count: 2 * even.count)
    martlet_round_pairs(even, odd, &values, even.count)
    expectRounded(stride(from: 0, to: values.count, by: 2).map { values[$0] }, even, "even")
    expectRounded(stride(from: 1, to: values.count, by: 2).map { values[$0] }, odd, "odd")
  }

  @Test func onlyTheSetWithInstructionsForItHasThem() {
    for set in InstructionSet.available where set != .avx512 {
      InstructionSet.with(set) { #expect(!hasBFloat16Kernels, "\(set)") }
    }
  }

  @Test func whatCannotBeComputedIsRefused() {
    let even = ConvolutionCases.shape(1, 4, 3, [5, 5], [3, 3])
    let odd = ConvolutionCases.shape(1, 3, 4, [5, 5], [3, 3])
    let depthwise = ConvolutionCases.shape(1, 4, 4, groups: 4, [5, 5], [3, 3])
    #expect(BFloat16Convolution(.direct, .forward, even) != nil)
    #expect(BFloat16Convolution(.direct, .forward, odd) == nil)
    #expect(BFloat16Convolution(.direct, .backwardData, even) == nil)
    #expect(BFloat16Convolution(.direct, .backwardData, odd) != nil)
    #expect(BFloat16Convolution(.direct, .forward, depthwise) == nil)
    #expect(BFloat16Convolution(.winograd(.two), .forward, odd) == nil)
    #expect(BFloat16Convolution(.winograd(.two), .backwardData, even) == nil)
    #expect(BFloat16Convolution(.direct, .backwardWeights, even) == nil)
  }

  /// A batch whose rounded source is large is taken in parts, each to the bytes that its images give alone.
  @Test(arguments: [ConvolutionPart.forward, .backwardData])
  func largeBatchesAreTakenInParts(part: ConvolutionPart) throws {
    let (batch, channels, outputs, size) = (5, 66, 4, [201, 203])
    // A transposed convolution is several products, one for each phase.
    let isForward = part == .forward
    func convolution(_ batch: Int) throws -> BFloat16Convolution {
      let shape =
        isForward
        ? ConvolutionCases.shape(batch, channels, outputs, size, [1, 3], before: [0, 1])
        : ConvolutionCases.shape(
          batch, outputs, channels, [402, 407], [3, 3], stride: [2, 2], before: [1, 1])
      return try #require(BFloat16Convolution(.direct, part, shape))
    }
    let all = try convolution(batch)
    let sourceCount = isForward ? all.shape.inputElementCount : all.shape.outputElementCount
    #expect(all.workspaceByteCount < 4 * sourceCount / batch * 2)
    func values(_ count: Int, _ step: Int, modulo: Int) -> [Float] {
      (0..<count).map { Float($0 * step % modulo - modulo / 2) }
    }
    let (source, weight) = (
      values(sourceCount, 7919, modulo: 1013), values(all.shape.weightElementCount, 31, modulo: 17)
    )
    let bias = values(outputs, 3, modulo: 7)
    let addend = isForward ? values(all.shape.outputElementCount, 5, modulo: 11) : nil
    func image(_ number: Int, of values: [Float]) -> [Float] {
      let count = values.count / batch
      return Array(values[number * count..<(number + 1) * count])
    }
    for inPlace in isForward ? [false, true] : [false] {
      let run = BFloat16Run(convolution: all, addsInPlace: inPlace)
      let result = try #require(run(source, weight, bias, addend: addend))
      for number in 0..<batch {
        let alone = try BFloat16Run(convolution: convolution(1))(
          image(number, of: source), weight, bias, addend: addend.map { image(number, of: $0) })
        #expect(alone == image(number, of: result), "\(part), image \(number), in place \(inPlace)")
      }
    }
  }

  /// Six tiles of 3×3 over 16 pixels take 0.88 of the products of eight of 2×2, and the transforms come on top, with
  /// weights 1.6 times as large; over 33 pixels tiles of 3×3 take less.
  @Test func ofAboutTheSameTimeTheSmallestWeightsAreTaken() throws {
    func choice(_ size: Int) throws -> ConvolutionAlgorithm? {
      let shape = ConvolutionCases.shape(1, 512, 512, [size, size], [3, 3], before: [1, 1])
      let candidates = [ConvolutionAlgorithm.direct, .winograd(.two), .winograd(.three)].compactMap {
        NarrowFormat.bfloat16.convolution($0, .forward, shape)
      }
      #expect(candidates.count == 3)
      return NarrowConvolution.fastest(of: candidates, orExactly: .direct)?.algorithm
    }
    #expect(try choice(16) == .winograd(.two))
    #expect(try choice(33) == .winograd(.three))
  }

  /// Direct sums of rounded operands are those in float32; small integers, and Winograd's F(2×2) of them, are exact.
  /// Winograd's rounded transforms stay within what rounding each of them allows.
  @Test(arguments: 0..<4) func randomConvolutionsStayWithinTheirBounds(slice: Int) throws {
    let memory = TestMemory(.endsAtWall)
    var count = 0
    for index in 0..<800 where index % 4 == slice {
      let drawn = RandomConvolution(seed: 7, index: index)
      try CrashNote.with("\(drawn)") {
        for part in [ConvolutionPart.forward, .backwardData] {
          for algorithm in ConvolutionAlgorithm.allCases {
            guard let convolution = BFloat16Convolution(algorithm, part, drawn.shape) else { continue }
            count += 1
            try Self.check(drawn, BFloat16Run(convolution: convolution, memory: memory))
          }
        }
      }
    }
    #expect(count > 150)
  }

  private static func check(_ drawn: RandomConvolution, _ run: BFloat16Run) throws {
    let (shape, part) = (drawn.shape, run.convolution.part)
    let isForward = part == .forward
    let source = (isForward ? drawn.input : drawn.outputGradient).map { Float($0) }
    let weight = drawn.weight.map { Float($0) }
    let (hasBias, rectified) = (drawn.index % 3 != 0, drawn.index % 4 >= 2)
    let bias = isForward ? drawn.bias : drawn.inputBias
    let addend = isForward && drawn.index % 5 < 2 ? drawn.outputGradient : nil
    let reference = ConvolutionReference(shape: shape)
    func sums(_ rounded: (Float) -> Float) -> ConvolutionReference.Sums {
      let (x, w) = (source.map { Double(rounded($0)) }, weight.map { Double(rounded($0)) })
      let sums = isForward ? reference.forward(x, w) : reference.backwardData(x, w)
      return hasBias ? sums.adding(bias) : sums
    }
    var (expected, bounds): ([Double], [Double])
    switch run.convolution.algorithm {
    case .direct:
      let exact = sums { $0.roundedToBFloat16 }
      let gamma = drawn.isExact ? 0 : RoundingError.gamma(sumOf: shape.terms(part), .float32)
      (expected, bounds) = (exact.values, exact.magnitudes.map { gamma * $0 })
    case .winograd(let tile):
      let exact = sums { $0 }
      expected = exact.values
      let gamma = RoundingError.gamma(shape.terms(part) + 1, .float64)
      bounds = WinogradBound(shape, part, tile: tile)(
        drawn.input, drawn.weight, hasBias ? bias : nil, rounding: 0x1p-8)
      for i in bounds.indices { bounds[i] += gamma * exact.magnitudes[i] }
      if drawn.isExact, tile == .two { bounds = [Double](repeating: 0, count: bounds.count) }
    }
    if let addend {
      for i in expected.indices {
        expected[i] += addend[i]
        // One sum more, rounded.
        bounds[i] = drawn.isExact ? bounds[i] : bounds[i] + 0x1p-23 * (abs(expected[i]) + bounds[i])
      }
    }
    if rectified { for i in expected.indices { expected[i] = max(0, expected[i]) } }
    for set in InstructionSet.available {
      try InstructionSet.with(set) {
        // Panels depend on the set.
        let convolution = run.convolution
        let again = try #require(BFloat16Convolution(convolution.algorithm, part, shape))
        var run = BFloat16Run(convolution: again, memory: run.memory)
        let name =
          "\(convolution.algorithm), \(part), \(set), bias \(hasBias), rectified \(rectified), \(drawn)"
        let results = try [(1, false), (2, false), (2, again.addsInPlace)].map { threads, inPlace in
          run.addsInPlace = inPlace
          return try ThreadPool.withThreadCount(threads) {
            try #require(
              run(
                source, weight, hasBias ? bias.map { Float($0) } : nil, addend: addend?.map { Float($0) },
                rectified: rectified),
              "wrote beside its operands: \(name)")
          }
        }
        if let fault = ConvolutionCheck.fault(results[0], expected, bounds) {
          Issue.record("\(fault): \(name)")
        }
        for (other, what) in zip(results.dropFirst(), ["two threads", "adding in place"])
        where other.map(\.bitPattern) != results[0].map(\.bitPattern) {
          Issue.record("\(what) gives other bytes than one thread: \(name)")
        }
      }
    }
  }

  /// What users are told of rounding: relative to the root mean square of the result, of normally distributed operands.
  @Test(arguments: [(64, 24), (256, 12), (1024, 8)])
  func staysBelowWhatIsTold(channels: Int, size: Int) throws {
    let shape = WinogradWeightsTests.shape(1, channels, 32, [size, size])
    func normal(_ count: Int, _ stream: UInt64) -> [Float] {
      var values = [Float](repeating: 0, count: count)
      values.withUnsafeMutableBytes {
        RandomFill.normal(
          .float32, $0.baseAddress!, count: count, mean: 0, standardDeviation: 1, seed: 5, stream: stream)
      }
      return values
    }
    let (source, weight) = (normal(shape.inputElementCount, 1), normal(shape.weightElementCount, 2))
    let expected = ConvolutionReference(shape: shape).forward(
      source.map { Double($0) }, weight.map { Double($0) }
    ).values
    func rootMeanSquare(_ values: [Double]) -> Double {
      (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
    }
    for (algorithm, limit) in [
      (ConvolutionAlgorithm.direct, 0.0027), (.winograd(.two), 0.0040), (.winograd(.three), 0.0065),
      (.winograd(.four), 0.0130),
    ] {
      let convolution = try #require(BFloat16Convolution(algorithm, .forward, shape))
      let result = try #require(BFloat16Run(convolution: convolution)(source, weight, nil))
      let error = rootMeanSquare(zip(result, expected).map { Double($0) - $1 }) / rootMeanSquare(expected)
      #expect(error < limit, "\(algorithm), \(channels) channels: \(error)")
    }
  }

  @Test func guardedOperands() throws {
    for (name, shape) in ConvolutionCases.chosen + WinogradWeightsTests.chosen {
      for part in [ConvolutionPart.forward, .backwardData] {
        let isForward = part == .forward
        let source = GuardedBuffers.numbers(
          isForward ? shape.inputElementCount : shape.outputElementCount, Float.self)
        let weight = GuardedBuffers.numbers(shape.weightElementCount, Float.self, seed: 2)
        let bias = GuardedBuffers.numbers(
          isForward ? shape.outputChannels : shape.inputChannels, Float.self, seed: 3)
        for algorithm in ConvolutionAlgorithm.allCases
        where BFloat16Convolution(algorithm, part, shape) != nil {
          let channels = isForward ? shape.inputChannels : shape.outputChannels
          for parts in Set([[channels], someParts(of: channels)]) {
            try GuardedBuffers.expectSame("\(name), \(algorithm), \(part), parts \(parts)") { memory in
              let convolution = try #require(BFloat16Convolution(algorithm, part, shape))
              _ = BFloat16Run(convolution: convolution, memory: memory, parts: parts)(source, weight, bias)
            }
          }
        }
      }
    }
  }
}
