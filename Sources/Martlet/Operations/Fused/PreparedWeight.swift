import MartletKernels

/// A convolution's weight that was brought into the order in which its kernels read it.
struct PreparedWeight: Hashable {
  /// What it was before.
  var type: TensorType
  var order: PreparedWeights

  /// A row of as many elements as it takes.
  var preparedType: TensorType { TensorType([order.byteCount / type.scalar.byteCount], type.scalar) }

  /// What the weight was that lies in a value of a type.
  ///
  /// - Throws: ``MartletError`` when the type is another than ``preparedType``.
  func type(ofPrepared prepared: TensorType, _ operation: String) throws -> TensorType {
    try require(
      prepared == preparedType, operation, "expected prepared weights \(preparedType), got \(prepared)")
    return type
  }
}

/// Brings a convolution's weight into the order in which its kernels read it.
struct PrepareWeight: WeightPreparation {
  var weight: PreparedWeight

  var name: String { "prepare_weight" }
  var detail: String { "\(weight.order)" }
  var inverse: (any Operation)? { weight.order.isReversible ? RestoreWeight(weight: weight) : nil }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try require(inputs[0] == weight.type, name, "expected a weight \(weight.type), got \(inputs[0])")
    return [weight.preparedType]
  }

  func run(_ call: OperationCall) {
    weight.order.prepare(call.inputs[0].address, to: call.outputs[0].address)
  }
}

/// The reverse of ``PrepareWeight``.
struct RestoreWeight: WeightPreparation {
  var weight: PreparedWeight

  var name: String { "restore_weight" }
  var detail: String { "\(weight.order)" }
  var inverse: (any Operation)? { PrepareWeight(weight: weight) }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    [try weight.type(ofPrepared: inputs[0], name)]
  }

  func run(_ call: OperationCall) {
    weight.order.restore(call.inputs[0].address, to: call.outputs[0].address)
  }
}
