import MartletKernels

extension ScalarType {
  /// What kernels call this floating-point type; `nil` for integers and booleans.
  var realFormat: RealFormat? {
    switch self {
    case .float32: .float32
    case .float64: .float64
    default: nil
    }
  }
}

extension TensorType {
  /// The kernels' name of the element type, or an error for an operation that needs floating-point elements.
  func realFormat(_ operation: String) throws -> RealFormat {
    guard let format = scalar.realFormat else {
      throw MartletError(operation, "expected floating-point elements, got \(self)")
    }
    return format
  }

  /// The element type of a value whose type was checked before.
  var checkedFormat: RealFormat {
    guard let format = scalar.realFormat else { preconditionFailure("\(self) was not checked") }
    return format
  }

  /// Sizes of the axes after batch and channels.
  public var space: [Int] { Array(shape.dropFirst(2)) }

  /// Checks for an activation that kernels for space can read: [N, C, space…] of one to three space axes, floating
  /// point, channels last.
  func requireActivation(_ operation: String) throws {
    try require(
      (3...5).contains(rank), operation,
      "expected an input [N, C, …] with 1, 2 or 3 space axes, got \(self)")
    _ = try realFormat(operation)
    try require(layout == .channelsLast, operation, "expected a channels-last input, got \(self) row-major")
  }
}

extension TensorType {
  /// Checks that a result's size can be counted, so that a size from outside cannot overflow.
  func requireCountable(_ operation: String) throws {
    var bytes = scalar.byteCount
    for size in shape {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: size)
      try require(
        !overflow && size <= Int(Int32.max), operation,
        "a result of shape \(shape) is more than memory can hold")
      bytes = product
    }
  }
}

/// As much as processors address. Of what is smaller, costs can be computed without overflow.
private let largestByteCount = 1 << 47

extension [TensorType] {
  /// Checks that no size is below 0, and that each type's sizes multiply without overflow, whatever the order. Beside a 0
  /// they may be large, but so that what is computed from one of them does not overflow.
  func requireRepresentable(_ operation: String) throws {
    for type in self {
      try require(
        type.shape.allSatisfy { $0 >= 0 }, operation,
        "expected a result with sizes of 0 or more, got \(type.shape)")
      try require(
        !type.shape.contains(0) || type.shape.allSatisfy { $0 <= Int(Int32.max) }, operation,
        "a result of shape \(type.shape) has an axis of more than 2^31 - 1")
      try require(
        TensorType.isCountable(type.shape, elementSize: type.scalar.byteCount)
          && type.byteCount <= largestByteCount, operation,
        "a result of shape \(type.shape) is more than memory can hold")
    }
  }
}

/// One value for every space axis: a single one is repeated.
func perAxis(_ values: [Int], _ axes: Int, _ what: String, _ operation: String) throws -> [Int] {
  try require(
    axes >= 1, operation, "expected an input [N, C, …] with 1, 2 or 3 space axes, got one of rank \(axes + 2)"
  )
  if values.count == 1 { return [Int](repeating: values[0], count: axes) }
  try require(
    values.count == axes, operation, "expected 1 or \(axes) values for \(what), got \(values)")
  return values
}

extension OperationCall {
  /// Pointers to an operand of int32 or int64 indices, whose type was checked before.
  func indices(_ input: Int) -> IndexPointer {
    switch inputs[input].type.scalar {
    case .int32: .int32(inputs[input].elements())
    case .int64: .int64(inputs[input].elements())
    default: preconditionFailure("\(inputs[input].type) was not checked")
    }
  }
}
