import MartletKernels

/// Class indices as one channel a class: 1 at the index, 0 elsewhere, and all 0 for an ignored index.
struct OneHotOperation: Operation {
  var classes: Int
  var scalar: ScalarType
  var ignoredIndex: Int?

  var name: String { "one_hot" }

  func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let indices = inputs[0]
    try require(
      [.uint8, .int32, .int64].contains(indices.scalar) && indices.rank >= 1 && indices.layout == .rowMajor,
      name,
      "expected row-major class indices as int64, int32 or uint8, got \(indices)")
    try require(
      scalar.isFloatingPoint, name, "expected to make floating-point numbers, not \(scalar.rawValue)")
    return [TensorType([indices.shape[0], classes] + indices.shape[1...], scalar, .channelsLast)]
  }

  func run(_ call: OperationCall) throws {
    if scalar == .float64 { try fill(call, Double(1)) } else { try fill(call, Float(1)) }
  }

  private func fill<Scalar: TensorScalar & Numeric>(_ call: OperationCall, _ one: Scalar) throws {
    let indices = call.inputs[0]
    let elements = call.outputs[0].elements(Scalar.self)
    elements.update(repeating: 0, count: call.outputs[0].type.elementCount)
    for position in 0..<indices.type.elementCount {
      let index = indices.integer(at: position)
      if index == ignoredIndex { continue }
      try require(
        (0..<classes).contains(index), name,
        "expected class indices from 0 to \(classes - 1), got \(index) at "
          + "\(indices.type.position(ofRowMajorIndex: position))")
      elements[position * classes + index] = one
    }
  }

  func gradient(_ context: GradientContext) throws -> [Tensor?] { [nil] }
}

extension Tensor {
  /// Class indices [N, space…] as [N, classes, space…]: 1 at the index and 0 elsewhere.
  ///
  /// - Parameter ignoredIndex: An index that becomes 0 in every class.
  /// - Throws: ``MartletError`` unless the indices are integers; when it runs, for one out of range.
  public func oneHot(
    classes: Int, _ scalar: ScalarType = .float32, ignoredIndex: Int? = nil
  ) throws -> Tensor {
    try Tensor.apply(
      OneHotOperation(classes: classes, scalar: scalar, ignoredIndex: ignoredIndex), [self])[0]
  }
}
