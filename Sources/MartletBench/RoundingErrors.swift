import ArgumentParser
import Martlet
import MartletKernels

/// How far each algorithm's float32 results lie from the same sums in float64.
struct RoundingErrors: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "errors", abstract: "Measure the convolution algorithms' rounding errors against float64.")

  @Flag(help: "Print JSON.") var json = false

  struct Figure: Encodable {
    var part: String
    var channels: Int
    var size: Int
    var algorithm: String
    /// Relative to the root mean square of the result.
    var largest: Double
    var rootMeanSquare: Double
  }

  func run() throws {
    let figures = try [(64, 64), (128, 32), (256, 32), (512, 16), (1024, 16)].flatMap(Self.errors)
    if json { return try printJSON(figures) }
    for figure in figures {
      print(
        "\(figure.part) C=\(figure.channels) at \(figure.size)×\(figure.size), \(figure.algorithm): largest "
          + "\(figure.largest), root mean square \(figure.rootMeanSquare)")
    }
  }

  /// 3×3 convolutions with padding of numbers of a normal distribution.
  private static func errors(channels: Int, size: Int) throws -> [Figure] {
    let shape = ConvolutionShape(
      batch: 1, inputChannels: channels, outputChannels: channels, groups: 1,
      input: SpatialExtent(1, size, size), output: SpatialExtent(1, size, size),
      kernel: SpatialExtent(1, 3, 3),
      stride: SpatialExtent(1, 1, 1), dilation: SpatialExtent(1, 1, 1), paddingBefore: SpatialExtent(0, 1, 1))
    let names: [(ConvolutionPart, String)] = [
      (.forward, "forward"), (.backwardData, "backward-data"), (.backwardWeights, "backward-weights"),
    ]
    return try names.flatMap { part, name in
      let exact = try ConvolutionOperands<Double>(shape)
      try exact.run(part, .direct)
      let expected = exact.result(part)
      let square = expected.reduce(0) { $0 + $1 * $1 } / Double(expected.count)
      return try Numerics.fast.algorithms.map { algorithm in
        let operands = try ConvolutionOperands<Float>(shape)
        try operands.run(part, algorithm)
        let errors = zip(operands.result(part), expected).map { abs(Double($0) - $1) }
        let errorSquare = errors.reduce(0) { $0 + $1 * $1 } / Double(errors.count)
        return Figure(
          part: name, channels: channels, size: size, algorithm: "\(algorithm)",
          largest: (errors.max() ?? 0) / square.squareRoot(),
          rootMeanSquare: errorSquare.squareRoot() / square.squareRoot())
      }
    }
  }
}

/// All tensors of a convolution: the same float32 numbers in either element type.
private struct ConvolutionOperands<Scalar: BinaryFloatingPoint> {
  private let input: Storage
  private let output: Storage
  private let weight: Storage
  private let shape: ConvolutionShape

  init(_ shape: ConvolutionShape) throws {
    self.shape = shape
    func numbers(_ count: Int, stream: UInt64) throws -> Storage {
      let floats = try Floats(count, stream: stream)
      let storage = try Storage(byteCount: count * MemoryLayout<Scalar>.stride)
      let values = storage.address.assumingMemoryBound(to: Scalar.self)
      for i in 0..<count { values[i] = Scalar(floats.pointer[i]) }
      return storage
    }
    input = try numbers(shape.inputElementCount, stream: 1)
    output = try numbers(shape.outputElementCount, stream: 2)
    weight = try numbers(shape.weightElementCount, stream: 3)
  }

  private var format: RealFormat { Scalar.self == Float.self ? .float32 : .float64 }

  func run(_ part: ConvolutionPart, _ algorithm: ConvolutionAlgorithm) throws {
    let workspace = try Storage(byteCount: algorithm.workspaceByteCount(part, shape, format))
    switch part {
    case .forward:
      algorithm.forward(
        shape, format, input: input.address, weight: weight.address, bias: nil, output: output.address,
        workspace: workspace.address)
    case .backwardData:
      algorithm.backwardData(
        shape, format, outputGradient: output.address, weight: weight.address, inputGradient: input.address,
        workspace: workspace.address)
    case .backwardWeights:
      algorithm.backwardWeights(
        shape, format, input: input.address, outputGradient: output.address, weightGradient: weight.address,
        workspace: workspace.address)
    }
  }

  func result(_ part: ConvolutionPart) -> UnsafeBufferPointer<Scalar> {
    let (storage, count) =
      switch part {
      case .forward: (output, shape.outputElementCount)
      case .backwardData: (input, shape.inputElementCount)
      case .backwardWeights: (weight, shape.weightElementCount)
      }
    return UnsafeBufferPointer(start: storage.address.assumingMemoryBound(to: Scalar.self), count: count)
  }
}
