import MartletKernels

/// Conversion to another element type.
struct CastOperation: Operation {
  var target: ScalarType

  var name: String { "cast" }
  func isIdentity(inputs: [TensorType], outputs: [TensorType]) -> Bool { inputs[0] == outputs[0] }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] { [inputs[0].with(scalar: target)] }

  func run(_ call: OperationCall) {
    let input = call.inputs[0]
    Elementwise.cast(
      input.type.scalar.elementType, input.address, to: target.elementType, call.outputs[0].address,
      count: input.type.elementCount)
  }

  func recomputation(ofOutput output: Int, inputs: [TensorType]) -> Recomputation? {
    Recomputation(self, [.input(0)])
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] {
    let source = context.inputs[0].scalar
    guard source.isFloatingPoint, target.isFloatingPoint else { return [nil] }
    return [try context.outputGradient.cast(to: source)]
  }
}

extension Tensor {
  /// The elements as another type. From floating point to integer they are truncated; what does not fit becomes the
  /// nearest value that does, and what is not a number becomes 0. To bool: whether an element is not zero.
  public func cast(to scalar: ScalarType) throws -> Tensor {
    scalar == self.scalar ? self : try Tensor.apply(CastOperation(target: scalar), [self])[0]
  }
}
