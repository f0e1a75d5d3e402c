import Martlet

/// One model's recordings at several sizes of its inputs, laid over each other: they must have the same nodes, which may
/// differ in numbers.
struct AlignedGraph {
  /// A node in all recordings.
  struct Node {
    /// One a recording, of one type.
    var operations: [any Operation]
    var inputs: [ValueID]
    var outputs: [ValueID]
    /// The name of the module that recorded it; empty for the model itself.
    var module: String
  }

  let nodes: [Node]
  let leaves: [(value: ValueID, leaf: Recording.Leaf)]
  let outputs: [ValueID]
  private let graphs: [Graph]

  /// Which way two recordings' structures differ.
  struct Mismatch: Error { var description: String }

  /// - Throws: ``Mismatch`` where recordings differ in more than numbers.
  init(_ recordings: [Recording], names: [ObjectIdentifier: String]) throws {
    let first = recordings[0]
    let modules = first.graph.nodes.map { first.scopeNames(of: $0, names: names).last ?? "" }
    for other in recordings.dropFirst() { try Self.check(first, other, modules) }
    graphs = recordings.map(\.graph)
    nodes = first.graph.nodes.indices.map { index in
      let node = first.graph.nodes[index]
      return Node(
        operations: recordings.map { $0.graph.nodes[index].operation }, inputs: node.inputs,
        outputs: node.outputs, module: modules[index])
    }
    leaves = zip(first.graph.leaves, first.leaves).map { ($0, $1) }
    outputs = first.graph.outputs
  }

  /// A value's type in each recording.
  func types(of value: ValueID) -> [TensorType] { graphs.map { $0.type(of: value) } }

  /// A value's sizes.
  func shape(of value: ValueID) -> [RecordedSize] { [RecordedSize](types(of: value).map(\.shape)) }

  private static func check(_ first: Recording, _ other: Recording, _ modules: [String]) throws {
    for (index, (a, b)) in zip(first.graph.nodes, other.graph.nodes).enumerated() {
      let isSame =
        kind(a.operation) == kind(b.operation) && a.inputs == b.inputs && a.outputs == b.outputs
        && a.outputs.allSatisfy { first.graph.type(of: $0).rank == other.graph.type(of: $0).rank }
      guard isSame else {
        let place = modules[index].isEmpty ? "the model" : modules[index]
        throw Mismatch(
          description:
            "\(place) computes otherwise at another size (\(a.operation.name), \(b.operation.name))")
      }
    }
    guard first.graph.nodes.count == other.graph.nodes.count, first.graph.outputs == other.graph.outputs,
      first.graph.leaves == other.graph.leaves
    else { throw Mismatch(description: "the model has other layers at another size") }
    for (a, b) in zip(first.leaves, other.leaves) {
      guard isSame(a, b) else {
        throw Mismatch(description: "the model holds other constants at another size")
      }
    }
  }

  /// What a node is besides its numbers. Whether a change of layout has to move bytes may depend on a size.
  private static func kind(_ operation: any Operation) -> ObjectIdentifier {
    operation is Relayout ? ObjectIdentifier(View.self) : ObjectIdentifier(type(of: operation))
  }

  private static func isSame(_ a: Recording.Leaf, _ b: Recording.Leaf) -> Bool {
    switch (a, b) {
    case (.argument(let a), .argument(let b)): a == b
    case (.variable(let a), .variable(let b)): a === b
    case (.constant(let a), .constant(let b)): a.type == b.type && (try? a.bytes() == b.bytes()) == true
    default: false
    }
  }
}

extension Tensor {
  /// The elements in logical order, little-endian as files have them.
  func bytes() throws -> [UInt8] {
    func bytes<Scalar: TensorScalar>(_: Scalar.Type) throws -> [UInt8] {
      if layout == .rowMajor {
        return try withElements { (elements: UnsafeBufferPointer<Scalar>) in
          Array(UnsafeRawBufferPointer(elements))
        }
      }
      return try scalars(Scalar.self).withUnsafeBytes { Array($0) }
    }
    switch scalar {
    case .float32: return try bytes(Float.self)
    case .float64: return try bytes(Double.self)
    case .int32: return try bytes(Int32.self)
    case .int64: return try bytes(Int64.self)
    case .uint8: return try bytes(UInt8.self)
    case .bool: return try bytes(Bool.self)
    }
  }
}
