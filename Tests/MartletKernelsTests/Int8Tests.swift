import CMartletKernels
import Testing

@testable import MartletKernels

@Suite("Convolutions in int8")
struct Int8Tests {
  /// A number as it is after a quantization, and as the whole number that it was in between.
  private static func rounded(_ value: Float, _ quantization: Quantization) -> (real: Double, whole: Int) {
    let steps = Double(value * (1 / quantization.scale)).rounded(.toNearestOrEven)
    let whole = Int(min(255, max(0, max(-512, min(512, steps)) + Double(quantization.zeroPoint))))
    return (Double(quantization.scale) * Double(whole - Int(quantization.zeroPoint)), whole)
  }

  @Test("of activations: rows are rounded to the nearest, what is beyond the range to its ends")
  func rows() throws {
    let quantization = try #require(Quantization(-1.0...3.0))
    #expect(quantization.zeroPoint == 64)
    #expect(abs(quantization.scale - 4.0 / 255) < 1e-9)
    let special: [Float] = [
      0, -0.0, -1, 3, -1.1, 3.1, 1e38, -1e38, .infinity, -.infinity, 0.5 * quantization.scale,
      1.5 * quantization.scale, -0.5 * quantization.scale, .leastNonzeroMagnitude,
    ]
    let values = special + (0..<2000).map { Float($0) * 0.003 - 2 }
    for set in InstructionSet.available {
      InstructionSet.with(set) {
        let kernels = martlet_int8_table(set.cValue).pointee
        for channels in [1, 4, 15, 16, 68] {
          let rows = values.count / channels
          let pitch = channels + 3
          var bytes = [UInt8](repeating: 7, count: rows * pitch)
          kernels.quantize_rows(
            values, rows, channels, &bytes, pitch, 1 / quantization.scale, Int32(quantization.zeroPoint))
          for row in 0..<rows {
            for c in 0..<pitch {
              let expected = c < channels ? Self.rounded(values[row * channels + c], quantization).whole : 7
              if Int(bytes[row * pitch + c]) == expected { continue }
              Issue.record(
                "\(set): \(values[row * channels + c]) became \(bytes[row * pitch + c]), not \(expected)")
              return
            }
          }
        }
        var nan = [UInt8](repeating: 7, count: 1)
        kernels.quantize_rows([.nan], 1, 1, &nan, 1, 1, 64)
        #expect(nan == [0])
      }
    }
  }

  @Test("has ranges that hold 0, and none where there is nothing to round")
  func ranges() throws {
    let positive = try #require(Quantization(2.0...5.1))
    #expect(positive.zeroPoint == 0 && abs(positive.scale - 0.02) < 1e-9)
    let negative = try #require(Quantization(-5.1 ... -2))
    #expect(negative.zeroPoint == 255 && abs(negative.scale - 0.02) < 1e-9)
    #expect(Quantization(0.0...0) == nil)
    #expect(Quantization(0...Float.infinity) == nil)
    #expect(Quantization(-Float.greatestFiniteMagnitude...Float.greatestFiniteMagnitude) == nil)
    #expect(Quantization(0...Float.leastNonzeroMagnitude) == nil)
  }

  @Test("is refused where it cannot be computed")
  func refusals() throws {
    let (plain, shifted) = (try #require(Quantization(0...1)), try #require(Quantization(-1...1)))
    let four = ConvolutionCases.shape(1, 4, 3, [5, 5], [3, 3])
    let six = ConvolutionCases.shape(1, 6, 4, [5, 5], [3, 3])
    let depthwise = ConvolutionCases.shape(1, 4, 4, groups: 4, [5, 5], [3, 3])
    #expect(Int8Convolution(.forward, four, plain) != nil)
    #expect(Int8Convolution(.forward, six, plain) == nil)
    #expect(Int8Convolution(.forward, depthwise, plain) == nil)
    #expect(Int8Convolution(.backwardData, six, plain) != nil)
    #expect(Int8Convolution(.backwardData, four, plain) == nil)
    #expect(Int8Convolution(.backwardWeights, four, plain) == nil)
    // Each phase of a stride adds up weights of its own.
    let strided = ConvolutionCases.shape(1, 4, 4, [6, 6], [3, 3], stride: [2, 2])
    #expect(Int8Convolution(.backwardData, strided, plain) != nil)
    #expect(Int8Convolution(.backwardData, strided, shifted) == nil)
    // Sums of so many products are no numbers of 32 bits any more.
    let wide = ConvolutionCases.shape(1, 64, 4, [64, 64], [35, 35])
    #expect(Int8Convolution(.forward, wide, plain) == nil)
    for set in InstructionSet.available where set != .avx512 {
      InstructionSet.with(set) { #expect(!hasInt8Kernels, "\(set)") }
    }
  }

  @Test(
    "is the sum of rounded operands, on every instruction set and any number of threads", arguments: 0..<4)
  func randomConvolutions(slice: Int) throws {
    let memory = TestMemory(.endsAtWall)
    var count = 0
    for index in 0..<2400 where index % 4 == slice {
      let drawn = RandomConvolution(seed: 11, index: index)
      try CrashNote.with("\(drawn)") {
        for part in [ConvolutionPart.forward, .backwardData] where try Self.check(drawn, part, memory) {
          count += 1
        }
      }
    }
    #expect(count > 80, "\(count)")
  }

  /// Where all pixels of a patch are columns of one product, each has a sum of weights of its own to take away.
  @Test("knows what zero adds to each pixel of a transposed convolution's patch")
  func patches() throws {
    let memory = TestMemory(.endsAtWall)
    let shapes = [
      ConvolutionCases.shape(2, 3, 8, [14], [2], stride: [2]),
      ConvolutionCases.shape(1, 20, 16, [5, 12], [1, 3], stride: [1, 3]),
    ]
    for shape in shapes {
      // The third of these has activations of 0 and above alone.
      for index in 0..<6 {
        let drawn = RandomConvolution(seed: 12, index: index, shape: shape)
        #expect(try Self.check(drawn, .backwardData, memory), "\(drawn)")
      }
    }
  }

  /// - Returns: Whether the convolution could be computed.
  private static func check(
    _ drawn: RandomConvolution, _ part: ConvolutionPart, _ memory: TestMemory
  ) throws -> Bool {
    let (shape, isForward) = (drawn.shape, part == .forward)
    var source = (isForward ? drawn.input : drawn.outputGradient).map { Float($0) }
    if drawn.index % 3 == 0 { source = source.map(abs) }
    let extent = (source.map(abs).max() ?? 0) + 1e-3
    // At times smaller than what is to be rounded.
    let high = drawn.index % 5 == 0 ? extent / 2 : extent
    let range = drawn.index % 3 == 0 ? 0...high : -extent / 3...high
    let quantization = try #require(Quantization(range))
    guard let convolution = Int8Convolution(part, shape, quantization) else { return false }
    let weight = drawn.weight.map { Float($0) }
    let hasBias = drawn.index % 4 != 0
    let bias = isForward ? drawn.bias : drawn.inputBias
    let addend = isForward && drawn.index % 5 < 2 ? drawn.outputGradient : nil
    let rectified = drawn.index % 2 == 0

    let roundedWeight = try roundedWeights(weight, convolution)
    let pairs = source.map { rounded($0, quantization) }
    let reference = ConvolutionReference(shape: shape)
    func sums(_ x: [Double], _ w: [Double]) -> [Double] {
      (isForward ? reference.forward(x, w) : reference.backwardData(x, w)).values
    }
    var expected = sums(pairs.map(\.real), roundedWeight)
    let magnitude = roundedWeight.map(abs)
    let zero = Double(quantization.zeroPoint) * Double(quantization.scale)
    // Float32 rounds a sum of what was not shifted back, what that is to be, and what is added.
    var bounds = sums(pairs.map { Double($0.whole) * Double(quantization.scale) }, magnitude)
    let shift = zero * (magnitude.max() ?? 0) * Double(shape.terms(part))
    let chunks = Double(4 + shape.terms(part) / 256)
    let channels = isForward ? shape.outputChannels : shape.inputChannels
    for i in expected.indices {
      // Channels lie last in memory.
      let own = hasBias ? bias[i % channels] : 0
      expected[i] += own + (addend?[i] ?? 0)
      bounds[i] = chunks * 0x1p-23 * (bounds[i] + 2 * shift + abs(own) + abs(addend?[i] ?? 0))
      if rectified { expected[i] = max(0, expected[i]) }
    }
    var first: [Float]?
    for set in InstructionSet.available {
      try InstructionSet.with(set) {
        let convolution = try #require(Int8Convolution(part, shape, quantization))
        var run = Int8Run(convolution: convolution, memory: memory)
        let name = "\(part), \(set), \(range), bias \(hasBias), rectified \(rectified), \(drawn)"
        for (threads, inPlace) in [(1, false), (2, false), (2, convolution.addsInPlace)] {
          run.addsInPlace = inPlace
          let result = try ThreadPool.withThreadCount(threads) {
            try #require(
              run(
                source, weight, hasBias ? bias.map { Float($0) } : nil, addend: addend?.map { Float($0) },
                rectified: rectified), "wrote beside its operands: \(name)")
          }
          if let fault = ConvolutionCheck.fault(result, expected, bounds) {
            Issue.record("\(fault): \(name)")
          }
          if result.map(\.bitPattern) != (first ?? result).map(\.bitPattern) {
            Issue.record(
              "other bytes than on \(InstructionSet.available[0]) and one thread, in place \(inPlace): \(name)"
            )
          }
          first = first ?? result
        }
      }
    }
    return true
  }

  /// Weights after rounding; each belongs to one column, and is off by half a step of its output channel's largest at
  /// most.
  private static func roundedWeights(_ weights: [Float], _ convolution: Int8Convolution) throws -> [Double] {
    let panels = convolution.weights.panels
    let elements = panels.elements
    var rounded = [Double?](repeating: nil, count: weights.count)
    for group in 0..<elements.groups {
      for column in elements.columnOffsets {
        let offsets = elements.taps.joined().flatMap { tap in
          elements.channelOffsets.flatMap { channel in
            (0..<panels.numbersInElement).map {
              group * elements.groupStride + column + channel + $0 * panels.neighbour + tap
            }
          }
        }
        let scale = (offsets.map { abs(weights[$0]) }.max() ?? 0) / 127
        for offset in offsets {
          try #require(rounded[offset] == nil)
          let steps = scale > 0 ? (weights[offset] * (1 / scale)).rounded(.toNearestOrEven) : 0
          rounded[offset] = Double(scale) * Double(steps)
          try #require(abs(Double(weights[offset]) - (rounded[offset] ?? .nan)) <= 0.501 * Double(scale))
        }
      }
    }
    // Taps that never read the source are in no product.
    return zip(rounded, weights).map { $0 ?? Double($1) }
  }

  @Test("touches its operands only")
  func guardedOperands() throws {
    for (name, shape) in ConvolutionCases.chosen {
      for part in [ConvolutionPart.forward, .backwardData] {
        let isForward = part == .forward
        let count = isForward ? shape.inputElementCount : shape.outputElementCount
        let source = GuardedBuffers.numbers(count, Float.self)
        let weight = GuardedBuffers.numbers(shape.weightElementCount, Float.self, seed: 2)
        let channels = isForward ? shape.inputChannels : shape.outputChannels
        let bias = GuardedBuffers.numbers(
          isForward ? shape.outputChannels : shape.inputChannels, Float.self, seed: 3)
        for range in [0...Float(2), -2...2] {
          let quantization = try #require(Quantization(range))
          guard Int8Convolution(part, shape, quantization) != nil else { continue }
          for parts in Set([[channels], someParts(of: channels)]) {
            try GuardedBuffers.expectSame("\(name), \(part), parts \(parts)") { memory in
              let convolution = try #require(Int8Convolution(part, shape, quantization))
              _ = Int8Run(convolution: convolution, memory: memory, parts: parts)(source, weight, bias)
            }
          }
        }
      }
    }
  }
}

/// Runs a convolution with int8 operands on arrays, on watched memory that is full of rubbish first.
struct Int8Run {
  let convolution: Int8Convolution
  var memory = TestMemory(.endsAtWall)
  /// Channels of the tensors that make up the source.
  var parts: [Int]?
  /// Whether what is added lies where the result goes.
  var addsInPlace = false

  func callAsFunction(
    _ source: [Float], _ weight: [Float], _ bias: [Float]?, addend: [Float]? = nil, rectified: Bool = false
  ) -> [Float]? {
    let (shape, isForward) = (convolution.shape, convolution.part == .forward)
    let resultCount = isForward ? shape.outputElementCount : shape.inputElementCount
    memory.begin()
    let weights = convolution.weights
    let prepared = memory.rubbish(weights.byteCount, alignment: 64)
    weights.prepare(memory.copy(weight), to: prepared)
    let output = memory.output(resultCount, Float.self)
    convolution.run(
      input: memory.inputParts(
        source, parts ?? [isForward ? shape.inputChannels : shape.outputChannels], nil),
      preparedWeight: UnsafeRawPointer(prepared), bias: bias.map { UnsafePointer(memory.copy($0)) },
      addend: memory.addend(addend, inPlaceOf: addsInPlace ? output : nil), rectified: rectified,
      output: output,
      workspace: memory.workspace(convolution.workspaceByteCount))
    return memory.isIntact ? Array(UnsafeBufferPointer(start: output, count: resultCount)) : nil
  }
}
