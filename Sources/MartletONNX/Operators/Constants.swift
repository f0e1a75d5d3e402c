import Martlet

extension OperatorTable {
  /// Operators that make tensors of numbers, pass them on, or change their type.
  static let constants: [OperatorDefinition] = [
    OperatorDefinition("Constant", inputs: 0...0, limits: "neither text nor sparse") { node in
      let value = try constant(&node)
      return { _ in [value] }
    },
    OperatorDefinition("ConstantOfShape", from: 9, known: [0]) { node in
      let value = try node.tensor("value") ?? Tensor(Float(0))
      try require(
        value.elementCount == 1, "onnx", "expected attribute value of one element, got \(value.type)")
      let element = try value.reshaped(to: [])
      return { inputs in [try element.expanded(to: inputs.integers(0) ?? [])] }
    },
    OperatorDefinition(
      "Range", from: 11, inputs: 3...3, known: [0, 1, 2]
    ) { node in
      if node.version >= 27 { node.ignore("stash_type") }
      return { inputs in [try range(inputs)] }
    },
    OperatorDefinition("Identity") { _ in { [try $0[0]] } },
    OperatorDefinition(
      "Cast", limits: "to float, double, int32, int64, uint8 and bool; half precision as float"
    ) {
      node in
      let target = try ElementType.scalar(Int32(clamping: node.integer("to") ?? 0), of: "attribute to")
      node.ignore("saturate")
      node.ignore("round_mode")
      return { inputs in [try inputs[0].cast(to: target)] }
    },
    OperatorDefinition(
      "CastLike", from: 15, inputs: 2...2, shapeOnly: [1],
      limits: "as Cast"
    ) { node in
      node.ignore("saturate")
      node.ignore("round_mode")
      return { inputs in [try inputs[0].cast(to: inputs[1].scalar)] }
    },
    OperatorDefinition("EyeLike", from: 9, shapeOnly: [0]) { node in
      let type = try node.integer("dtype").map {
        try ElementType.scalar(Int32(clamping: $0), of: "attribute dtype")
      }
      let diagonal = try node.integer("k", default: 0)
      return { inputs in
        let x = try inputs[0]
        try require(x.rank == 2, "eye", "expected a matrix, got \(x.type)")
        let shift = min(max(diagonal, -x.shape[0]), x.shape[1])
        let rows = try Tensor.range(from: shift, to: shift + x.shape[0]).unsqueezed(1)
        return [try Tensor.range(from: 0, to: x.shape[1]).equal(to: rows).cast(to: type ?? x.scalar)]
      }
    },
    OperatorDefinition("OneHot", from: 9, inputs: 3...3, known: [1], constant: [2]) { node in
      let axis = try node.integer("axis", default: -1)
      return { inputs in
        let number = try inputs.number(1) ?? 0
        guard let depth = Int(exactly: number.rounded(.towardZero)), (0...1 << 24).contains(depth) else {
          throw MartletError("one_hot", "expected a depth of 0 to 2^24, got \(number)")
        }
        let values = try inputs[2]
        try require(values.shape == [2], "one_hot", "expected two values, got \(values.type)")
        let (off, on) = (try values.sliced(axis: 0, to: 1), try values.sliced(axis: 0, from: 1))
        return [
          try inputs[0].cast(to: .int64).oneHot(
            depth: depth, axis: axis, on: on.reshaped(to: []), off: off.reshaped(to: []))
        ]
      }
    },
    OperatorDefinition("NonZero", from: 9, known: [0]) { _ in { [try $0[0].nonZeroIndices()] } },
    OperatorDefinition("Dropout", inputs: 1...3, outputs: 1...2, known: [1, 2], translate: dropout),
  ]
}

/// The value of a node `Constant`, which has several forms.
private func constant(_ node: inout NodeReader) throws -> Tensor {
  let forms = [
    try node.tensor("value"),
    try node.number("value_float").map { try Tensor(Float($0)) },
    try node.numbers("value_floats").map { try Tensor(shape: [$0.count], scalars: $0.map { Float($0) }) },
    try node.integer("value_int").map { try Tensor(Int64($0)) },
    try node.integers("value_ints").map { try Tensor(shape: [$0.count], scalars: $0.map { Int64($0) }) },
  ].compactMap { $0 }
  // A form that is not understood is left over, and named as such.
  try node.finish()
  try require(forms.count == 1, "onnx", "expected one value, got \(forms.count)")
  return forms[0]
}

/// Numbers from a start up to a limit in equal steps.
private func range(_ inputs: NodeInputs) throws -> Tensor {
  let scalar = try inputs[0].scalar
  let count = try ((inputs.number(1) ?? 0) - (inputs.number(0) ?? 0)) / (inputs.number(2) ?? 1)
  try require(
    count < 0x1p24, "range", "expected fewer than 2^24 numbers that end, got \(count)")
  guard scalar.isFloatingPoint else {
    return try .range(
      from: inputs.integer(0) ?? 0, to: inputs.integer(1) ?? 0, by: inputs.integer(2) ?? 1, scalar)
  }
  return try .range(
    from: inputs.number(0) ?? 0, to: inputs.number(1) ?? 0, by: inputs.number(2) ?? 1, scalar)
}

/// Drops in training, and where the file says that it trains; otherwise everything passes.
private func dropout(_ node: inout NodeReader) throws -> Translation {
  let old = node.version < 12 ? try node.number("ratio", default: 0.5) : 0.5
  let maskIsBool = node.version >= 10
  let wantsMask = node.wants(1)
  node.ignore("seed")
  func mask(_ kept: Tensor) throws -> Tensor {
    try maskIsBool ? kept.notEqual(to: 0) : kept.notEqual(to: 0).cast(to: kept.scalar)
  }
  return { inputs in
    let x = try inputs[0]
    let ratio = try inputs.optional(1) == nil ? old : inputs.number(1) ?? old
    let fileTrains = try (inputs.number(2) ?? 0) != 0
    guard fileTrains || Mode.current == .training, ratio > 0 else {
      return wantsMask ? [x, try mask(.ones([], x.scalar).broadcast(to: x.shape))] : [x]
    }
    let stream = try makeRandomStream(for: "dropout")
    guard wantsMask else { return [try x.dropout(probability: ratio, stream: stream)] }
    let kept = try Tensor.ones([], x.scalar).broadcast(to: x.shape).dropout(
      probability: ratio, stream: stream)
    return [try x * kept, try mask(kept)]
  }
}
