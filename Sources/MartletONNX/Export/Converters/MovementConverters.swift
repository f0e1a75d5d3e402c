import Martlet

extension OperationConverter {
  static let movement: [OperationConverter] = [
    OperationConverter({ $0 is View || $0 is Relayout ? true : nil }, write: { [try view($1)] }),
    OperationConverter({ $0.isDetachment ? true : nil }, write: { _, node in [node.inputs[0]] }),
    OperationConverter(Permute.self) { [$1.transposed($1.inputs[0], try $0.fixed(\.axes))] },
    OperationConverter(Slice.self) { [try slice($0, $1)] },
    OperationConverter(Concatenate.self) { [$1.node("Concat", [.int("axis", try $0.fixed(\.axis))])] },
    OperationConverter(Pad.self, pad), OperationConverter(PadSpace.self, padSpace),
    OperationConverter({ $0.broadcast }, write: { [try broadcast($0, $1)] }),
    OperationConverter({ $0.reduction }, write: { [try reduction($0, $1)] }),
    OperationConverter({ $0.argReduction }, write: argReduction),
    OperationConverter({ $0.cumulativeSum }, write: cumulativeSum),
    OperationConverter(IndexSelect.self) { [$1.node("Gather", [.int("axis", try $0.fixed(\.axis))])] },
    OperationConverter(GatherElements.self) {
      [$1.node("GatherElements", [.int("axis", try $0.fixed(\.axis))])]
    },
  ]

  private static func pad(_ attributes: RecordedAttributes<Pad>, _ node: NodeContext) throws -> [String] {
    let pads = try node.vector(attributes.sizes(\.before) + attributes.sizes(\.after), "a padding")
    return [node.node("Pad", [node.inputs[0], pads, try node.scalar(attributes.fixed(\.value))])]
  }

  private static func padSpace(
    _ attributes: RecordedAttributes<PadSpace>, _ node: NodeContext
  ) throws -> [String] {
    let mode: String
    switch try attributes.fixed(\.continuation) {
    case .reflect: mode = "reflect"
    case .replicate: mode = "edge"
    case .wrap where node.opset >= 19: mode = "wrap"
    case .wrap: throw node.unsupported()
    }
    let (before, after) = (attributes.sizes(\.before), attributes.sizes(\.after))
    let isShorter = zip(attributes.values, node.inputTypes[0]).allSatisfy { pad, input in
      zip(input.space, zip(pad.before, pad.after)).allSatisfy { max($1.0, $1.1) < $0 }
    }
    // What is longer than its axis goes on and on: not there.
    guard mode == "edge" || isShorter else { throw node.unsupported() }
    let none = [RecordedSize](repeating: RecordedSize(attributes.values.map { _ in 0 }), count: 2)
    let pads = try node.vector(none + before + none + after, "a padding")
    return [node.node("Pad", [node.inputs[0], pads], [.string("mode", mode)])]
  }

  private static func broadcast(
    _ attributes: RecordedAttributes<BroadcastAttributes>, _ node: NodeContext
  ) throws -> String {
    let (input, output) = (node.inputShape(), node.outputShape())
    let one = RecordedSize(attributes.values.map { _ in 1 })
    var aligned = [RecordedSize](repeating: one, count: output.count)
    for (axis, size) in zip(try attributes.fixed(\.axes), input) { aligned[axis] = size }
    var value = node.inputs[0]
    // An expansion adds axes in front by itself.
    let isExpanded = aligned != output
    if Array(aligned.suffix(input.count)) != input || !isExpanded && input.count < output.count {
      value = try node.reshaped(value, from: input, to: aligned)
    }
    if isExpanded {
      // Of two sizes the larger counts, so what is not repeated need not be known.
      let target = zip(aligned, output).map { $0 == $1 ? one : $1 }
      value = node.node("Expand", [value, try node.vector(target, "the size of a broadcast")])
    }
    let scale = try attributes.fixed(\.scale)
    return scale == 1 ? value : node.node("Mul", [value, try node.scalar(scale)])
  }

  private static func cumulativeSum(
    _ attributes: RecordedAttributes<CumulativeSumAttributes>, _ node: NodeContext
  ) throws -> [String] {
    let axis = try node.writer.scalar(Double(attributes.fixed(\.axis)), .int64)
    return [
      node.node(
        "CumSum", [node.inputs[0], axis],
        [
          .int("exclusive", try attributes.fixed(\.isExclusive) ? 1 : 0),
          .int("reverse", try attributes.fixed(\.isReversed) ? 1 : 0),
        ])
    ]
  }

  private static func argReduction(
    _ attributes: RecordedAttributes<ArgReductionAttributes>, _ node: NodeContext
  ) throws -> [String] {
    let name = try attributes.fixed(\.isSmallest) ? "ArgMin" : "ArgMax"
    let keeps = WireAttribute.int("keepdims", try attributes.fixed(\.keepsDimension) ? 1 : 0)
    return [node.node(name, [.int("axis", try attributes.fixed(\.axis)), keeps])]
  }

  /// The same bytes under another shape or layout. Seen from the logical shapes, of which alone ONNX knows, that is an
  /// exchange of axes to the order of memory, a reshape there, and an exchange to the order of the result.
  private static func view(_ node: NodeContext) throws -> String {
    let (inputs, outputs) = (node.inputTypes[0], node.outputTypes[0])
    let (from, to) = (node.inputShape(), node.outputShape())
    let value = node.inputs[0]
    let orders = [(inputs, from), (outputs, to)].map { types, shape in
      Set(types.map { memoryOrder($0, shape) })
    }
    let isRelabelled = zip(node.operations, zip(inputs, outputs)).allSatisfy { operation, types in
      operation is Relayout
        || (types.0.shape == types.1.shape && moving(types.0) == moving(types.1))
    }
    if isRelabelled { return value }
    guard orders[0].count == 1, orders[1].count == 1, let source = orders[0].first,
      let target = orders[1].first, node.operations.allSatisfy({ $0 is View })
    else { throw InexpressibleSize(size: from[0], what: "the layout of \(node.operations[0].name)") }
    // Where batch and channels stay and are first and last in memory, only space between them is shaped anew.
    let isSpace = inputs[0].layout == .channelsLast && outputs[0].layout == .channelsLast
    if isSpace, from.prefix(2) == to.prefix(2) { return try node.reshaped(value, from: from, to: to) }
    let (fromMemory, toMemory) = (source.map { from[$0] }, target.map { to[$0] })
    let inverse = target.indices.map { axis in target.firstIndex(of: axis) ?? axis }
    if fromMemory == toMemory { return node.transposed(value, inverse.map { source[$0] }) }
    let ordered = node.transposed(value, source)
    return node.transposed(try node.reshaped(ordered, from: fromMemory, to: toMemory), inverse)
  }

  /// Axes in the order in which they lie in memory, slowest first; in their own order where axes of size 1 are all that
  /// keeps them from it.
  private static func memoryOrder(_ type: TensorType, _ shape: [RecordedSize]) -> [Int] {
    let plain = Array(0..<type.rank)
    let order = plain.sorted { type.memoryPositions[$0] < type.memoryPositions[$1] }
    let lying = order.filter { shape[$0].fixed != 1 }
    return lying == lying.sorted() ? plain : order
  }

  /// The axes that are longer than 1, in the order of memory.
  private static func moving(_ type: TensorType) -> [Int] {
    (0..<type.rank).sorted { type.memoryPositions[$0] < type.memoryPositions[$1] }
      .filter { type.shape[$0] != 1 }
  }

  private static func slice(_ attributes: RecordedAttributes<Slice>, _ node: NodeContext) throws -> String {
    let shape = node.inputShape()
    let (starts, counts) = (attributes.sizes(\.starts), attributes.sizes(\.counts))
    let steps = try attributes.fixed(\.steps)
    var axes: [Int] = []
    var bounds: [(start: RecordedSize, end: RecordedSize)] = []
    for (axis, size) in shape.enumerated() where !(starts[axis].fixed == 0 && counts[axis] == size) {
      let (step, forward) = (steps[axis], steps[axis] > 0)
      let ends = zip(starts[axis].values, counts[axis].values).map { start, count in
        count == 0 ? start : start + (count - 1) * step + (forward ? 1 : -1)
      }
      axes.append(axis)
      let start = fromEitherEnd(starts[axis], of: size)
      bounds.append((start, fromEitherEnd(RecordedSize(ends), of: size)))
    }
    guard !axes.isEmpty else { return node.inputs[0] }
    return node.node(
      "Slice",
      [
        node.inputs[0], try node.vector(bounds.map(\.start), "the start of a slice"),
        try node.vector(bounds.map(\.end), "the end of a slice"), try node.constant(axes),
        try node.constant(axes.map { steps[$0] }),
      ])
  }

  /// A position as a number that is the same in every recording, if there is one: counted from the start or, below 0, from
  /// the end. What lies just beyond either end is far beyond it, where no number can be taken for one from the other end.
  private static func fromEitherEnd(_ position: RecordedSize, of size: RecordedSize) -> RecordedSize {
    let far = Int(Int32.max)
    func everywhere(_ number: Int) -> RecordedSize { RecordedSize(position.values.map { _ in number }) }
    if let number = position.fixed { return everywhere(number < 0 ? -far : number) }
    guard let distance = (position - size).fixed else { return position }
    return everywhere(distance < 0 ? distance : far)
  }

  private static func reduction(
    _ attributes: RecordedAttributes<ReductionAttributes>, _ node: NodeContext
  ) throws -> String {
    let kept = try attributes.fixed(\.axes)
    let (input, output) = (node.inputShape(), node.outputShape())
    let left = Dictionary(uniqueKeysWithValues: zip(kept, output))
    let axes = input.indices.filter { left[$0] != input[$0] }
    let count = RecordedSize(node.inputTypes[0].map { type in axes.reduce(1) { $0 * type.shape[$1] } })
    var value = node.inputs[0]
    let scalar = node.outputTypes[0][0].scalar
    if scalar != node.scalar {
      value = node.node("Cast", [value], [.int("to", Int(try scalar.elementNumber))])
    }
    let function = try attributes.fixed(\.function)
    let isMean = zip(attributes.values, count.values).allSatisfy { $0.scale == 1 / Double($1) }
    let name: String
    switch function {
    case .sum, .sumOfSquares:
      if function == .sumOfSquares { value = node.node("Mul", [value, value]) }
      name = isMean ? "ReduceMean" : "ReduceSum"
    case .maximum: name = "ReduceMax"
    case .minimum: name = "ReduceMin"
    case .product: name = "ReduceProd"
    }
    // Named axes stay, the others go; where there are both among the reduced ones, they go afterwards.
    let keeps = axes.contains { left[$0] != nil }
    if !axes.isEmpty { value = try node.reduced(name, value, axes: axes, keepsAxes: keeps) }
    if keeps, kept.count < input.count {
      let one = RecordedSize(count.values.map { _ in 1 })
      value = try node.reshaped(
        value, from: input.indices.map { axes.contains($0) ? one : input[$0] }, to: output)
    }
    guard name != "ReduceMean" || axes.isEmpty else { return value }
    let scale = try attributes.fixed(\.scale)
    return scale == 1 ? value : node.node("Mul", [value, try node.writer.scalar(scale, scalar)])
  }
}
