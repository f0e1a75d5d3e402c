extension Tensor {
  /// The same elements, in logical order, under another shape.
  ///
  /// No copy is made of a row-major tensor, nor of a channels-last one when only its space is shaped anew.
  /// - Parameter shape: At most one size may be -1: it is inferred.
  /// - Throws: ``MartletError`` when the number of elements differs.
  public func reshaped(to shape: [Int]) throws -> Tensor {
    let target = try resolved(shape)
    if target == self.shape { return self }
    let keepsChannels = layout == .channelsLast && target.count >= 3 && target[..<2] == self.shape[..<2]
    let source = keepsChannels ? self : try converted(to: .rowMajor)
    return try Tensor.apply(View(shape: target, layout: source.layout), [source])[0]
  }

  private func resolved(_ shape: [Int]) throws -> [Int] {
    let unknown = shape.indices.filter { shape[$0] == -1 }
    try require(
      unknown.count <= 1 && shape.allSatisfy { $0 >= -1 }, "reshape",
      "expected sizes of 0 or more and at most one -1, got \(shape)")
    let given = shape.filter { $0 != -1 }
    try [TensorType(given, scalar)].requireRepresentable("reshape")
    let known = given.reduce(1, *)
    var target = shape
    if let index = unknown.first {
      try require(
        known > 0 && elementCount % known == 0, "reshape",
        "cannot infer the -1 of \(shape) for \(elementCount) elements of shape \(self.shape)")
      target[index] = elementCount / known
    } else {
      try require(
        known == elementCount, "reshape",
        "expected \(elementCount) elements as in shape \(self.shape), got shape \(shape)")
    }
    return target
  }

  /// Joins the axes from `first` to `last` into one, as `torch.flatten`. Negative axes count from the end.
  public func flattened(from first: Int = 0, to last: Int = -1) throws -> Tensor {
    if rank == 0 { return try reshaped(to: [1]) }
    let (first, last) = (try checkedAxis(first, "flatten"), try checkedAxis(last, "flatten"))
    try require(first <= last, "flatten", "expected axes in order, got \(first) to \(last)")
    return try reshaped(
      to: Array(shape[..<first]) + [shape[first...last].reduce(1, *)] + shape[(last + 1)...])
  }

  /// Takes out an axis of size 1.
  public func squeezed(_ axis: Int) throws -> Tensor {
    let axis = try checkedAxis(axis, "squeeze")
    try require(
      shape[axis] == 1, "squeeze", "expected size 1 along axis \(axis), got shape \(shape)")
    return try reshaped(to: Array(shape[..<axis]) + shape[(axis + 1)...])
  }

  /// Puts an axis of size 1 before `axis`, which may be the rank. Negative axes count from the end of the result.
  public func unsqueezed(_ axis: Int) throws -> Tensor {
    let position = axis < 0 ? axis + rank + 1 : axis
    try require(
      (0...rank).contains(position), "unsqueeze",
      "expected an axis from \(-rank - 1) to \(rank), got \(axis) for shape \(shape)")
    return try reshaped(to: Array(shape[..<position]) + [1] + shape[position...])
  }

  /// An axis counted from the front, from one that may be counted from the end.
  func checkedAxis(_ axis: Int, _ operation: String) throws -> Int {
    try require(
      axis >= -rank && axis < rank, operation,
      "expected an axis from \(-rank) to \(rank - 1), got \(axis) for shape \(shape)")
    return axis < 0 ? axis + rank : axis
  }
}
