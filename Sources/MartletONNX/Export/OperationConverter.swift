import Martlet

/// How operations of one kind become ONNX nodes.
struct OperationConverter: Sendable {
  /// Appends a node's nodes and gives the names of its outputs; `nil` when the operation is of another kind.
  let convert: @Sendable (_ node: NodeContext) throws -> [String]?

  /// - Parameters:
  ///   - attributes: What the operation was recorded with; `nil` when it is of another kind.
  ///   - write: Appends nodes and gives the names of as many outputs as anybody reads.
  init<Attributes>(
    _ attributes: @escaping @Sendable (any Operation) -> Attributes?,
    write: @escaping @Sendable (RecordedAttributes<Attributes>, NodeContext) throws -> [String]
  ) {
    convert = { node in
      let values = node.operations.compactMap(attributes)
      guard values.count == node.operations.count else { return nil }
      return try write(RecordedAttributes(values: values, operation: node.operations[0].name), node)
    }
  }

  init<Kind: Operation>(
    _: Kind.Type, _ write: @escaping @Sendable (RecordedAttributes<Kind>, NodeContext) throws -> [String]
  ) {
    self.init({ $0 as? Kind }, write: write)
  }

  /// Every operation that inference records.
  static let all: [OperationConverter] =
    elementwise + movement + convolution + pooling + resizing + normalization + matrix + attention
}

/// An operation's attributes in every recording. Each is read as a number that may differ, or as something that may not,
/// so that none that differs goes unnoticed.
struct RecordedAttributes<Attributes> {
  let values: [Attributes]
  let operation: String

  /// - Throws: ``InexpressibleSize`` when the attribute is not the same in every recording.
  func fixed<Value: Equatable>(_ attribute: KeyPath<Attributes, Value>) throws -> Value {
    let value = values[0][keyPath: attribute]
    guard values.allSatisfy({ $0[keyPath: attribute] == value }) else {
      let differing = values.map { $0[keyPath: attribute] == value ? 0 : 1 }
      throw InexpressibleSize(size: RecordedSize(differing), what: "an attribute of \(operation)")
    }
    return value
  }

  /// A list of numbers, one an axis.
  func sizes(_ attribute: KeyPath<Attributes, [Int]>) -> [RecordedSize] {
    [RecordedSize](values.map { $0[keyPath: attribute] })
  }
}

/// What a converter knows of a node, and how it appends to the graph.
struct NodeContext {
  let writer: GraphWriter
  let operations: [any Operation]
  /// The names of the inputs, and their types in every recording.
  let inputs: [String]
  let inputTypes: [[TensorType]]
  let outputTypes: [[TensorType]]
  /// For each output, whether anybody reads it.
  let isRead: [Bool]
  let module: String

  var opset: Int { writer.opset }
  /// What messages call the module.
  var place: String { module.isEmpty ? "the model" : module }
  var scalar: ScalarType { inputTypes[0][0].scalar }

  func inputShape(_ input: Int = 0) -> [RecordedSize] { [RecordedSize](inputTypes[input].map(\.shape)) }
  func outputShape(_ output: Int = 0) -> [RecordedSize] { [RecordedSize](outputTypes[output].map(\.shape)) }
  func inputRank(_ input: Int = 0) -> Int { inputTypes[input][0].rank }

  /// Appends a node with one output.
  func node(_ operation: String, _ inputs: [String], _ attributes: [WireAttribute] = []) -> String {
    writer.node(operation, inputs, attributes, module: module)[0]
  }

  /// Appends a node on this node's inputs, with one output.
  func node(_ operation: String, _ attributes: [WireAttribute] = []) -> String {
    node(operation, inputs, attributes)
  }

  /// A constant of shape [], of the first input's element type.
  func scalar(_ value: Double) throws -> String { try writer.scalar(value, scalar) }

  func constant(_ numbers: [Int]) throws -> String { try writer.constant(numbers) }

  func vector(_ sizes: [RecordedSize], _ what: String) throws -> String {
    try writer.vector(sizes, what, module: module)
  }

  /// Exchanges axes; as it is where they stay in order.
  func transposed(_ value: String, _ axes: [Int]) -> String {
    axes == Array(axes.indices) ? value : node("Transpose", [value], [.ints("perm", axes)])
  }

  /// Gives a value another shape, its elements in order: as it is where the shape is the same.
  ///
  /// A size that differs between recordings is copied from the input's axis of that number where it is the same, or left
  /// for the operator to infer, which it does for one; others are read from shapes.
  func reshaped(_ value: String, from: [RecordedSize], to: [RecordedSize]) throws -> String {
    if from == to { return value }
    let isCopied = to.indices.map { $0 < from.count && to[$0].fixed == nil && from[$0] == to[$0] }
    let open = to.indices.filter { to[$0].fixed == nil && !isCopied[$0] }
    let zero = to.contains { $0.fixed == 0 }
    if open.count <= 1, !zero {
      let numbers = to.indices.map { to[$0].fixed ?? (isCopied[$0] ? 0 : -1) }
      return node("Reshape", [value, try constant(numbers)])
    }
    return node(
      "Reshape", [value, try vector(to, "a size of a reshape")], zero ? [.int("allowzero", 1)] : [])
  }

  /// A node that reduces axes, which are an attribute or, from operator set 18 on, an input; of a sum from 13 on.
  func reduced(_ operation: String, _ value: String, axes: [Int], keepsAxes: Bool) throws -> String {
    let keeps = WireAttribute.int("keepdims", keepsAxes ? 1 : 0)
    if operation == "ReduceSum" || opset >= 18 {
      return node(operation, [value, try constant(axes)], [keeps])
    }
    return node(operation, [value], [.ints("axes", axes), keeps])
  }
}
