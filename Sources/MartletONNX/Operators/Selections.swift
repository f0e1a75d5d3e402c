import Martlet

extension OperatorTable {
  /// Operators that put tensors together, take them apart, or pick elements by their places.
  static let selections: [OperatorDefinition] = [
    OperatorDefinition("Concat", inputs: OperatorDefinition.many) { node in
      guard let axis = try node.integer("axis") else {
        throw MartletError("onnx", "expected attribute axis, got none")
      }
      return { inputs in [try concatenated(inputs.all, axis: axis)] }
    },
    OperatorDefinition("Split", inputs: 1...2, outputs: OperatorDefinition.many, known: [1]) { node in
      let axis = try node.integer("axis", default: 0)
      let sizes = try node.integers("split", inputFrom: 13, at: 1)
      let parts = node.version >= 18 ? try node.integer("num_outputs") : nil
      let count = node.node.outputs.count
      try require(
        (parts ?? count) == count, "onnx", "expected \(count) as num_outputs, got \(parts ?? 0)")
      return { inputs in
        let x = try inputs[0]
        let axis = try checkedAxis(axis, rank: x.rank)
        let size = x.shape[axis]
        // Equal parts, the last of which may be smaller.
        let part = (size + count - 1) / count
        let equal = (0..<count).map { max(min(part, size - $0 * part), 0) }
        let sizes = try sizes(inputs) ?? equal
        try require(
          sizes.count == count && sizes.allSatisfy { (0...size).contains($0) } && sizes.reduce(0, +) == size,
          "split", "expected \(count) sizes that add up to \(size), got \(sizes)")
        var start = 0
        return try sizes.map { size in
          defer { start += size }
          return try x.sliced(axis: axis, from: start, to: start + size)
        }
      }
    },
    OperatorDefinition("Slice", inputs: 1...5, known: [1, 2, 3, 4]) { node in
      let starts = try node.integers("starts", inputFrom: 10, at: 1)
      let ends = try node.integers("ends", inputFrom: 10, at: 2)
      let axes = try node.integers("axes", inputFrom: 10, at: 3)
      return { inputs in
        var x = try inputs[0]
        let starts = try starts(inputs) ?? []
        let ends = try ends(inputs) ?? []
        let axes = try checkedAxes(axes(inputs) ?? Array(starts.indices), rank: x.rank)
        let steps = try inputs.integers(4) ?? starts.map { _ in 1 }
        try require(
          ends.count == starts.count && axes.count == starts.count && steps.count == starts.count, "slice",
          "expected as many ends, axes and steps as starts, got \(starts), \(ends), \(axes) and \(steps)")
        for (axis, (start, (end, step))) in zip(axes, zip(starts, zip(ends, steps))) {
          x = try sliced(x, axis, start, end, step)
        }
        return [x]
      }
    },
    OperatorDefinition("Gather", inputs: 2...2) { node in
      let axis = try node.integer("axis", default: 0)
      return { inputs in
        let x = try inputs[0]
        let axis = try checkedAxis(axis, rank: x.rank)
        return [try x.selecting(fromFront(inputs[1], size: x.shape[axis]), axis: axis)]
      }
    },
    OperatorDefinition("GatherElements", from: 11, inputs: 2...2) { node in
      let axis = try node.integer("axis", default: 0)
      return { inputs in
        let x = try inputs[0]
        let axis = try checkedAxis(axis, rank: x.rank)
        return [try x.gathered(fromFront(inputs[1], size: x.shape[axis]), axis: axis)]
      }
    },
    OperatorDefinition("GatherND", from: 11, inputs: 2...2) { node in
      let batchAxes = node.version >= 12 ? try node.integer("batch_dims", default: 0) : 0
      return { inputs in [try gatheredByPlace(inputs[0], inputs[1], batchAxes: batchAxes)] }
    },
    OperatorDefinition("Where", from: 9, inputs: 3...3) { _ in
      { inputs in [try Tensor.select(inputs[0], inputs[1], inputs[2])] }
    },
    OperatorDefinition("Trilu", from: 14, inputs: 1...2, known: [1]) { node in
      let upper = try node.flag("upper", default: true)
      return { inputs in
        let x = try inputs[0]
        try require(x.rank >= 2, "trilu", "expected matrices, got \(x.type)")
        let diagonal = try inputs.integer(1) ?? 0
        let (rows, columns) = (x.shape[x.rank - 2], x.shape[x.rank - 1])
        let places = try places(columns) - places(rows).unsqueezed(1)
        let limit = Double(min(max(diagonal, -rows - 1), columns + 1))
        let kept = try upper ? places.greaterOrEqual(to: limit) : places.lessOrEqual(to: limit)
        return [try Tensor.select(kept, x, Tensor.full(0, TensorType([], x.scalar)))]
      }
    },
  ]
}

/// The numbers from 0 to below `count`.
func places(_ count: Int) throws -> Tensor {
  try Tensor(shape: [count], scalars: (0..<max(count, 0)).map { Int64($0) })
}

/// Indices counted from the front, of which negative ones are counted from the end.
func fromFront(_ indices: Tensor, size: Int) throws -> Tensor {
  let indices = try indices.scalar == .int32 ? indices.cast(to: .int64) : indices
  try require(
    indices.scalar == .int64, "onnx", "expected int32 or int64 indices, got \(indices.type)")
  let shift = try Tensor(Int64(size))
  return try Tensor.select(indices.less(than: 0), indices + shift, indices)
}

/// Part of an axis, by the rules of Python's slices.
func sliced(_ x: Tensor, _ axis: Int, _ start: Int, _ end: Int, _ step: Int) throws -> Tensor {
  let size = x.shape[axis]
  try require(step != 0, "slice", "expected a step other than 0")
  func place(_ value: Int, _ range: ClosedRange<Int>) -> Int {
    min(max(value < 0 ? value + size : value, range.lowerBound), range.upperBound)
  }
  if step > 0 {
    let first = place(start, 0...size)
    return try x.sliced(axis: axis, from: first, to: max(place(end, 0...size), first), step: step)
  }
  guard size > 0 else { return x }
  let first = place(start, -1...size - 1)
  let last = place(end, -1...size - 1)
  let picked = stride(from: first, to: last, by: max(step, -size - 1)).map { Int64($0) }
  return try x.selecting(Tensor(shape: [picked.count], scalars: picked), axis: axis)
}

/// For every row of the last axis of `indices`, which names a place along some axes of `x`, what is there.
private func gatheredByPlace(_ x: Tensor, _ indices: Tensor, batchAxes: Int) throws -> Tensor {
  let count = indices.shape.last ?? 0
  try require(
    batchAxes >= 0 && count >= 1 && indices.rank > batchAxes && batchAxes + count <= x.rank
      && x.shape[..<batchAxes] == indices.shape[..<batchAxes], "gather_nd",
    "expected places of up to \(x.rank) axes in \(x.type) after \(batchAxes) that agree, got \(indices.type)")
  // Each place as one number: rows of what lies behind the named axes, batch after batch.
  var row = try Tensor(Int64(0))
  let named = x.shape[batchAxes..<batchAxes + count]
  for (position, size) in named.enumerated() {
    let index = try fromFront(
      indices.sliced(axis: -1, from: position, to: position + 1).squeezed(-1), size: size)
    // Out of range along one axis would be in range for all of them.
    try checkRange(index, size)
    row = try row * Tensor(Int64(size)) + index
  }
  let batch = x.shape[..<batchAxes].reduce(1, *)
  let stride = named.reduce(1, *)
  let batchShape = Array(x.shape[..<batchAxes]) + [Int](repeating: 1, count: indices.rank - 1 - batchAxes)
  let start = try (places(batch) * Tensor(Int64(stride))).reshaped(to: batchShape)
  let rest = Array(x.shape[(batchAxes + count)...])
  let table = try x.reshaped(to: [batch * stride] + rest)
  return try table.selecting(row + start, axis: 0)
}

/// Checks indices that are known.
private func checkRange(_ indices: Tensor, _ size: Int) throws {
  guard !indices.isSymbolic else { return }
  let wrong = try indices.scalars(Int64.self).first { $0 < 0 || $0 >= size }
  try require(
    wrong == nil, "gather_nd", "expected indices from 0 to \(size - 1), got \(wrong ?? 0)")
}
