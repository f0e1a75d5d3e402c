import MartletKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A convolution drawn at random, the same one for the same seed and index, and numbers for it.
struct RandomConvolution: CustomStringConvertible {
  let seed: UInt64
  let index: Int
  let shape: ConvolutionShape
  let input: [Double]
  let weight: [Double]
  let outputGradient: [Double]
  /// A number for each output and each input channel.
  let bias: [Double]
  let inputBias: [Double]
  /// Whether all numbers are small integers, of which no sum is rounded.
  let isExact: Bool

  var description: String { "shape \(index) of seed \(seed)\(isExact ? ", integers" : ""): \(shape)" }

  /// - Parameter given: A shape that is not drawn.
  init(seed: UInt64, index: Int, shape given: ConvolutionShape? = nil) {
    self.seed = seed
    self.index = index
    isExact = index % 2 == 1
    var draw = Draw(generator: PhiloxGenerator(seed: seed, stream: UInt64(index)), isExact: isExact)
    let shape = given ?? draw.shape()
    self.shape = shape
    input = draw.numbers(shape.inputElementCount)
    weight = draw.numbers(shape.weightElementCount)
    outputGradient = draw.numbers(shape.outputElementCount)
    bias = draw.numbers(shape.outputChannels)
    inputBias = draw.numbers(shape.inputChannels)
  }
}

private struct Draw {
  var generator: PhiloxGenerator
  let isExact: Bool

  /// Multiply-adds of most shapes, so that thousands take seconds, and of one in thirty, for the cuts of large
  /// convolutions.
  private static let work = 0...300_000
  private static let largeWork = 600_000...4_000_000

  mutating func numbers(_ count: Int) -> [Double] {
    (0..<count).map { _ in
      isExact
        ? Double(Int.random(in: -3...3, using: &generator)) : Double(Float(generator.uniform(in: -1...1)))
    }
  }

  private mutating func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
  private mutating func happens(oneIn count: Int) -> Bool { pick(1...count) == 1 }

  /// Small numbers as often as large ones: evenly drawn logarithms.
  private mutating func size(upTo limit: Int) -> Int {
    min(limit, Int(exp(generator.uniform(in: 0...log(Double(limit + 1))))))
  }

  mutating func shape() -> ConvolutionShape {
    let isLarge = happens(oneIn: 30)
    let work = isLarge ? Self.largeWork : Self.work
    // Drawn again is only what makes the shape too large or too small, or its output empty.
    let batch = !isLarge && happens(oneIn: 50) ? 0 : pick(1...3)
    let suitsWinograd = happens(oneIn: 3)
    let rank = suitsWinograd ? pick(2...3) : pick(1...3)
    while true {
      let shape = suitsWinograd ? winograd(batch, rank) : any(batch, rank)
      let output = shape.output
      if output.depth > 0, output.height > 0, output.width > 0,
        work.contains(shape.multiplyAdds), shape.inputElementCount <= work.upperBound
      {
        return shape
      }
    }
  }

  private mutating func axes(_ rank: Int, _ body: (inout Draw) -> Int) -> [Int] {
    (0..<rank).map { _ in body(&self) }
  }

  /// Padding of one side: often what keeps the size, now and then more than the kernel reaches.
  private mutating func padding(_ reach: Int) -> Int {
    switch pick(0...4) {
    case 0: 0
    case 1, 2: reach / 2
    case 3: pick(0...reach)
    default: pick(0...reach + 4)
    }
  }

  private mutating func winograd(_ batch: Int, _ rank: Int) -> ConvolutionShape {
    if happens(oneIn: 3) { return strided(batch, rank) }
    let dilation = happens(oneIn: 3) ? axes(rank) { $0.pick(1...4) } : axes(rank) { _ in 1 }
    let kernel = axes(rank - 2) { $0.size(upTo: 5) } + [3, 3]
    let reach = zip(kernel, dilation).map { ($0 - 1) * $1 }
    let before = reach.map { padding($0) }
    let after = reach.map { padding($0) }
    return ConvolutionCases.shape(
      batch, size(upTo: 80), size(upTo: 80), axes(rank) { $0.size(upTo: 40) }, kernel, dilation: dilation,
      before: before, after: after)
  }

  private mutating func strided(_ batch: Int, _ rank: Int) -> ConvolutionShape {
    let channels = happens(oneIn: 2) ? 16 * size(upTo: 5) : size(upTo: 40)
    let depths = axes(rank - 2) { $0.pick(1...3) }
    let edges = happens(oneIn: 2) ? 7...8 : 3...4
    let kernel = depths + axes(2) { $0.pick(edges) }
    let dilation = axes(rank - 2) { $0.pick(1...2) } + [1, 1]
    let reach = zip(kernel, dilation).map { ($0 - 1) * $1 }
    let before = reach.map { padding($0) }
    let after = reach.map { padding($0) }
    return ConvolutionCases.shape(
      batch, channels, size(upTo: 80), axes(rank) { $0.size(upTo: 40) }, kernel,
      stride: depths.map { _ in 1 } + [2, 2], dilation: dilation, before: before, after: after)
  }

  private mutating func any(_ batch: Int, _ rank: Int) -> ConvolutionShape {
    var (groups, channels, outputs) = (1, size(upTo: 80), size(upTo: 80))
    switch pick(0...5) {
    case 0:
      groups = pick(2...8)
      channels = groups * size(upTo: 80 / groups)
      outputs = groups * size(upTo: 80 / groups)
    case 1:
      groups = channels
      outputs = channels * pick(1...3)
    default: break
    }
    let kernel = axes(rank) { $0.size(upTo: 7) }
    let dilation = axes(rank) { $0.happens(oneIn: 2) ? 1 : $0.pick(1...4) }
    let reach = zip(kernel, dilation).map { ($0 - 1) * $1 }
    let before = reach.map { padding($0) }
    let after = reach.map { padding($0) }
    return ConvolutionCases.shape(
      batch, channels, outputs, groups: groups, axes(rank) { $0.size(upTo: 40) }, kernel,
      stride: axes(rank) { $0.happens(oneIn: 2) ? 1 : $0.pick(1...3) }, dilation: dilation, before: before,
      after: after)
  }
}
