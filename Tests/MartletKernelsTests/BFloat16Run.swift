@testable import MartletKernels

extension Float {
  /// The nearest number of 8 bits' precision, ties to even; subnormal numbers become zero.
  var roundedToBFloat16: Float {
    guard isFinite else { return self }
    if magnitude < .leastNormalMagnitude { return sign == .minus ? -0.0 : 0 }
    // The exponent of the last bit that stays.
    let unit = Double(sign: .plus, exponent: Int(exponent) - 7, significand: 1)
    let rounded = (Double(self) / unit).rounded(.toNearestOrEven) * unit
    // What is rounded beyond the largest number is infinite.
    return rounded.magnitude >= 0x1p128 ? (sign == .minus ? -.infinity : .infinity) : Float(rounded)
  }
}

/// Runs a convolution with bfloat16 operands on arrays, on watched memory that is full of rubbish first.
struct BFloat16Run {
  let convolution: BFloat16Convolution
  var memory = TestMemory(.endsAtWall)
  /// Channels of the tensors that make up the source.
  var parts: [Int]?
  /// Whether what is added lies where the result goes.
  var addsInPlace = false

  private var shape: ConvolutionShape { convolution.shape }
  private var isForward: Bool { convolution.part == .forward }
  private var sourceChannels: Int { isForward ? shape.inputChannels : shape.outputChannels }
  var resultCount: Int { isForward ? shape.outputElementCount : shape.inputElementCount }

  func callAsFunction(
    _ source: [Float], _ weight: [Float], _ bias: [Float]?, addend: [Float]? = nil, rectified: Bool = false
  )
    -> [Float]?
  {
    memory.begin()
    let weights = convolution.weights
    let prepared = memory.rubbish(weights.byteCount, alignment: 64)
    weights.prepare(memory.copy(weight), to: prepared)
    let output = memory.output(resultCount, Float.self)
    convolution.run(
      input: memory.inputParts(source, parts ?? [sourceChannels], nil),
      preparedWeight: UnsafeRawPointer(prepared),
      bias: bias.map { UnsafePointer(memory.copy($0)) },
      addend: memory.addend(addend, inPlaceOf: addsInPlace ? output : nil), rectified: rectified,
      output: output,
      workspace: memory.workspace(convolution.workspaceByteCount))
    return memory.isIntact ? Array(UnsafeBufferPointer(start: output, count: resultCount)) : nil
  }
}
