import Martlet
import MartletKernels

/// One part of a convolution on numbers of a normal distribution, the same in float32 and float64, in memory of its
/// own that is made once.
struct ConvolutionOperands<Scalar: BinaryFloatingPoint> {
  private let shape: ConvolutionShape
  private let part: ConvolutionPart
  private let algorithm: ConvolutionAlgorithm
  private let input: Storage
  private let output: Storage
  private let weight: Storage
  private let workspace: Storage

  private static var format: RealFormat { Scalar.self == Float.self ? .float32 : .float64 }

  init(_ part: ConvolutionPart, _ shape: ConvolutionShape, _ algorithm: ConvolutionAlgorithm) throws {
    func numbers(_ count: Int, stream: UInt64) throws -> Storage {
      let floats = try Floats(count, stream: stream)
      if Scalar.self == Float.self { return floats.storage }
      let storage = try Storage(byteCount: count * MemoryLayout<Scalar>.stride)
      let values = storage.address.assumingMemoryBound(to: Scalar.self)
      for i in 0..<count { values[i] = Scalar(floats.pointer[i]) }
      return storage
    }
    (self.part, self.shape, self.algorithm) = (part, shape, algorithm)
    input = try numbers(shape.inputElementCount, stream: 1)
    output = try numbers(shape.outputElementCount, stream: 2)
    weight = try numbers(shape.weightElementCount, stream: 3)
    workspace = try Storage(byteCount: algorithm.workspaceByteCount(part, shape, Self.format))
  }

  func run() {
    switch part {
    case .forward:
      algorithm.forward(
        shape, Self.format, input: input.address, weight: weight.address, bias: nil, output: output.address,
        workspace: workspace.address)
    case .backwardData:
      algorithm.backwardData(
        shape, Self.format, outputGradient: output.address, weight: weight.address,
        inputGradient: input.address, workspace: workspace.address)
    case .backwardWeights:
      algorithm.backwardWeights(
        shape, Self.format, input: input.address, outputGradient: output.address,
        weightGradient: weight.address, workspace: workspace.address)
    }
  }

  /// What the part computes: the operand that a run writes.
  var result: UnsafeBufferPointer<Scalar> {
    let (storage, count) =
      switch part {
      case .forward: (output, shape.outputElementCount)
      case .backwardData: (input, shape.inputElementCount)
      case .backwardWeights: (weight, shape.weightElementCount)
      }
    return UnsafeBufferPointer(start: storage.address.assumingMemoryBound(to: Scalar.self), count: count)
  }
}
