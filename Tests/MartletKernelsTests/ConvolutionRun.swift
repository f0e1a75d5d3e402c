import MartletKernels

/// Runs the kernels of one convolution on arrays, on watched memory that is full of rubbish first.
struct ConvolutionRun<Scalar: BinaryFloatingPoint & BitwiseCopyable> {
  let shape: ConvolutionShape
  var algorithm = ConvolutionAlgorithm.direct
  var memory = TestMemory(.endsAtWall)
  /// Whether weights are brought into the kernels' order in a call of their own.
  var preparesWeights = false
  /// Whether what is added lies where the result goes.
  var addsInPlace = false
  var scalar: RealFormat { Scalar.self == Float.self ? .float32 : .float64 }

  struct Overrun: Error, CustomStringConvertible {
    let description: String
  }

  func forward(
    _ input: [Scalar], _ weight: [Scalar], _ bias: [Scalar]?, addend: [Scalar]? = nil, rectified: Bool = false
  ) throws -> [Scalar] {
    memory.begin()
    let (input, weight) = (memory.copy(input), weights(weight, .forward))
    let bias = bias.map { memory.copy($0) }
    return try run(count: shape.outputElementCount, workspace: workspace(.forward)) { output, workspace in
      let place = addsInPlace ? output.assumingMemoryBound(to: Scalar.self) : nil
      let addend = memory.addend(addend, inPlaceOf: place)
      algorithm.forward(
        shape, scalar, input: input, weight: weight, weightIsPrepared: preparesWeights, bias: bias,
        addend: addend, rectified: rectified, output: output, workspace: workspace)
    }
  }

  private func weights(_ weight: [Scalar], _ part: ConvolutionPart) -> UnsafeRawPointer {
    let plain = UnsafeRawPointer(memory.copy(weight))
    guard preparesWeights else { return plain }
    let order = PreparedWeights(algorithm, part, shape, scalar)
    let prepared = memory.workspace(order.byteCount)
    order.prepare(plain, to: prepared)
    return UnsafeRawPointer(prepared)
  }

  func backwardData(
    _ outputGradient: [Scalar], _ weight: [Scalar], _ bias: [Scalar]? = nil, rectified: Bool = false
  ) throws -> [Scalar] {
    memory.begin()
    let (gradient, weight) = (memory.copy(outputGradient), weights(weight, .backwardData))
    let bias = bias.map { memory.copy($0) }
    return try run(count: shape.inputElementCount, workspace: workspace(.backwardData)) { output, workspace in
      algorithm.backwardData(
        shape, scalar, outputGradient: gradient, weight: weight, weightIsPrepared: preparesWeights,
        bias: bias,
        rectified: rectified, inputGradient: output, workspace: workspace)
    }
  }

  func backwardWeights(_ input: [Scalar], _ outputGradient: [Scalar]) throws -> [Scalar] {
    memory.begin()
    let (input, gradient) = (memory.copy(input), memory.copy(outputGradient))
    return try run(count: shape.weightElementCount, workspace: workspace(.backwardWeights)) {
      output, workspace in
      algorithm.backwardWeights(
        shape, scalar, input: input, outputGradient: gradient, weightGradient: output, workspace: workspace)
    }
  }

  private func workspace(_ part: ConvolutionPart) -> Int {
    algorithm.workspaceByteCount(part, shape, scalar, weightIsPrepared: preparesWeights)
  }

  private func run(
    count: Int, workspace byteCount: Int, _ body: (UnsafeMutableRawPointer, UnsafeMutableRawPointer) -> Void
  ) throws -> [Scalar] {
    let output = memory.rubbish(count * MemoryLayout<Scalar>.stride, alignment: MemoryLayout<Scalar>.stride)
    body(output, memory.workspace(byteCount))
    guard memory.isIntact else {
      throw Overrun(description: "wrote beside its operands: \(algorithm), \(shape)")
    }
    return [Scalar](UnsafeBufferPointer(start: output.assumingMemoryBound(to: Scalar.self), count: count))
  }
}

/// The largest difference, relative to the largest magnitude of what was expected.
func relativeError<Scalar: BinaryFloatingPoint>(_ values: [Scalar], _ expected: [Double]) -> Double {
  guard values.count == expected.count else { return .infinity }
  let scale = expected.reduce(1e-30) { max($0, abs($1)) }
  var worst = 0.0
  for (a, b) in zip(values, expected) {
    let difference = abs(Double(a) - b) / scale
    guard difference.isFinite else { return .infinity }
    worst = max(worst, difference)
  }
  return worst
}

/// The channels of pixels in tensors of their own, of so many channels each.
func splitChannels(_ values: [Float], into parts: [Int]) -> [[Float]] {
  let channels = parts.reduce(0, +)
  var first = 0
  return parts.map { count in
    defer { first += count }
    return (0..<values.count / max(channels, 1)).flatMap {
      values[$0 * channels + first..<$0 * channels + first + count]
    }
  }
}

/// The way back.
func joinChannels(_ values: [[Float]], of parts: [Int]) -> [Float] {
  let pixels = (values.first?.count ?? 0) / max(parts.first ?? 1, 1)
  return (0..<pixels).flatMap { pixel in
    zip(values, parts).flatMap { $0[pixel * $1..<(pixel + 1) * $1] }
  }
}

/// A normalisation of pixels as they are read, of all channels.
struct TestNormalization {
  var mean: [Float]
  var scale: [Float]
  var shift: [Float]
  var rectified: Bool

  init(_ mean: [Double], _ scale: [Double], _ shift: [Double], rectified: Bool) {
    self.mean = mean.map { Float($0) }
    self.scale = scale.map { Float($0) }
    self.shift = shift.map { Float($0) }
    self.rectified = rectified
  }

  func callAsFunction(_ values: [Double]) -> [Double] {
    values.enumerated().map { i, x in
      let c = i % mean.count
      let y = (x - Double(mean[c])) * Double(scale[c]) + Double(shift[c])
      return rectified ? max(0, y) : y
    }
  }
}

extension TestMemory {
  /// An input's channels in parts, each with its share of a normalisation.
  func inputParts(
    _ values: [Float], _ parts: [Int], _ normalization: TestNormalization?
  ) -> [ConvolutionInputPart] {
    var first = 0
    return zip(splitChannels(values, into: parts), parts).map { part, channels in
      defer { first += channels }
      let own = first..<(first + channels)
      return ConvolutionInputPart(
        copy(part), channels: channels,
        normalization: normalization.map {
          InputNormalization(
            mean: copy(Array($0.mean[own])), scale: copy(Array($0.scale[own])),
            shift: copy(Array($0.shift[own])),
            rectified: $0.rectified)
        })
    }
  }
}

/// Parts of so many channels, all but the last of them ones that can be read together with what follows.
func someParts(of channels: Int) -> [Int] {
  channels > 48 ? [16, 32, channels - 48] : channels > 16 ? [16, channels - 16] : [channels]
}
