import Martlet

extension OperatorTable {
  /// Operators that give the same elements another shape or order, or say what a shape is.
  static let shapes: [OperatorDefinition] = [
    OperatorDefinition("Reshape", inputs: 2...2, known: [1]) { node in
      let allowsZero = node.version >= 14 ? try node.flag("allowzero") : false
      return { inputs in
        let x = try inputs[0]
        let shape = try inputs.integers(1) ?? []
        return [
          try x.reshaped(
            to: shape.enumerated().map { axis, size in
              // A zero stands for the size that the axis has.
              guard size == 0, !allowsZero else { return size }
              try require(
                axis < x.rank, "reshape", "expected an axis \(axis) to keep, got \(x.type) for \(shape)")
              return x.shape[axis]
            })
        ]
      }
    },
    OperatorDefinition("Flatten") { node in
      let axis = try node.integer("axis", default: 1)
      return { inputs in
        let x = try inputs[0]
        let first = try checkedAxis(axis, rank: x.rank, mayBeEnd: true)
        return [
          try x.reshaped(to: [x.shape[..<first].reduce(1, *), x.shape[first...].reduce(1, *)])
        ]
      }
    },
    OperatorDefinition("Squeeze", inputs: 1...2, known: [1]) { node in
      let axes = try node.integers("axes", inputFrom: 13, at: 1)
      return { inputs in
        let x = try inputs[0]
        let ones = x.shape.indices.filter { x.shape[$0] == 1 }
        let removed = try axes(inputs).map { try checkedAxes($0, rank: x.rank) } ?? ones
        try require(
          removed.allSatisfy { x.shape[$0] == 1 }, "squeeze",
          "expected sizes of 1 along axes \(removed), got \(x.type)")
        return [try x.reshaped(to: x.shape.indices.filter { !removed.contains($0) }.map { x.shape[$0] })]
      }
    },
    OperatorDefinition("Unsqueeze", inputs: 1...2, known: [1]) { node in
      let axes = try node.integers("axes", inputFrom: 13, at: 1)
      return { inputs in
        let x = try inputs[0]
        let given = try axes(inputs) ?? []
        let added = Set(try checkedAxes(given, rank: x.rank + given.count))
        var sizes = x.shape.makeIterator()
        return [
          try x.reshaped(
            to: (0..<x.rank + given.count).map { added.contains($0) ? 1 : sizes.next() ?? 1 })
        ]
      }
    },
    OperatorDefinition("Transpose") { node in
      let axes = try node.integers("perm")
      return { inputs in
        let x = try inputs[0]
        return [try x.permuted(axes ?? Array((0..<x.rank).reversed()))]
      }
    },
    OperatorDefinition("Expand", from: 8, inputs: 2...2, known: [1]) { _ in
      { inputs in [try inputs[0].expanded(to: inputs.integers(1) ?? [])] }
    },
    OperatorDefinition("Tile", inputs: 2...2, known: [1]) { _ in
      { inputs in [try inputs[0].tiled(inputs.integers(1) ?? [])] }
    },
    OperatorDefinition("Shape", shapeOnly: [0]) { node in
      let start = node.version >= 15 ? try node.integer("start", default: 0) : 0
      let end = node.version >= 15 ? try node.integer("end") : nil
      return { inputs in
        let shape = try inputs[0].shape
        func place(_ value: Int) -> Int { min(max(value < 0 ? value + shape.count : value, 0), shape.count) }
        let range = place(start)..<max(place(end ?? shape.count), place(start))
        return [try Tensor(shape: [range.count], scalars: shape[range].map(Int64.init))]
      }
    },
    OperatorDefinition("Size", shapeOnly: [0]) { _ in
      { inputs in [try Tensor(Int64(inputs[0].elementCount))] }
    },
    OperatorDefinition("DepthToSpace") { node in
      let size = try node.blockSize()
      let order = node.version >= 11 ? try node.blockOrder() : .placeFirst
      return { [try $0[0].depthToSpace(block: size, order)] }
    },
    OperatorDefinition("SpaceToDepth") { node in
      let size = try node.blockSize()
      let order = node.version >= 28 ? try node.blockOrder() : .placeFirst
      return { [try $0[0].spaceToDepth(block: size, order)] }
    },
  ]
}

extension NodeReader {
  fileprivate mutating func blockSize() throws -> Int {
    guard let size = try integer("blocksize") else {
      throw MartletError("onnx", "expected attribute blocksize, got none")
    }
    return size
  }

  fileprivate mutating func blockOrder() throws -> Tensor.BlockOrder {
    enum Order: String, CaseIterable {
      case depthColumnRow = "DCR"
      case columnRowDepth = "CRD"
    }
    return try word("mode", default: Order.depthColumnRow) == .depthColumnRow ? .placeFirst : .channelFirst
  }
}

/// An axis counted from the front.
///
/// - Parameter mayBeEnd: Whether it may be the place behind the last axis.
func checkedAxis(_ axis: Int, rank: Int, mayBeEnd: Bool = false) throws -> Int {
  try require(
    axis >= -rank && axis < rank + (mayBeEnd ? 1 : 0), "onnx",
    "expected an axis from \(-rank) to \(rank - (mayBeEnd ? 0 : 1)), got \(axis)")
  return axis < 0 ? axis + rank : axis
}

/// Different axes counted from the front.
func checkedAxes(_ axes: [Int], rank: Int) throws -> [Int] {
  let checked = try axes.map { try checkedAxis($0, rank: rank) }
  try require(Set(checked).count == axes.count, "onnx", "expected different axes, got \(axes)")
  return checked
}
