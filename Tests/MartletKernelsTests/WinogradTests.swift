import Testing

@testable import MartletKernels

/// Forward and backward-data by Winograd's algorithm: what they can do beside the convolution. That they compute it
/// is the business of ``RandomConvolutionTests``.
struct WinogradTests {
  static let sets = InstructionSet.available
  static let parts = [ConvolutionPart.forward, .backwardData]

  private static func shape(
    _ batch: Int, _ channels: Int, _ outputs: Int, _ input: [Int], dilation: [Int] = [1, 1],
    before: [Int] = [1, 1], after: [Int]? = nil
  ) -> ConvolutionShape {
    WinogradWeightsTests.shape(
      batch, channels, outputs, input, dilation: dilation, before: before, after: after)
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
    ]

  /// Numbers for a call: integers, of which F(2×2) rounds none, and of which F(4×4) rounds so little that the nearest
  /// integer is the result.
  private struct Numbers {
    let call: WinogradCall
    let source: [Double]
    let weight: [Double]
    let bias: [Double]
    let scale: [Double]
    let shift: [Double]

    init(_ call: WinogradCall, seed: UInt64) {
      self.call = call
      var generator = PhiloxGenerator(seed: seed, stream: 11)
      let shape = call.shape
      source = WinogradWeightsTests.integers(
        call.part == .forward ? shape.inputElementCount : shape.outputElementCount, &generator)
      weight = WinogradWeightsTests.integers(shape.weightElementCount, &generator)
      bias = WinogradWeightsTests.integers(call.resultChannels, &generator)
      scale = WinogradWeightsTests.integers(call.sourceChannels, &generator)
      shift = WinogradWeightsTests.integers(call.sourceChannels, &generator)
    }

    /// The source as the call's affine map reads it.
    var mapped: [Double] {
      guard call.affine != nil else { return source }
      return source.indices.map { max(0, scale[$0 % scale.count] * source[$0] + shift[$0 % shift.count]) }
    }

    /// Before it is rectified.
    var expected: [Double] {
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
        for (name, shape) in chosen {
          for tile in WinogradTile.allCases {
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
    #expect(values == expected, comment)
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
      #expect(cuts.contains { $0.transformsWeightsLate && $0.sourcePitch > WinogradBlocking.lateSteps })
    }
  }

  @Test(arguments: parts) func theSourceIsMappedBeforeItIsPadded(part: ConvolutionPart) {
    Self.forEachCall(part) { call, comment in
      var call = call
      call.affine = ([], [])
      let numbers = Numbers(call, seed: 1)
      call.affine = (WinogradWeightsTests.floats(numbers.scale), WinogradWeightsTests.floats(numbers.shift))
      Self.expectExact(numbers.run(call), numbers.expected, call.tile, comment)
    }
  }

  @Test(arguments: parts) func slicesOfWiderPixels(part: ConvolutionPart) {
    Self.forEachCall(part) { call, comment in
      var call = call
      call.sourcePitch = call.sourceChannels + 3
      call.resultPitch = call.resultChannels + 5
      call.bias = []
      let numbers = Numbers(call, seed: 2)
      call.bias = WinogradWeightsTests.floats(numbers.bias)
      Self.expectExact(numbers.run(call), numbers.expected, call.tile, comment)
    }
  }

  @Test(arguments: parts) func momentsAreThoseOfTheResultBeforeItIsRectified(part: ConvolutionPart) {
    Self.forEachCall(part) { call, comment in
      var call = call
      call.bias = []
      let numbers = Numbers(call, seed: 3)
      call.bias = WinogradWeightsTests.floats(numbers.bias)
      let pivot = WinogradWeightsTests.floats(numbers.bias.map { 2 * $0 + 1 })
      let plain = numbers.run(call).values
      call.pivot = pivot
      call.rectified = true
      let result = numbers.run(call)
      #expect(result.values == plain.map { max(0, $0) }, comment)

      // Sums over float32 results, which pass one rounding for each pixel and piece, and those of difference and
      // square.
      let channels = call.resultChannels
      var sums = [Double](repeating: 0, count: 2 * channels)
      var magnitudes = sums
      for (i, y) in plain.enumerated() {
        let difference = Double(y) - Double(pivot[i % channels])
        sums[i % channels] += difference
        magnitudes[i % channels] += abs(difference)
        sums[channels + i % channels] += difference * difference
      }
      for c in 0..<channels { magnitudes[channels + c] = sums[channels + c] }
      let gamma = RoundingError.gamma(plain.count / channels + call.pieces + 4, .float32)
      for i in 0..<2 * channels {
        let total = (0..<call.pieces).reduce(0.0) { $0 + Double(result.moments[$1 * 2 * channels + i]) }
        #expect(abs(total - sums[i]) <= gamma * magnitudes[i], comment)
      }
    }
  }

  @Test func weightsTransformedBefore() {
    Self.forEachCall(.forward) { call, comment in
      var call = call
      let numbers = Numbers(call, seed: 4)
      let plain = numbers.run(call).values
      call.transformsWeightsFirst = true
      let first = numbers.run(call).values
      Self.expectExact(WinogradCall.Result(values: first, moments: []), numbers.expected, call.tile, comment)
      // Late weights are added up in steps.
      if !WinogradPlan(forward: call.shape, call.tile).blocking.transformsWeightsLate {
        #expect(plain == first, comment)
      }
    }
  }

  /// Transformed once, they hold for any image.
  @Test(arguments: WinogradTile.allCases) func transformedWeightsServeOtherImages(tile: WinogradTile) {
    let (small, large) = (Self.shape(1, 17, 40, [5, 6]), Self.shape(3, 17, 40, [30, 41]))
    #expect(
      Winograd.transformedForwardWeightBytes(small, tile)
        == Winograd.transformedForwardWeightBytes(large, tile))
    let weight = GuardedBuffers.numbers(small.weightElementCount, Float.self)
    for set in Self.sets {
      InstructionSet.with(set) {
        let transformed = [small, large].map { shape in
          let memory = TestMemory(.ordinary)
          let bytes = Winograd.transformedForwardWeightBytes(shape, tile)
          let to = memory.workspace(bytes).bindMemory(to: Float.self, capacity: bytes / 4)
          Winograd.transformForwardWeights(shape, tile, weight: memory.copy(weight), to: to)
          return Array(UnsafeBufferPointer(start: to, count: bytes / 4)).map(\.bitPattern)
        }
        #expect(transformed[0] == transformed[1])
      }
    }
  }

  @Test(arguments: parts) func threadsDoNotChangeABit(part: ConvolutionPart) {
    for (name, shape) in Self.chosen {
      for tile in WinogradTile.allCases {
        var call = WinogradCall(shape: shape, tile: tile, part: part)
        call.pivot = GuardedBuffers.numbers(call.resultChannels, Float.self, seed: 3)
        call.affine = (
          GuardedBuffers.numbers(call.sourceChannels, Float.self, seed: 4),
          GuardedBuffers.numbers(call.sourceChannels, Float.self, seed: 5)
        )
        let source = GuardedBuffers.numbers(
          part == .forward ? shape.inputElementCount : shape.outputElementCount, Float.self)
        let weight = GuardedBuffers.numbers(shape.weightElementCount, Float.self, seed: 2)
        let results = [1, 2, 3, 7].map { threads in
          let result = ThreadPool.withThreadCount(threads) { call(source, weight) }
          return (result.values + result.moments).map(\.bitPattern)
        }
        #expect(results.allSatisfy { $0 == results[0] }, Comment(rawValue: "\(name), tile \(tile)"))
      }
    }
  }

  @Test(arguments: WinogradTile.allCases) func emptyBatches(tile: WinogradTile) {
    for part in Self.parts {
      let shape = Self.shape(0, 3, 4, [5, 5])
      let weight = [Float](repeating: 1, count: shape.weightElementCount)
      #expect(WinogradCall(shape: shape, tile: tile, part: part)([], weight).values.isEmpty)
    }
  }
}
