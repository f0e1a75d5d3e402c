import Testing

@testable import MartletKernels

/// Forward and backward-data by Winograd's algorithm: what they can do beside the convolution. That they compute it
/// is the business of ``RandomConvolutionTests``.
struct WinogradTests {
  static let sets = InstructionSet.available
  static let parts = [ConvolutionPart.forward, .backwardData]

  private static func shape(
    _ batch: Int, _ channels: Int, _ outputs: Int, _ input: [Int], depth: Int = 1, dilation: [Int] = [1, 1],
    before: [Int] = [1, 1], after: [Int]? = nil
  ) -> ConvolutionShape {
    WinogradWeightsTests.shape(
      batch, channels, outputs, input, depth: depth, dilation: dilation, before: before, after: after)
  }

  /// Between them they reach every cut, whichever part is computed.
  static let chosen: [(String, ConvolutionShape)] =
    WinogradWeightsTests.chosen + [
      ("many tiles, several blocks", shape(1, 20, 90, [61, 67])),
      ("many tiles, several blocks the other way", shape(1, 90, 20, [61, 67])),
      ("a shared source, several blocks", shape(1, 40, 200, [21, 23])),
      ("a shared source, several blocks the other way", shape(1, 200, 40, [21, 23])),
      ("large weights", shape(1, 290, 310, [9, 10])),
      // A tile for each pixel or two: many tiles at little cost.
      ("large weights, many tiles", shape(1, 290, 310, [13, 13], dilation: [12, 12], before: [12, 12])),
      ("late weights in several steps", shape(1, 150, 35, [5, 7])),
      ("late weights in several steps the other way", shape(1, 35, 150, [5, 7])),
      ("many dilated tiles", shape(1, 17, 19, [70, 66], dilation: [3, 2], before: [3, 2])),
      ("many slices, several blocks", WinogradWeightsTests.volume(1, 5, 90, [25, 13, 11])),
      ("many slices, several blocks the other way", WinogradWeightsTests.volume(1, 90, 5, [25, 13, 11])),
      ("a volume's large weights", WinogradWeightsTests.volume(1, 150, 210, [2, 6, 5])),
      (
        "a shared source of many slices",
        shape(1, 20, 90, [27, 5, 6], depth: 3, dilation: [2, 1, 1], before: [2, 1, 1])
      ),
      ("late weights of many taps", shape(1, 37, 20, [4, 5, 6], depth: 7, before: [3, 1, 1])),
    ]

  /// The same of stride 2.
  static let strided: [(String, ConvolutionShape)] =
    WinogradWeightsTests.strided + [
      ("stride, many tiles, several blocks", WinogradWeightsTests.strided(1, 16, 90, [121, 133])),
      ("stride, a shared source, several blocks", WinogradWeightsTests.strided(1, 32, 200, [43, 45])),
      // A tile for each pixel: many tiles at little cost.
      ("stride, large weights, many tiles", WinogradWeightsTests.strided(130, 112, 310, [2, 2], [4, 4])),
      ("stride, late weights in several steps", WinogradWeightsTests.strided(1, 48, 35, [11, 13])),
      (
        "stride, late weights in several steps the other way",
        WinogradWeightsTests.strided(1, 16, 150, [11, 13])
      ),
    ]

  /// Numbers for a call: integers, of which F(2×2) rounds none, and of which the others round so little that the nearest
  /// integer is the result.
  private struct Numbers {
    let call: WinogradCall
    let source: [Double]
    let weight: [Double]
    let bias: [Double]
    let normalization: TestNormalization

    init(_ call: WinogradCall, seed: UInt64) {
      self.call = call
      var generator = PhiloxGenerator(seed: seed, stream: 11)
      let shape = call.shape
      source = WinogradWeightsTests.integers(
        call.part == .forward ? shape.inputElementCount : shape.outputElementCount, &generator)
      weight = WinogradWeightsTests.integers(shape.weightElementCount, &generator)
      bias = WinogradWeightsTests.integers(call.resultChannels, &generator)
      let vectors = (0..<3).map { _ in WinogradWeightsTests.integers(call.sourceChannels, &generator) }
      normalization = TestNormalization(vectors[0], vectors[1], vectors[2], rectified: seed % 2 == 1)
    }

    /// Before it is rectified.
    func expected(_ call: WinogradCall) -> [Double] {
      let mapped = call.normalization.map { $0(source) } ?? source
      let reference = ConvolutionReference(shape: call.shape)
      let sums =
        call.part == .forward ? reference.forward(mapped, weight) : reference.backwardData(mapped, weight)
      return call.bias == nil ? sums.values : sums.adding(bias).values
    }

    func run(_ call: WinogradCall) -> WinogradCall.Result {
      call(WinogradWeightsTests.floats(source), WinogradWeightsTests.floats(weight))
    }
  }

  /// Runs `body` for every shape, tile and instruction set.
  private static func forEachCall(
    _ part: ConvolutionPart, _ body: (_ call: WinogradCall, _ comment: Comment) -> Void
  ) {
    for set in sets {
      InstructionSet.with(set) {
        for (name, shape) in chosen + strided + WinogradWeightsTests.stems {
          for tile in WinogradTile.allCases where tile.supports(shape) {
            let note = "\(name), tile \(tile), \(part), \(set): \(shape)"
            CrashNote.with(note) {
              body(WinogradCall(shape: shape, tile: tile, part: part), Comment(rawValue: note))
            }
          }
        }
      }
    }
  }

  private static func expectExact(
    _ result: WinogradCall.Result, _ expected: [Double], _ tile: WinogradTile, _ comment: Comment
  ) {
    let values = result.values.map { tile == .two ? Double($0) : Double($0).rounded() }
    #expect(firstDifference(values, expected) == nil, comment)
  }

  @Test func theShapesReachEveryCut() {
    for part in Self.parts {
      let cuts = Self.chosen.map {
        (part == .forward ? WinogradPlan(forward: $0.1, .four) : WinogradPlan(backwardData: $0.1, .four))
          .blocking
      }
      #expect(cuts.contains { !$0.sharesSource && $0.blockCount > 1 })
      #expect(cuts.contains { $0.sharesSource && !$0.transformsWeightsLate && $0.blockCount > 1 })
      #expect(cuts.contains { $0.transformsWeightsLate && $0.blockCount > 1 && $0.chunkCount == 1 })
      for isVolume in [false, true] {
        #expect(
          cuts.contains {
            $0.transformsWeightsLate && $0.sourcePitch > $0.lateSteps
              && ($0.slices.kernelDepth > 1) == isVolume
          })
      }
      for isShared in [false, true] {
        #expect(
          cuts.contains {
            $0.sharesSource == isShared && $0.slices.longestRun > 1 && $0.slices.runCount > 1
          })
      }
      let strided = Self.strided.map {
        (part == .forward
          ? WinogradPlan(forward: $0.1, .strided) : WinogradPlan(backwardData: $0.1, .strided))
          .blocking
      }
      #expect(strided.contains { !$0.sharesSource && $0.blockCount > 1 })
      #expect(strided.contains { $0.sharesSource && !$0.transformsWeightsLate && $0.blockCount > 1 })
      #expect(strided.contains { $0.transformsWeightsLate && $0.sourcePitch > $0.lateSteps })
      let stems = WinogradWeightsTests.stems.map {
        part == .forward ? WinogradPlan(forward: $0.1, .stem) : WinogradPlan(backwardData: $0.1, .stem)
      }
      #expect(stems.contains { !$0.blocking.sharesSource })
      #expect(stems.contains { $0.blocking.sharesSource && $0.blocking.transformsWeightsLate })
      #expect(stems.contains { $0.blocking.blockCount > 1 })
      #expect(stems.contains { $0.gathered == nil })
      #expect(stems.contains { $0.gathered != nil } == (part == .forward))
      // Slices and their tiles are both cut.
      #expect(cuts.contains { 1 < $0.slices.runCount && $0.slices.runCount < $0.chunkCount })
    }
  }

  @Test(arguments: [UInt64(1), 2]) func theInputIsNormalizedBeforeItIsPadded(seed: UInt64) {
    Self.forEachCall(.forward) { call, comment in
      var call = call
      let numbers = Numbers(call, seed: seed)
      call.normalization = numbers.normalization
      Self.expectExact(numbers.run(call), numbers.expected(call), call.tile, comment)
    }
  }

  @Test func theInputComesInParts() {
    Self.forEachCall(.forward) { call, comment in
      var call = call
      let numbers = Numbers(call, seed: 2)
      call.bias = WinogradWeightsTests.floats(numbers.bias)
      call.normalization = numbers.normalization
      let whole = numbers.run(call).values
      call.parts = someParts(of: call.sourceChannels)
      #expect(firstDifference(numbers.run(call).values, whole) == nil, comment)
    }
  }

  @Test func theResultGoesIntoParts() {
    Self.forEachCall(.backwardData) { call, comment in
      var call = call
      let numbers = Numbers(call, seed: 2)
      call.bias = WinogradWeightsTests.floats(numbers.bias)
      let whole = numbers.run(call).values
      // Parts of a result can have any sizes.
      for parts in [someParts(of: call.resultChannels), [1, call.resultChannels - 1]] where parts.last! > 0 {
        call.parts = parts
        #expect(firstDifference(numbers.run(call).values, whole) == nil, comment)
      }
    }
  }

  /// The bound: float sums about a pivot p of n values round to n·ε of Σ|y − p| and of Σ(y − p)², and what the joins in
  /// double add is nothing to that.
  @Test func statisticsAreThoseOfTheResultBeforeItIsRectified() {
    Self.forEachCall(.forward) { call, comment in
      var call = call
      let numbers = Numbers(call, seed: 3)
      call.bias = WinogradWeightsTests.floats(numbers.bias.map { 100 * $0 + 7 })
      let plain = numbers.run(call).values
      call.gathersStatistics = true
      call.rectified = true
      let result = numbers.run(call)
      #expect(firstDifference(result.values, plain.map { max(0, $0) }) == nil, comment)

      let channels = call.resultChannels
      let pixels = plain.count / channels
      let plan = WinogradPlan(forward: call.shape, call.tile)
      let perChunk = plan.blocking.chunkTiles * call.tile.outputs * call.tile.outputs
      let gamma = RoundingError.gamma(min(pixels, perChunk) + 4, .float32)
      for c in 0..<channels {
        let values = (0..<pixels).map { Double(plain[$0 * channels + c]) }
        let mean = values.reduce(0, +) / Double(pixels)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(pixels)
        // A pivot is a result, or what would be one beside the image: no further from the mean than this.
        let spread = (values.map { abs($0 - mean) }.max() ?? 0) + abs(mean)
        #expect(abs(Double(result.statistics[0][c]) - mean) <= 2 * gamma * spread + 1e-7 * abs(mean), comment)
        #expect(abs(Double(result.statistics[1][c]) - variance) <= 8 * gamma * spread * spread, comment)
        let inverse = 1 / (Double(result.statistics[1][c]) + WinogradCall.epsilon).squareRoot()
        #expect(abs(Double(result.statistics[2][c]) - inverse) <= 1e-6 * inverse, comment)
      }
    }
  }

  @Test(arguments: parts) func threadsDoNotChangeABit(part: ConvolutionPart) {
    for (name, shape) in Self.chosen + Self.strided + WinogradWeightsTests.stems {
      for tile in WinogradTile.allCases where tile.supports(shape) {
        var call = WinogradCall(shape: shape, tile: tile, part: part)
        if part == .forward {
          call.gathersStatistics = true
          let vectors = (3...5).map { GuardedBuffers.numbers(shape.inputChannels, Double.self, seed: $0) }
          call.normalization = TestNormalization(vectors[0], vectors[1], vectors[2], rectified: true)
        }
        call.parts = someParts(of: shape.inputChannels)
        let source = GuardedBuffers.numbers(
          part == .forward ? shape.inputElementCount : shape.outputElementCount, Float.self)
        let weight = GuardedBuffers.numbers(shape.weightElementCount, Float.self, seed: 2)
        func bits(_ threads: Int) -> [UInt32] {
          let result = ThreadPool.withThreadCount(threads) { call(source, weight) }
          return (result.values + result.statistics.joined()).map(\.bitPattern)
        }
        let expected = bits(1)
        for threads in [2, 3, 7] {
          let comment = Comment(rawValue: "\(name), tile \(tile), \(threads) threads")
          #expect(firstDifference(bits(threads), expected) == nil, comment)
        }
      }
    }
  }

  @Test(arguments: WinogradTile.allCases) func emptyBatches(tile: WinogradTile) {
    for part in Self.parts {
      let shape = WinogradWeightsTests.empty(tile)
      let weight = [Float](repeating: 1, count: shape.weightElementCount)
      #expect(WinogradCall(shape: shape, tile: tile, part: part)([], weight).values.isEmpty)
    }
  }
}
