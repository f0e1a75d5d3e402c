import MartletKernels

/// Two strided 1-D convolutions that cut a sequence into segments, a vector each (Zhu et al., "Progressive Self-Attention
/// Network with Unsymmetrical Positional Encoding for Sequential Recommendation", SIGIR 2022).
///
/// The first, `conv1a`, takes windows of `kernel1` positions that lie side by side to few channels; after a ReLU the
/// second, `conv2a`, takes windows of those back to `hiddenSize` channels, of a length that leaves `segments` of them:
/// k2 = ⌈(L / k1) / m⌉ with padding ⌈(k2 · m − L / k1) / 2⌉, where L / k1 is not rounded.
public final class DownConv: Layer {
  private let conv1a: Conv1d
  private let conv2a: Conv1d
  /// L, the positions of every input.
  public let sequenceLength: Int
  /// H, the size of a position's vector and of a segment's.
  public let hiddenSize: Int
  /// m, how many vectors come of a sequence.
  public let segments: Int

  /// - Parameters:
  ///   - sequenceLength: L, the positions of every input.
  ///   - hiddenSize: H, the size of a position's vector and of a segment's.
  ///   - segments: m.
  ///   - kernel1: k1, kernel size and stride of the first convolution.
  ///   - channelReduction: What H is divided by between the convolutions; it divides H.
  /// - Throws: ``MartletError`` when the convolutions would not give `segments` segments, naming combinations nearby that
  ///   do.
  public init(
    sequenceLength: Int = 200, hiddenSize: Int = 64, segments: Int = 4, kernel1: Int = 10,
    channelReduction: Int = 16
  ) throws {
    let geometry = try Self.checkedGeometry(sequenceLength, hiddenSize, segments, kernel1, channelReduction)
    let inner = hiddenSize / channelReduction
    conv1a = try Conv1d(
      inputChannels: hiddenSize, outputChannels: inner, kernelSize: kernel1, stride: kernel1)
    conv2a = try Conv1d(
      inputChannels: inner, outputChannels: hiddenSize, kernelSize: geometry.kernel2,
      stride: geometry.kernel2,
      padding: geometry.padding)
    self.sequenceLength = sequenceLength
    self.hiddenSize = hiddenSize
    self.segments = segments
  }

  /// Checks sizes as the initializer does, without making anything.
  public static func check(
    sequenceLength: Int, hiddenSize: Int, segments: Int, kernel1: Int, channelReduction: Int
  ) throws {
    _ = try checkedGeometry(sequenceLength, hiddenSize, segments, kernel1, channelReduction)
  }

  private static func checkedGeometry(
    _ sequenceLength: Int, _ hiddenSize: Int, _ segments: Int, _ kernel1: Int, _ channelReduction: Int
  ) throws -> Geometry {
    let name = "down_conv"
    try require(
      sequenceLength > 0 && hiddenSize > 0 && segments > 0 && kernel1 > 0 && channelReduction > 0, name,
      "expected sizes of 1 or more, got a sequence length of \(sequenceLength), a hidden size of \(hiddenSize), "
        + "\(segments) segments, a kernel of \(kernel1) and a channel reduction of \(channelReduction)")
    try require(
      sequenceLength <= longestSequence && kernel1 <= sequenceLength && segments <= sequenceLength, name,
      "expected a sequence length of at most \(longestSequence) and a kernel and segments of at most that "
        + "length, got a sequence length of \(sequenceLength), a kernel of \(kernel1) and \(segments) segments"
    )
    try require(
      hiddenSize % channelReduction == 0, name,
      "expected a channel reduction that divides the hidden size, got \(channelReduction) and \(hiddenSize)")
    let geometry = Geometry(sequenceLength: sequenceLength, segments: segments, kernel1: kernel1)
    guard geometry.outputLength == segments else {
      throw MartletError(name, problem(geometry))
    }
    return geometry
  }

  /// - Parameter input: [N, L, H].
  /// - Returns: [N, m, H].
  public func forward(_ input: Tensor) throws -> Tensor {
    try cut(input) { try conv1a($0) }
  }

  /// The segments of `linear(input)`, without making that: a linear layer and a convolution are one convolution, whose
  /// weights are the product of both. That has fewer multiplications where channels are reduced.
  ///
  /// - Parameters:
  ///   - input: [N, L, H].
  ///   - linear: From H to H.
  /// - Returns: [N, m, H].
  public func callAsFunction(_ input: Tensor, after linear: Linear) throws -> Tensor {
    try scoped {
      try require(
        linear.weight.type.shape == [hiddenSize, hiddenSize], "down_conv",
        "expected a linear layer of weight [\(hiddenSize), \(hiddenSize)], got \(linear.weight.type.shape)")
      let weight = conv1a.weight.value
      let product = try weight.permuted([0, 2, 1]).matmul(linear.weight.value).permuted([0, 2, 1])
      var bias = conv1a.bias?.value
      if let shift = linear.bias?.value {
        let moved = try weight.sum(axes: [2]).matmul(shift)
        bias = try bias.map { try $0 + moved } ?? moved
      }
      return try cut(input) {
        try $0.convolution(product.converted(to: .rowMajor), bias: bias, conv1a.options)
      }
    }
  }

  private func cut(_ input: Tensor, _ first: (Tensor) throws -> Tensor) throws -> Tensor {
    try require(
      input.rank == 3 && input.shape[1] == sequenceLength && input.shape[2] == hiddenSize, "down_conv",
      "expected sequences [N, \(sequenceLength), \(hiddenSize)], got \(input.shape)")
    // Positions as channels-last pixels: the bytes stay where they are.
    let channels = try input.converted(to: .rowMajor).permuted([0, 2, 1])
    return try conv2a(first(channels).relu()).permuted([0, 2, 1])
  }

  private static let longestSequence = 1 << 20

  /// Sizes of the second convolution, and how many segments come of them.
  struct Geometry {
    let sequenceLength: Int
    let segments: Int
    let kernel1: Int
    let kernel2: Int
    let padding: Int
    let outputLength: Int

    init(sequenceLength: Int, segments: Int, kernel1: Int) {
      self.sequenceLength = sequenceLength
      self.segments = segments
      self.kernel1 = kernel1
      // ⌈(L / k1) / m⌉ and ⌈(k2 · m − L / k1) / 2⌉ in whole numbers: over k1, so that nothing is rounded on the way.
      kernel2 = ceilDivide(sequenceLength, kernel1 * segments)
      padding = ceilDivide(kernel2 * segments * kernel1 - sequenceLength, 2 * kernel1)
      let windows = sequenceLength < kernel1 ? 0 : (sequenceLength - kernel1) / kernel1 + 1
      let padded = windows + 2 * padding
      outputLength = windows == 0 || padded < kernel2 ? 0 : (padded - kernel2) / kernel2 + 1
    }

    var fits: Bool { outputLength == segments }
  }

  private static func problem(_ geometry: Geometry) -> String {
    let (length, segments, kernel) = (geometry.sequenceLength, geometry.segments, geometry.kernel1)
    func nearest(_ value: Int, upTo limit: Int, _ fits: (Int) -> Bool) -> [Int] {
      let candidates = (1...max(1, limit)).filter { $0 != value && fits($0) }
      return Array(candidates.sorted { (abs($0 - value), $0) < (abs($1 - value), $1) }.prefix(2)).sorted()
    }
    let kernels = nearest(kernel, upTo: length) {
      Geometry(sequenceLength: length, segments: segments, kernel1: $0).fits
    }
    let counts = nearest(segments, upTo: length) {
      Geometry(sequenceLength: length, segments: $0, kernel1: kernel).fits
    }
    let lengths = nearest(length, upTo: 2 * length) {
      Geometry(sequenceLength: $0, segments: segments, kernel1: kernel).fits
    }
    let advice = [
      ("a kernel of ", kernels, ""), ("", counts, " segments"), ("a sequence length of ", lengths, ""),
    ]
    .filter { !$0.1.isEmpty }
    .map { "\($0.0)\($0.1.map(String.init).joined(separator: " or "))\($0.2)" }
    return
      "expected sizes that give \(segments) segments, got \(geometry.outputLength) of a sequence length of \(length) "
      + "with a kernel of \(kernel)"
      + (advice.isEmpty
        ? "" : "; with the other sizes as they are, what fits nearby is \(advice.joined(separator: ", "))")
  }
}
