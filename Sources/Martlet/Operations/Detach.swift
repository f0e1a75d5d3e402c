/// A tensor that gradients stop at.
struct Detach: Operation {
  var name: String { "detach" }
  var viewedInput: Int? { 0 }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] { inputs }

  func run(_ call: OperationCall) {
    guard call.outputs[0].address != call.inputs[0].address else { return }
    call.outputs[0].address.copyMemory(from: call.inputs[0].address, byteCount: call.inputs[0].type.byteCount)
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] { [nil] }
}

extension Tensor {
  /// The same elements, as a constant to ``gradients(of:withRespectTo:)``. No copy is made.
  public func withoutGradient() throws -> Tensor { try Tensor.apply(Detach(), [self])[0] }
}
