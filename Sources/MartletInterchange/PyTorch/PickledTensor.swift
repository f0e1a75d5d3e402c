import Martlet

/// What a pickle says of a tensor: which elements of a storage it shows, in which order.
struct PickledTensor: Hashable, Sendable {
  let type: PyTorchType
  /// The storage's number in the ``PickleHeap``.
  let storage: Int
  /// Elements of the storage before the first.
  let offset: Int
  let shape: [Int]
  /// For each dimension, the distance in elements between neighbours along it.
  let strides: [Int]
  let elementCount: Int
  /// Elements of the storage from the first to the last that is shown; 0 for a tensor without elements.
  let span: Int

  /// As many dimensions as PyTorch can have.
  static let largestRank = 64

  /// Checks that every element lies in the storage.
  ///
  /// - Parameter capacity: Elements that the storage has.
  /// - Throws: ``MartletError`` with the operation `pytorch` and no file in it.
  init(
    type: PyTorchType, storage: Int, capacity: Int, offset: Int, shape: [Int], strides: [Int]
  ) throws {
    func refuse(_ expected: String) -> MartletError {
      MartletError(
        "pytorch", "expected \(expected), got shape \(shape), strides \(strides), offset \(offset)")
    }
    guard shape.count == strides.count, shape.count <= Self.largestRank else {
      throw MartletError(
        "pytorch",
        "expected a tensor of up to \(Self.largestRank) sizes and as many strides, got \(shape.count) and "
          + "\(strides.count)")
    }
    guard offset >= 0, shape.allSatisfy({ $0 >= 0 }), strides.allSatisfy({ $0 >= 0 }) else {
      throw refuse("sizes, strides and an offset of 0 or more")
    }
    guard TensorType.isCountable(shape, elementSize: 8) else {
      throw refuse("a tensor that memory can hold")
    }
    let count = shape.reduce(1, *)
    var last = offset
    for (size, stride) in zip(shape, strides) {
      let (step, isTooFar) = max(size - 1, 0).multipliedReportingOverflow(by: stride)
      let (sum, isBeyond) = last.addingReportingOverflow(step)
      if isTooFar || isBeyond { throw refuse("a tensor that memory can hold") }
      last = sum
    }
    guard count == 0 || last < capacity else {
      throw refuse("a tensor within the \(capacity) elements of its storage")
    }
    self.type = type
    self.storage = storage
    self.offset = offset
    self.shape = shape
    self.strides = strides
    elementCount = count
    span = count == 0 ? 0 : last - offset + 1
  }

  /// Whether the elements lie in the storage as they are to be in memory.
  var isContiguous: Bool {
    var expected = 1
    for (size, stride) in zip(shape, strides).reversed() where size != 1 {
      if stride != expected { return elementCount == 0 }
      expected *= size
    }
    return true
  }

  /// Calls `body` with the place of the first element of each row, a row being a run along the last dimension, in
  /// logical order. Places count from the tensor's first element.
  func forEachRow(_ body: (_ start: Int) throws -> Void) rethrows {
    guard elementCount > 0 else { return }
    let outer = max(shape.count - 1, 0)
    var index = [Int](repeating: 0, count: outer)
    var start = 0
    for _ in 0..<(elementCount / (shape.last ?? 1)) {
      try body(start)
      var axis = outer - 1
      while axis >= 0 {
        index[axis] += 1
        start += strides[axis]
        if index[axis] < shape[axis] { break }
        start -= shape[axis] * strides[axis]
        index[axis] = 0
        axis -= 1
      }
    }
  }
}
