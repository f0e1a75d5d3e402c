import MartletKernels

/// What a fused convolution reads in place of one activation: neighbouring channels from several tensors, each as it
/// is or through the batch normalisation that would have made it.
public struct ConvolutionInput: Hashable, Sendable {
  /// What some neighbouring channels are read from.
  public enum Part: Hashable, Sendable {
    /// One value: the activation.
    case plain
    /// Five values, those of ``BatchNormApply``, which is done as they are read.
    case normalized(NormalizationActivation)

    var valueCount: Int { self == .plain ? 1 : 5 }
  }

  /// In the order of the channels. All but the last have a multiple of `convolutionPartAlignment` channels.
  public var parts: [Part]

  static let plain = ConvolutionInput(parts: [.plain])

  /// How many of an operation's inputs make up the parts: its first ones.
  var valueCount: Int { parts.reduce(0) { $0 + $1.valueCount } }

  /// Each part with the positions of its values among an operation's inputs.
  var ranges: [(part: Part, values: Range<Int>)] {
    var first = 0
    return parts.map { part in
      defer { first += part.valueCount }
      return (part, first..<(first + part.valueCount))
    }
  }

  /// The type that the parts would have if they were joined.
  ///
  /// - Throws: ``MartletError`` when their types do not go together, or cannot be read in one go.
  func joinedType(_ inputs: [TensorType], _ operation: String) throws -> TensorType {
    try require(
      inputs.count >= valueCount, operation, "expected \(valueCount) values of an input, got \(inputs.count)")
    let types = try ranges.map { part, values in
      guard case .normalized(let activation) = part else { return inputs[values.lowerBound] }
      return try BatchNormApply(activation: activation).inferOutputs(Array(inputs[values]))[0]
    }
    let joined = try Concatenate(axis: 1).inferOutputs(types)[0]
    try require(
      joined.scalar == .float32 && Self.canJoin(types.map { $0.shape[1] }), operation,
      "expected float32 parts of which all but the last have a multiple of \(convolutionPartAlignment) channels, "
        + "got \(types)")
    return joined
  }

  /// Whether parts of so many channels can be read in one go.
  static func canJoin(_ channels: [Int]) -> Bool {
    channels.dropLast().allSatisfy { $0 % convolutionPartAlignment == 0 }
  }

  /// The same for types that were checked.
  func joinedType(ofChecked inputs: [TensorType]) -> TensorType {
    var joined = inputs[0]
    joined.shape[1] = ranges.reduce(0) { $0 + inputs[$1.values.lowerBound].shape[1] }
    return joined
  }

  /// The parts' memory, with their normalisations' scales in scratch.
  func kernelParts(_ inputs: [Operand], _ scratch: inout WorkspaceCursor) -> [ConvolutionInputPart] {
    ranges.map { part, values in
      let operands = inputs[values]
      func vector(_ index: Int) -> UnsafeMutablePointer<Float> {
        operands[values.lowerBound + index].elements()
      }
      let channels = operands[values.lowerBound].type.shape[1]
      guard case .normalized(let activation) = part else {
        return ConvolutionInputPart(vector(0), channels: channels)
      }
      let scale = Self.takeScale(channels, &scratch)
      let (inverseDeviation, weight) = (vector(2), vector(3))
      for c in 0..<channels { scale[c] = inverseDeviation[c] * weight[c] }
      return ConvolutionInputPart(
        vector(0), channels: channels,
        normalization: InputNormalization(
          mean: vector(1), scale: scale, shift: vector(4), rectified: activation == .relu))
    }
  }

  /// Takes what ``kernelParts(_:_:)`` takes, to measure it.
  func measure(_ inputs: [TensorType], _ scratch: inout WorkspaceCursor) {
    for (part, values) in ranges where part != .plain {
      _ = Self.takeScale(inputs[values.lowerBound].shape[1], &scratch)
    }
  }

  private static func takeScale(_ channels: Int, _ scratch: inout WorkspaceCursor) -> UnsafeMutablePointer<
    Float
  > {
    scratch.take(channels * MemoryLayout<Float>.stride).assumingMemoryBound(to: Float.self)
  }

  /// For a plan's listing; empty for a single plain part.
  var detail: String {
    if self == .plain { return "" }
    let texts = parts.map { part in
      switch part {
      case .plain: "plain"
      case .normalized(.none): "batch_norm"
      case .normalized(let activation): "batch_norm \(activation.rawValue)"
      }
    }
    return "of " + texts.joined(separator: " + ")
  }
}

/// A convolution whose first inputs are the parts of one activation.
protocol InputFusing: Operation {
  var input: ConvolutionInput { get set }
  /// Whether its algorithm can read parts.
  var readsParts: Bool { get }
}

extension InputFusing {
  var readsParts: Bool { true }
}
