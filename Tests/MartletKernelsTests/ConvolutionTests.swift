import Testing

@testable import MartletKernels

/// Shapes that between them reach every branch of the drivers, and a few hundred drawn at random.
enum ConvolutionCases {
  static func shape(
    _ batch: Int, _ channels: Int, _ outputs: Int, groups: Int = 1, _ input: [Int], _ kernel: [Int],
    stride: [Int]? = nil, dilation: [Int]? = nil, before: [Int]? = nil, after: [Int]? = nil
  ) -> ConvolutionShape {
    func extent(_ values: [Int]?, _ otherwise: Int) -> SpatialExtent {
      let values = values ?? [otherwise, otherwise, otherwise]
      let full = [Int](repeating: otherwise, count: 3 - values.count) + values
      return SpatialExtent(full[0], full[1], full[2])
    }
    let (size, taps) = (extent(input, 1), extent(kernel, 1))
    let (step, spread) = (extent(stride, 1), extent(dilation, 1))
    let (low, high) = (extent(before, 0), extent(after ?? before, 0))
    func output(_ axis: Int) -> Int {
      (size[axis] + low[axis] + high[axis] - spread[axis] * (taps[axis] - 1) - 1) / step[axis] + 1
    }
    return ConvolutionShape(
      batch: batch, inputChannels: channels, outputChannels: outputs, groups: groups, input: size,
      output: SpatialExtent(output(0), output(1), output(2)), kernel: taps, stride: step, dilation: spread,
      paddingBefore: low)
  }

  static let chosen: [(String, ConvolutionShape)] = [
    ("1×1 pixel", shape(1, 1, 1, [1, 1], [1, 1])),
    ("3×3", shape(2, 16, 16, [9, 11], [3, 3], before: [1, 1])),
    ("channels that fill no panel", shape(1, 19, 37, [7, 5], [3, 3], before: [1, 1])),
    ("pointwise", shape(2, 24, 40, [6, 7], [1, 1])),
    ("pointwise, stride 2", shape(2, 24, 40, [7, 7], [1, 1], stride: [2, 2])),
    ("first layer", shape(2, 3, 20, [13, 17], [3, 3], before: [1, 1])),
    ("first layer, 7×7 stride 2", shape(1, 3, 16, [21, 23], [7, 7], stride: [2, 2], before: [3, 3])),
    ("merged rows without padding", shape(2, 4, 5, [8, 9], [3, 4])),
    (
      "stride 2, pad on one side",
      shape(1, 12, 10, [9, 10], [3, 3], stride: [2, 2], before: [0, 0], after: [1, 1])
    ),
    ("stride larger than the kernel", shape(1, 9, 7, [11, 13], [2, 2], stride: [3, 4])),
    ("dilation", shape(1, 10, 12, [12, 14], [3, 3], dilation: [2, 3], before: [2, 3])),
    (
      "dilation and stride",
      shape(1, 10, 12, [13, 14], [3, 2], stride: [2, 3], dilation: [3, 2], before: [3, 1])
    ),
    ("padding larger than the kernel", shape(1, 9, 6, [3, 4], [2, 3], before: [4, 5])),
    ("padding larger than the kernel, few channels", shape(1, 2, 6, [3, 4], [2, 3], before: [4, 5])),
    ("groups", shape(2, 12, 18, groups: 3, [6, 7], [3, 3], before: [1, 1])),
    ("groups of wide channels", shape(1, 66, 70, groups: 2, [4, 5], [3, 3], before: [1, 1])),
    ("depthwise", shape(2, 21, 21, groups: 21, [8, 9], [3, 3], stride: [2, 1], before: [1, 1])),
    (
      "depthwise with multiplier",
      shape(2, 5, 15, groups: 5, [8, 9], [3, 2], stride: [1, 2], before: [1, 1])
    ),
    ("depthwise, dilated", shape(1, 8, 8, groups: 8, [9, 9], [3, 3], dilation: [2, 2], before: [2, 2])),
    ("depthwise, rows of several segments", shape(1, 37, 37, groups: 37, [5, 45], [3, 3], before: [1, 1])),
    (
      "depthwise, kernel larger than the input",
      shape(2, 18, 18, groups: 18, [3, 5], [9, 11], before: [4, 5])
    ),
    ("depthwise, one pixel", shape(1, 16, 16, groups: 16, [1, 1], [7, 7], before: [3, 3])),
    ("depthwise, padding beyond the kernel", shape(1, 17, 17, groups: 17, [4, 3], [2, 2], before: [3, 5])),
    (
      "depthwise, a row cut in parts",
      shape(1, 3, 3, groups: 3, [1100], [5], stride: [1], dilation: [40], before: [90])
    ),
    ("depthwise, whole segments", shape(2, 128, 128, groups: 128, [6, 64], [3, 3], before: [1, 1])),
    ("depthwise, 15 channels", shape(1, 15, 15, groups: 15, [7, 61], [5, 5], before: [2, 2])),
    ("depthwise, two vectors that overlap", shape(1, 33, 33, groups: 33, [9, 47], [7, 7], before: [3, 3])),
    (
      "depthwise, stride 2", shape(2, 17, 17, groups: 17, [9, 75], [5, 5], stride: [2, 2], before: [2, 2])
    ),
    (
      "depthwise, kernel rows of several runs",
      shape(1, 24, 24, groups: 24, [5, 53], [3, 19], before: [1, 9])
    ),
    (
      "depthwise, several groups of channels",
      shape(1, 40, 40, groups: 40, [18, 22], [25, 24], before: [12, 12], after: [12, 11])
    ),
    (
      "depthwise, dilated columns",
      shape(1, 20, 20, groups: 20, [7, 70], [3, 4], dilation: [2, 3], before: [2, 4])
    ),
    (
      "depthwise, dilated columns and stride",
      shape(2, 18, 18, groups: 18, [7, 130], [3, 5], stride: [1, 2], dilation: [1, 6], before: [1, 12])
    ),
    ("depthwise, several sums", shape(2, 20, 20, groups: 20, [26, 35], [3, 3], before: [1, 1])),
    (
      "depthwise volumes",
      shape(1, 19, 19, groups: 19, [4, 5, 37], [3, 2, 3], dilation: [1, 1, 2], before: [1, 1, 2])
    ),
    ("pointwise, few outputs", shape(2, 40, 2, [9, 37], [1, 1])),
    ("pointwise, whole panels", shape(2, 64, 64, [9, 37], [1, 1])),
    ("pointwise with padding", shape(1, 32, 32, [5, 6], [1, 1], before: [2, 1])),
    ("pointwise, groups of whole panels", shape(1, 64, 64, groups: 2, [5, 6], [1, 1])),
    ("whole panels", shape(2, 32, 64, [9, 11], [3, 3], stride: [2, 1], before: [1, 1])),
    ("few channels, whole panels", shape(2, 3, 64, [9, 310], [3, 3], before: [1, 1])),
    (
      "dilation, taps in the padding",
      shape(2, 16, 32, [16, 16], [3, 3], dilation: [6, 7], before: [6, 7])
    ),
    (
      "dilation, all outer taps in the padding",
      shape(1, 9, 32, [5, 6], [3, 3], dilation: [9, 9], before: [9, 9])
    ),
    ("small volumes", shape(2, 20, 20, [4, 5, 6], [3, 3, 3], before: [1, 1, 1])),
    ("one pixel, 3×3", shape(1, 17, 33, [1, 1], [3, 3], before: [1, 1])),
    ("width smaller than the kernel", shape(1, 3, 16, [4, 2], [3, 7], before: [1, 3])),
    ("kernel equal to the stride", shape(2, 20, 33, [8, 10], [2, 2], stride: [2, 2])),
    ("few columns forward", shape(2, 32, 2, [13, 31], [3, 3], before: [1, 1])),
    ("few columns, pointwise, several blocks", shape(1, 64, 3, [30, 40], [1, 1])),
    ("few columns, several times a tile's", shape(1, 128, 7, [6, 7], [3, 3], before: [1, 1])),
    ("few columns, groups", shape(1, 96, 6, groups: 3, [6, 7], [3, 3], before: [1, 1])),
    ("few columns backward", shape(2, 3, 64, [13, 11], [3, 3], stride: [2, 2], before: [1, 1])),
    ("patches of few channels", shape(2, 3, 20, [8, 15], [4, 5], stride: [4, 5])),
    ("patches of a volume", shape(1, 5, 9, [4, 4, 6], [2, 2, 3], stride: [2, 2, 3])),
    ("patches that overlap in height", shape(2, 7, 18, [9, 12], [3, 3], stride: [1, 3], before: [1, 0])),
    ("few columns, long kernel", shape(4, 64, 4, [50], [10], stride: [10])),
    ("one dimension", shape(3, 10, 14, [33], [5], stride: [2], before: [2])),
    ("one dimension, longer than a segment", shape(1, 9, 11, [1300], [3], before: [1])),
    ("few channels, longer than a segment", shape(1, 2, 11, [1300], [3], stride: [2], before: [1])),
    ("three dimensions", shape(2, 9, 10, [5, 6, 7], [3, 2, 3], stride: [2, 1, 2], before: [1, 0, 1])),
    ("three dimensions, few channels", shape(1, 2, 10, [5, 6, 7], [3, 3, 3], before: [1, 1, 1])),
    ("chunks of channels", shape(1, 200, 18, [5, 6], [3, 3], before: [1, 1])),
    ("many taps", shape(1, 20, 6, [17, 19], [11, 13], before: [5, 6])),
    ("many taps, few channels", shape(1, 1, 6, [17, 19], [11, 13], before: [5, 6])),
    ("several pieces", shape(2, 16, 70, [20, 31], [3, 3], before: [1, 1])),
    ("several blocks of weights", shape(1, 150, 140, [4, 6], [2, 2])),
  ]

  /// A shape whose output is not empty.
  static func random(_ generator: inout PhiloxGenerator) -> ConvolutionShape {
    func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
    while true {
      let rank = pick(1...3)
      let limit = rank == 1 ? 40 : rank == 2 ? 13 : 6
      let kind = pick(0...5)
      let groups = kind == 0 ? pick(2...5) : 1
      var channels = groups * pick(1...(kind == 1 ? 70 : 20))
      var outputs = groups * pick(1...(kind == 2 ? 70 : 20))
      if kind == 3 { channels = pick(1...4) }
      var group = groups
      if kind == 4 {
        channels = pick(2...20)
        group = channels
        outputs = channels * pick(1...2)
      }
      func axes(_ range: ClosedRange<Int>) -> [Int] { (0..<rank).map { _ in pick(range) } }
      let shape = shape(
        pick(1...3), channels, outputs, groups: group, axes(1...limit), axes(1...4), stride: axes(1...3),
        dilation: axes(1...2), before: axes(0...3), after: axes(0...3))
      if shape.output.depth > 0, shape.output.height > 0, shape.output.width > 0,
        shape.multiplyAdds < 400_000
      {
        return shape
      }
    }
  }
}

struct ConvolutionTests {
  /// Names of the kernels to test: the machine's, and the AVX-512 shape of tile in portable code.
  static let kernelSets = InstructionSet.available.map(\.rawValue) + ["wide"]

  static func with<Result>(_ name: String, _ body: () throws -> Result) rethrows -> Result {
    guard let set = InstructionSet(rawValue: name) else { return try withWideTiles(body) }
    return try InstructionSet.with(set, body)
  }

  static func random(_ count: Int, _ generator: inout PhiloxGenerator) -> [Double] {
    // Rounded to float32, so that both element types start from the same numbers.
    (0..<count).map { _ in Double(Float(generator.uniform(in: -1...1))) }
  }

  /// Compares all three parts with the definition.
  static func check<Scalar: BinaryFloatingPoint & BitwiseCopyable>(
    _ shape: ConvolutionShape, _: Scalar.Type, tolerance: Double, seed: UInt64, _ name: String
  ) throws {
    var generator = PhiloxGenerator(seed: seed, stream: 7)
    let naive = NaiveConvolution(shape: shape)
    let input = random(shape.inputElementCount, &generator)
    let weight = random(shape.weightElementCount, &generator)
    let bias = random(shape.outputChannels, &generator)
    let gradient = random(shape.outputElementCount, &generator)
    let run = ConvolutionRun<Scalar>(shape: shape)
    func cast(_ values: [Double]) -> [Scalar] { values.map { Scalar($0) } }

    let comment = Comment(rawValue: "\(name): \(shape)")
    let output = naive.forward(input, weight, bias)
    #expect(
      relativeError(try run.forward(cast(input), cast(weight), cast(bias)), output) < tolerance, comment)
    let rectified = try run.forward(cast(input), cast(weight), cast(bias), rectified: true)
    #expect(relativeError(rectified, output.map { max(0, $0) }) < tolerance, comment)
    #expect(
      relativeError(
        try run.backwardData(cast(gradient), cast(weight)), naive.backwardData(gradient, weight)) < tolerance,
      comment)
    let inputBias = random(shape.inputChannels, &generator)
    var withBias = naive.backwardData(gradient, weight)
    for i in withBias.indices { withBias[i] += inputBias[i % shape.inputChannels] }
    #expect(
      relativeError(try run.backwardData(cast(gradient), cast(weight), cast(inputBias)), withBias)
        < tolerance,
      comment)
    #expect(
      relativeError(
        try run.backwardWeights(cast(input), cast(gradient)), naive.backwardWeights(input, gradient))
        < tolerance,
      comment)
  }

  @Test(arguments: kernelSets) func chosenShapesAgreeWithTheDefinition(kernels: String) throws {
    try Self.with(kernels) {
      for (index, (name, shape)) in ConvolutionCases.chosen.enumerated() {
        try Self.check(shape, Float.self, tolerance: 4e-6, seed: UInt64(index), name)
        try Self.check(shape, Double.self, tolerance: 1e-14, seed: UInt64(index), name)
      }
    }
  }

  @Test(arguments: kernelSets) func randomShapesAgreeWithTheDefinition(kernels: String) throws {
    var generator = PhiloxGenerator(seed: 1, stream: 2)
    try Self.with(kernels) {
      for index in 0..<200 {
        let shape = ConvolutionCases.random(&generator)
        try Self.check(shape, Float.self, tolerance: 4e-6, seed: UInt64(index), "random \(index)")
      }
    }
  }

  @Test func threadsDoNotChangeABit() throws {
    var generator = PhiloxGenerator(seed: 3, stream: 4)
    for (name, shape) in ConvolutionCases.chosen {
      let input = Self.random(shape.inputElementCount, &generator).map { Float($0) }
      let weight = Self.random(shape.weightElementCount, &generator).map { Float($0) }
      let gradient = Self.random(shape.outputElementCount, &generator).map { Float($0) }
      let run = ConvolutionRun<Float>(shape: shape)
      let results = try [1, 2, 5].map { threads in
        try ThreadPool.withThreadCount(threads) {
          try [
            run.forward(input, weight, nil), run.backwardData(gradient, weight),
            run.backwardWeights(input, gradient),
          ]
        }
      }
      #expect(results[0] == results[1], Comment(rawValue: name))
      #expect(results[0] == results[2], Comment(rawValue: name))
    }
  }

  /// Outputs of less than a segment and of a whole one.
  @Test(arguments: InstructionSet.available, [5, 16]) func depthwiseTapsKeepWhatIsNotFinite(
    _ set: InstructionSet, width: Int
  ) throws {
    let channels = 17
    let run = ConvolutionRun<Float>(
      shape: ConvolutionCases.shape(1, channels, channels, groups: channels, [1, width + 2], [1, 3]))
    let gradient = [Float](repeating: 1, count: run.shape.outputElementCount)
    // The outer pixels are read by one tap each.
    for (pixel, reader) in [(0, 0), (width + 1, 2)] {
      var input = [Float](repeating: 1, count: run.shape.inputElementCount)
      for channel in 0..<channels { input[pixel * channels + channel] = .infinity }
      let sums = try InstructionSet.with(set) { try run.backwardWeights(input, gradient) }
      #expect(sums == sums.indices.map { $0 % 3 == reader ? .infinity : Float(width) })
    }
  }

  @Test func emptyBatches() throws {
    let run = ConvolutionRun<Float>(
      shape: ConvolutionCases.shape(0, 3, 4, [5, 5], [3, 3], before: [1, 1]))
    let weight = [Float](repeating: 1, count: run.shape.weightElementCount)
    #expect(try run.forward([], weight, nil) == [])
    #expect(try run.backwardData([], weight) == [])
    #expect(try run.backwardWeights([], []) == [Float](repeating: 0, count: weight.count))
  }
}
