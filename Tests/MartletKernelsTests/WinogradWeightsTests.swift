import Testing

@testable import MartletKernels

struct WinogradWeightsTests {
  static let sets = InstructionSet.available
  static let tiles = WinogradTile.allCases

  static func shape(
    _ batch: Int, _ channels: Int, _ outputs: Int, _ input: [Int], depth: Int = 1, dilation: [Int] = [1, 1],
    before: [Int] = [1, 1], after: [Int]? = nil
  ) -> ConvolutionShape {
    ConvolutionCases.shape(
      batch, channels, outputs, input, [depth, 3, 3], dilation: dilation, before: before, after: after)
  }

  /// A kernel of some depth, padded to keep the size.
  static func volume(
    _ batch: Int, _ channels: Int, _ outputs: Int, _ input: [Int], depth: Int = 3
  ) -> ConvolutionShape {
    shape(batch, channels, outputs, input, depth: depth, before: [depth / 2, 1, 1])
  }

  static let volumes: [(String, ConvolutionShape)] = [
    ("a volume", volume(2, 17, 19, [4, 6, 5])),
    ("a volume of one voxel", volume(1, 1, 1, [1, 1, 1])),
    ("a slice and a deep kernel", volume(1, 5, 16, [1, 6, 7], depth: 5)),
    ("a flat kernel on a volume", volume(2, 16, 5, [7, 5, 6], depth: 1)),
    ("several runs of slices", volume(1, 7, 3, [27, 5, 4])),
    ("several runs of a deep kernel's slices", volume(1, 3, 5, [43, 3, 5], depth: 5)),
    ("an even depth", shape(1, 8, 9, [6, 7, 5], depth: 2, before: [1, 0, 2], after: [0, 2, 1])),
    (
      "one slice of tiles with and without a last row",
      shape(1, 16, 3, [3, 7, 7], depth: 3, before: [0, 1, 1])
    ),
    ("no padding, one slice", shape(1, 16, 3, [3, 5, 6], depth: 3, before: [0, 0, 0])),
    (
      "padding along the depth larger than the kernel",
      shape(1, 6, 9, [2, 4, 5], depth: 2, before: [4, 1, 1], after: [3, 1, 1])
    ),
    ("only some taps along the depth read inside", shape(1, 6, 9, [1, 4, 5], depth: 4, before: [2, 1, 1])),
    (
      "dilated in depth",
      shape(2, 5, 18, [11, 6, 7], depth: 3, dilation: [4, 2, 1], before: [4, 2, 1])
    ),
    (
      "dilation larger than the depth",
      shape(1, 5, 4, [3, 4, 5], depth: 3, dilation: [5, 1, 1], before: [5, 1, 1])
    ),
    ("an odd number of runs, a tile a slice", volume(1, 5, 7, [195, 4, 4])),
    ("several parts of a volume", volume(1, 3, 5, [17, 23, 21])),
    ("several chunks and blocks of a volume", volume(1, 40, 70, [15, 9, 10])),
  ]

  static let chosen: [(String, ConvolutionShape)] =
    [
      ("one pixel", shape(1, 1, 1, [1, 1])),
      ("one tile of either size", shape(1, 16, 16, [4, 4])),
      ("no padding, output of one pixel", shape(1, 5, 3, [3, 3], before: [0, 0])),
      ("tiles inside and at all edges", shape(2, 16, 32, [14, 15])),
      ("channels that fill no block", shape(1, 19, 37, [7, 5])),
      ("one channel more than a block", shape(1, 17, 33, [6, 9])),
      ("padding on one side", shape(1, 9, 10, [9, 10], before: [0, 2], after: [2, 0])),
      ("padding larger than the kernel", shape(1, 6, 9, [3, 4], before: [5, 4], after: [4, 7])),
      ("a row", shape(2, 7, 8, [1, 23])),
      ("a column", shape(2, 7, 8, [23, 1])),
      ("several blocks of weights", shape(1, 70, 150, [6, 5])),
      ("dilation", shape(2, 18, 16, [13, 12], dilation: [2, 3], before: [2, 3])),
      ("dilation along the width", shape(1, 16, 20, [9, 21], dilation: [1, 4], before: [1, 4])),
      ("dilation larger than the output", shape(1, 4, 5, [3, 4], dilation: [6, 5], before: [6, 5])),
      ("several parts", shape(2, 3, 5, [67, 71])),
      ("several chunks", shape(2, 33, 5, [53, 57])),
    ] + volumes

  /// A convolution of stride 2, with a kernel of 3×3 and padding of 1 where nothing else is said.
  static func strided(
    _ batch: Int, _ channels: Int, _ outputs: Int, _ input: [Int], _ kernel: [Int] = [3, 3],
    dilation: Int = 1, before: [Int] = [1, 1], after: [Int]? = nil
  ) -> ConvolutionShape {
    let depth = input.count == 3 ? 1 : 0
    let ones = [Int](repeating: 1, count: depth)
    return ConvolutionCases.shape(
      batch, channels, outputs, input, kernel, stride: ones + [2, 2],
      dilation: [Int](repeating: dilation, count: depth) + [1, 1], before: before, after: after)
  }

  /// Of the same kinds as those of stride 1.
  static let strided: [(String, ConvolutionShape)] = [
    ("stride, one pixel", strided(1, 16, 1, [1, 1])),
    ("stride, one tile", strided(1, 16, 16, [8, 8])),
    ("stride, no padding, output of one pixel", strided(1, 16, 3, [3, 3], before: [0, 0])),
    ("stride, pixels that no window reads", strided(1, 16, 5, [10, 12], before: [0, 0])),
    ("stride, tiles inside and at all edges", strided(2, 32, 20, [29, 31])),
    ("stride, 4×4, tiles inside and at all edges", strided(2, 32, 20, [28, 30], [4, 4])),
    (
      "stride, 4×3, padding on one side",
      strided(1, 16, 10, [9, 14], [4, 3], before: [0, 2], after: [2, 0])
    ),
    (
      "stride, 3×4, padding larger than the kernel",
      strided(1, 16, 9, [3, 4], [3, 4], before: [5, 6], after: [7, 4])
    ),
    ("stride, a row", strided(2, 16, 8, [1, 45])),
    ("stride, a column", strided(2, 16, 8, [45, 1])),
    ("stride, several blocks of weights", strided(1, 48, 150, [11, 9], [4, 4])),
    ("stride, several parts", strided(2, 16, 5, [133, 141])),
    ("stride, several chunks", strided(2, 32, 5, [105, 113])),
    ("a strided volume", strided(2, 16, 19, [4, 11, 9], [3, 4, 4], before: [1, 1, 1])),
    ("stride, a flat kernel on a volume", strided(1, 32, 5, [7, 10, 12], [1, 3, 3], before: [0, 1, 1])),
    (
      "stride, dilated in depth",
      strided(1, 16, 18, [11, 12, 13], [3, 3, 4], dilation: 4, before: [4, 1, 1])
    ),
    (
      "stride, padding along the depth larger than the kernel",
      strided(1, 16, 9, [2, 8, 10], [2, 3, 3], before: [4, 1, 1], after: [3, 1, 1])
    ),
    ("stride, few channels", strided(2, 3, 20, [29, 31])),
    ("stride, channels that fill no block", strided(1, 37, 19, [10, 13], [4, 3], before: [0, 2])),
    ("stride, components that end within a block, in several parts", strided(2, 5, 5, [133, 141])),
  ]

  /// A first layer as networks have it: a kernel of 7×7, stride 2 and padding of 3 where nothing else is said.
  static func stem(
    _ batch: Int, _ channels: Int, _ outputs: Int, _ input: [Int], _ kernel: [Int] = [7, 7],
    before: [Int] = [3, 3], after: [Int]? = nil
  ) -> ConvolutionShape {
    strided(batch, channels, outputs, input, kernel, before: before, after: after)
  }

  static let stems: [(String, ConvolutionShape)] = [
    ("stem, one pixel", stem(1, 1, 1, [1, 1])),
    ("stem, one tile", stem(1, 3, 16, [6, 6])),
    ("stem, no padding, output of one pixel", stem(1, 4, 3, [7, 7], before: [0, 0])),
    (
      "stem, 8×8, no padding, pixels that no window reads", stem(1, 3, 5, [13, 15], [8, 8], before: [0, 0])
    ),
    ("stem, tiles inside and at all edges", stem(2, 3, 20, [29, 31])),
    ("stem, one channel", stem(1, 1, 17, [21, 26])),
    ("stem, 8×7, padding on one side", stem(1, 2, 10, [9, 14], [8, 7], before: [0, 4], after: [4, 0])),
    (
      "stem, 7×8, padding larger than the kernel",
      stem(1, 3, 9, [3, 4], [7, 8], before: [9, 10], after: [11, 8])
    ),
    ("stem, a row", stem(2, 3, 8, [1, 45])),
    ("stem, a column", stem(2, 3, 8, [45, 1])),
    ("stem, components that end within a block", stem(1, 13, 18, [12, 15])),
    ("stem, channels in parts", stem(1, 21, 18, [13, 10])),
    ("stem, whole blocks of channels", stem(1, 32, 50, [11, 9], [8, 8])),
    ("stem, several parts", stem(2, 3, 5, [99, 111])),
    ("stem, several chunks and blocks", stem(2, 32, 70, [75, 77])),
    ("stem, a volume", stem(2, 3, 19, [4, 11, 9], [3, 8, 7], before: [1, 3, 3])),
  ]

  static func random(_ generator: inout PhiloxGenerator) -> ConvolutionShape {
    func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
    while true {
      let kind = pick(0...3)
      let depth = pick(0...1) == 0 ? 1 : pick(1...5)
      let dilation = kind == 0 ? (0..<3).map { _ in pick(1...4) } : [1, 1, 1]
      let sizes = [depth == 1 ? 1 : pick(1...19), pick(1...19), pick(1...19)]
      let padding = (0..<2).map { _ in [depth == 1 ? 0 : pick(0...4), pick(0...4), pick(0...4)] }
      let shape = shape(
        pick(1...3), pick(1...(kind == 1 ? 70 : 20)), pick(1...(kind == 2 ? 70 : 20)), sizes, depth: depth,
        dilation: dilation, before: padding[0], after: padding[1])
      let output = shape.output
      if min(output.depth, output.height, output.width) > 0, shape.multiplyAdds < 400_000 { return shape }
    }
  }

  static let all: [(String, ConvolutionShape)] = {
    var generator = PhiloxGenerator(seed: 5, stream: 6)
    return chosen + strided + stems + (0..<100).map { ("random \($0)", random(&generator)) }
  }()

  static func integers(_ count: Int, _ generator: inout PhiloxGenerator) -> [Double] {
    (0..<count).map { _ in Double(Int.random(in: -3...3, using: &generator)) }
  }

  static func floats(_ values: [Double]) -> [Float] { values.map { Float($0) } }

  /// With small integers nothing is rounded by the tile of 2, and little enough by the tile of 4 that the nearest
  /// integer is the gradient.
  static func expectExact(
    _ run: WinogradWeightsRun, _ input: [Double], _ gradient: [Double], _ expected: [Double], _ name: String
  ) {
    let result = run(floats(input), floats(gradient)).map { Double($0) }
    let rounded = run.tile == .two ? result : result.map { $0.rounded() }
    let comment = Comment(rawValue: "\(name), tile \(run.tile): \(run.shape)")
    #expect(firstDifference(rounded, expected) == nil, comment)
  }

  @Test func theShapesReachBothCuts() {
    let modes = Self.chosen.map { WinogradWeightsCut($0.1, .four) }
    #expect(modes.contains { $0.mode == .weightBlocks(strands: 1) && $0.chunks == 1 })
    #expect(modes.contains { $0.mode == .weightBlocks(strands: 2) && $0.chunks == 2 })
    #expect(modes.contains { $0.mode == .weightBlocks(strands: 2) && $0.chunks > 2 })
    #expect(modes.contains { if case .tileRanges(let parts) = $0.mode { parts > 1 } else { false } })
    let volumes = Self.volumes.map { WinogradWeightsCut($0.1, .four) }
    #expect(volumes.contains { $0.mode == .weightBlocks(strands: 2) && $0.chunks % 2 == 1 })
    #expect(volumes.contains { if case .tileRanges = $0.mode { $0.slices.runCount > 1 } else { false } })
    #expect(volumes.contains { !$0.taps.isEmpty && $0.taps.count < $0.shape.kernel.depth })
    let strided = Self.strided.map { WinogradWeightsCut($0.1, .strided) }
    #expect(strided.contains { $0.mode == .weightBlocks(strands: 1) && $0.chunks == 1 })
    #expect(strided.contains { $0.mode == .weightBlocks(strands: 2) && $0.chunks > 1 })
    #expect(strided.contains { if case .tileRanges(let parts) = $0.mode { parts > 1 } else { false } })
    let stems = Self.stems.map { WinogradWeightsCut($0.1, .stem) }
    #expect(stems.contains { $0.mode == .weightBlocks(strands: 2) && $0.chunks > 1 })
    #expect(stems.contains { if case .tileRanges(let parts) = $0.mode { parts > 1 } else { false } })
    for cuts in [strided, stems] {
      #expect(cuts.contains { $0.gathered != nil && $0.inputBlocks > 1 })
      #expect(cuts.contains { $0.gathered == nil })
    }
  }

  @Test(arguments: sets, tiles) func integersAreExact(set: InstructionSet, tile: WinogradTile) {
    var generator = PhiloxGenerator(seed: 1, stream: 1)
    InstructionSet.with(set) {
      for (name, shape) in Self.all where tile.supports(shape) {
        let input = Self.integers(shape.inputElementCount, &generator)
        let gradient = Self.integers(shape.outputElementCount, &generator)
        let expected = NaiveConvolution(shape: shape).backwardWeights(input, gradient)
        Self.expectExact(WinogradWeightsRun(shape: shape, tile: tile), input, gradient, expected, name)
      }
    }
  }

  @Test(arguments: sets, tiles) func errorsStayWithinTheBound(set: InstructionSet, tile: WinogradTile) {
    var generator = PhiloxGenerator(seed: 2, stream: 1)
    InstructionSet.with(set) {
      for (name, shape) in Self.all where tile.supports(shape) {
        let input = ConvolutionTests.random(shape.inputElementCount, &generator)
        let gradient = ConvolutionTests.random(shape.outputElementCount, &generator)
        let expected = NaiveConvolution(shape: shape).backwardWeights(input, gradient)
        let bounds = WinogradWeightsBound(shape, tile: tile)(input, gradient)
        let result = WinogradWeightsRun(shape: shape, tile: tile)(Self.floats(input), Self.floats(gradient))
        var worst = 0.0
        for i in result.indices {
          let error = abs(Double(result[i]) - expected[i])
          worst = max(worst, error.isFinite ? (error == 0 ? 0 : error / bounds[i]) : .infinity)
        }
        #expect(worst <= 1, Comment(rawValue: "\(name), tile \(tile): \(shape)"))
      }
    }
  }

  @Test(arguments: sets, tiles) func theInputIsNormalizedBeforeItIsPadded(
    set: InstructionSet, tile: WinogradTile
  ) {
    var generator = PhiloxGenerator(seed: 3, stream: 1)
    InstructionSet.with(set) {
      for (name, shape) in Self.chosen + Self.strided + Self.stems where tile.supports(shape) {
        let input = Self.integers(shape.inputElementCount, &generator)
        let gradient = Self.integers(shape.outputElementCount, &generator)
        let vectors = (0..<3).map { _ in Self.integers(shape.inputChannels, &generator) }
        for rectified in [false, true] {
          let normalization = TestNormalization(vectors[0], vectors[1], vectors[2], rectified: rectified)
          let expected = NaiveConvolution(shape: shape).backwardWeights(normalization(input), gradient)
          let run = WinogradWeightsRun(shape: shape, tile: tile, normalization: normalization)
          Self.expectExact(run, input, gradient, expected, name)
        }
      }
    }
  }

  @Test(arguments: sets, tiles) func theInputComesInParts(set: InstructionSet, tile: WinogradTile) {
    var generator = PhiloxGenerator(seed: 4, stream: 1)
    InstructionSet.with(set) {
      for (name, shape) in Self.chosen + Self.strided + Self.stems where tile.supports(shape) {
        let input = Self.floats(Self.integers(shape.inputElementCount, &generator))
        let gradient = Self.floats(Self.integers(shape.outputElementCount, &generator))
        let vectors = (0..<3).map { _ in Self.integers(shape.inputChannels, &generator) }
        var run = WinogradWeightsRun(
          shape: shape, tile: tile,
          normalization: TestNormalization(vectors[0], vectors[1], vectors[2], rectified: true))
        let whole = run(input, gradient)
        run.inputParts = someParts(of: shape.inputChannels)
        #expect(run(input, gradient) == whole, Comment(rawValue: "\(name), tile \(tile): \(shape)"))
      }
    }
  }

  @Test(arguments: tiles) func threadsDoNotChangeABit(tile: WinogradTile) {
    var generator = PhiloxGenerator(seed: 5, stream: 1)
    for (name, shape) in Self.chosen + Self.strided + Self.stems where tile.supports(shape) {
      let input = Self.floats(ConvolutionTests.random(shape.inputElementCount, &generator))
      let gradient = Self.floats(ConvolutionTests.random(shape.outputElementCount, &generator))
      let run = WinogradWeightsRun(shape: shape, tile: tile)
      let results = [1, 2, 5].map { threads in
        ThreadPool.withThreadCount(threads) { run(input, gradient).map(\.bitPattern) }
      }
      #expect(results[0] == results[1], Comment(rawValue: name))
      #expect(results[0] == results[2], Comment(rawValue: name))
    }
  }

  /// No images.
  static func empty(_ tile: WinogradTile) -> ConvolutionShape {
    switch tile {
    case .two, .three, .four: shape(0, 3, 4, [5, 5])
    case .strided: strided(0, 16, 4, [5, 5])
    case .stem: stem(0, 3, 4, [5, 5])
    }
  }

  @Test(arguments: tiles) func emptyBatchesGiveZeros(tile: WinogradTile) {
    let shape = Self.empty(tile)
    let result = WinogradWeightsRun(shape: shape, tile: tile)([], [])
    #expect(result == [Float](repeating: 0, count: shape.weightElementCount))
  }

  @Test func otherConvolutionsAreNotSupported() {
    let plain = [
      Self.shape(1, 3, 4, [5, 5], dilation: [2, 1]), Self.shape(1, 3, 4, [2, 5, 5]),
      Self.shape(1, 3, 4, [9, 5, 5], depth: 4, dilation: [2, 3, 1]),
    ]
    let strided = [
      Self.strided(1, 16, 3, [5, 5]), Self.strided(1, 32, 3, [5, 5], [4, 3]),
      Self.strided(1, 16, 3, [9, 5, 5], [2, 3, 4], dilation: 3, before: [0, 1, 1]),
      Self.strided(1, 17, 4, [5, 5]),
    ]
    let stems = [
      Self.stem(1, 3, 4, [9, 9]), Self.stem(1, 17, 4, [9, 9], [8, 7]),
      Self.strided(1, 3, 4, [5, 9, 9], [2, 7, 7], dilation: 3, before: [0, 3, 3]),
    ]
    let neither = [
      ConvolutionCases.shape(1, 16, 4, [5, 5], [3, 2]),
      ConvolutionCases.shape(1, 16, 4, [5, 5], [3, 3], stride: [1, 2]),
      ConvolutionCases.shape(1, 32, 4, groups: 2, [5, 5], [3, 3]),
      ConvolutionCases.shape(1, 16, 4, [5, 5, 5], [3, 3, 1]),
      ConvolutionCases.shape(1, 16, 4, [5, 5, 5], [3, 3, 3], stride: [2, 1, 1]),
      ConvolutionCases.shape(1, 16, 4, [5], [3]),
      ConvolutionCases.shape(1, 16, 4, [5, 5], [5, 5], stride: [2, 2]),
      ConvolutionCases.shape(1, 16, 4, [5, 5], [3, 3], stride: [2, 2], dilation: [2, 2]),
      ConvolutionCases.shape(1, 16, 4, [5, 5, 5], [3, 3, 3], stride: [2, 2, 2]),
      ConvolutionCases.shape(1, 3, 4, [9, 9], [7, 6], stride: [2, 2]),
      ConvolutionCases.shape(1, 3, 4, [9, 9], [7, 7]),
      ConvolutionCases.shape(1, 3, 4, [19, 19], [7, 7], stride: [2, 2], dilation: [2, 2]),
    ]
    for tile in WinogradTile.allCases {
      for shape in plain { #expect(tile.supports(shape) == (tile.stride == 1), "\(tile), \(shape)") }
      for shape in strided { #expect(tile.supports(shape) == (tile == .strided), "\(tile), \(shape)") }
      for shape in stems { #expect(tile.supports(shape) == (tile == .stem), "\(tile), \(shape)") }
      for shape in neither { #expect(!tile.supports(shape), "\(tile), \(shape)") }
    }
  }
}
