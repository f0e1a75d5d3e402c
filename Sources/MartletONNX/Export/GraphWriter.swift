import Foundation
import Martlet

/// An ONNX graph that is being written: nodes in the order in which they run, constants, and names that are each given
/// once.
final class GraphWriter {
  let opset: Int
  private(set) var nodes: [WireNode] = []
  private(set) var initializers: [WireTensor] = []
  private(set) var inputs: [WireValueInfo] = []
  private(set) var outputs: [WireValueInfo] = []

  /// A size that can be had when the model runs: that of an axis of a value.
  private struct Source {
    var value: String
    var axis: Int
  }

  private var valueNames: Set<String> = []
  private var nodeNames: Set<String> = []
  private var constants: [[UInt8]: [TensorType: String]] = [:]
  /// Where each size that differs between recordings can be had, the earliest value first.
  private var sources: [RecordedSize: Source] = [:]
  /// Outputs that values were renamed to.
  private var renamed: [String: String] = [:]
  private var dynamicSizes: [(name: String, size: RecordedSize)] = []
  private var shapes: [String: String] = [:]

  init(opset: Int) { self.opset = opset }

  // MARK: Names

  /// A name that no other value has, the same or with a number behind it.
  private func unique(_ name: String, in names: inout Set<String>) -> String {
    var candidate = name
    var number = 1
    while !names.insert(candidate).inserted {
      number += 1
      candidate = "\(name)_\(number)"
    }
    return candidate
  }

  /// Keeps a name for a value that is written later.
  func reserve(_ name: String) throws {
    try require(
      !name.isEmpty && valueNames.insert(name).inserted, "onnx",
      "expected names that are each given once, got \"\(name)\"")
  }

  // MARK: Values

  /// - Parameter name: One that was reserved.
  func addInput(_ name: String, _ scalar: ScalarType, _ shape: [RecordedSize], axes: [Int: String]) throws {
    for (axis, size) in shape.enumerated() where size.fixed == nil {
      guard let axisName = axes[axis] else { continue }
      if !dynamicSizes.contains(where: { $0.name == axisName }) { dynamicSizes.append((axisName, size)) }
    }
    inputs.append(try WireValueInfo(name, scalar, shape.map(dimension)))
    defineSizes(of: name, shape)
  }

  /// Makes a value's sizes known to what depends on them.
  func defineSizes(of value: String, _ shape: [RecordedSize]) {
    for (axis, size) in shape.enumerated() where size.fixed == nil && sources[size] == nil {
      sources[size] = Source(value: value, axis: axis)
    }
  }

  /// - Parameters:
  ///   - value: The value's name within the graph.
  ///   - name: The output's, which was reserved.
  func addOutput(_ value: String, as name: String, _ scalar: ScalarType, _ shape: [RecordedSize]) throws {
    outputs.append(try WireValueInfo(name, scalar, shape.map(dimension)))
    // Several values can go by one name, such as views, of which another was an output before.
    let value = renamed[value] ?? value
    // The node that makes the value makes it under the output's name, unless that is taken by another output.
    let isMade = nodes.contains { $0.output.contains(value) }
    let isOutput = outputs.dropLast().contains { $0.name == value }
    guard isMade, !isOutput else {
      append("Identity", [value], [], named: "\(name)/Identity", outputs: [name])
      return
    }
    renamed[value] = name
    for index in nodes.indices {
      nodes[index].input = nodes[index].input.map { $0 == value ? name : $0 }
      nodes[index].output = nodes[index].output.map { $0 == value ? name : $0 }
    }
    for (size, source) in sources where source.value == value { sources[size]?.value = name }
  }

  private func dimension(_ size: RecordedSize) -> WireValueInfo.Dimension {
    if let fixed = size.fixed { return .fixed(fixed) }
    if let same = dynamicSizes.first(where: { $0.size == size }) { return .named(same.name) }
    for (name, other) in dynamicSizes {
      guard let line = size.line(through: other) else { continue }
      let multiple = line.numerator == 1 ? name : "\(name)*\(line.numerator)"
      let fraction = line.denominator == 1 ? multiple : "\(multiple)/\(line.denominator)"
      let sign = line.offset < 0 ? "-" : "+"
      return .named(line.offset == 0 ? fraction : "\(fraction)\(sign)\(abs(line.offset))")
    }
    return .unknown
  }

  // MARK: Constants

  /// An initializer under a name, or under that with a number behind it.
  func initializer(_ name: String, _ tensor: Tensor) throws -> String {
    let name = unique(name, in: &valueNames)
    initializers.append(try WireTensor(name, tensor))
    return name
  }

  /// An initializer without a name of its own: equal ones are one.
  func constant(_ tensor: Tensor) throws -> String {
    let bytes = try tensor.bytes()
    let type = tensor.type.with(layout: .rowMajor)
    if let known = constants[bytes]?[type] { return known }
    let name = try initializer("constant", tensor)
    constants[bytes, default: [:]][type] = name
    return name
  }

  func constant(_ numbers: [Int]) throws -> String {
    try constant(Tensor(shape: [numbers.count], scalars: numbers.map(Int64.init)))
  }

  func scalar(_ value: Double, _ type: ScalarType) throws -> String {
    try constant(Tensor.full(value, TensorType([], type)))
  }

  // MARK: Nodes

  /// Appends a node and gives the names of its outputs, which are the node's name.
  func node(
    _ operation: String, _ inputs: [String], _ attributes: [WireAttribute] = [], module: String,
    outputCount: Int = 1
  ) -> [String] {
    let name = module.isEmpty ? operation : "\(module)/\(operation)"
    let outputs = (0..<outputCount).map {
      unique($0 == 0 ? name : "\(name)_output_\($0)", in: &valueNames)
    }
    append(operation, inputs, attributes, named: outputs[0], outputs: outputs)
    return outputs
  }

  private func append(
    _ operation: String, _ inputs: [String], _ attributes: [WireAttribute], named name: String,
    outputs: [String]
  ) {
    var node = WireNode()
    node.opType = operation
    node.name = unique(name, in: &nodeNames)
    node.input = inputs
    node.output = outputs
    node.attribute = attributes
    nodes.append(node)
  }

  // MARK: Sizes

  /// Sizes as an int64 vector: a constant, or what is read of the shapes of values.
  ///
  /// - Parameter what: What messages call them.
  /// - Throws: ``InexpressibleSize`` for a size that depends on none that the graph has.
  func vector(_ sizes: [RecordedSize], _ what: String, module: String) throws -> String {
    if let numbers = sizes.fixed { return try constant(numbers) }
    var parts: [String] = []
    var rest = sizes[...]
    while let size = rest.first {
      if size.fixed != nil {
        let numbers = rest.prefix { $0.fixed != nil }
        parts.append(try constant(numbers.compactMap(\.fixed)))
        rest = rest.dropFirst(numbers.count)
      } else if let source = sources[size] {
        // Neighbouring axes of one value are read at once.
        var count = 1
        while count < rest.count, let next = sources[rest[rest.startIndex + count]],
          next.value == source.value, next.axis == source.axis + count
        { count += 1 }
        parts.append(shape(of: source.value, axes: source.axis..<(source.axis + count), module: module))
        rest = rest.dropFirst(count)
      } else {
        parts.append(try computed(size, what, module: module))
        rest = rest.dropFirst()
      }
    }
    return parts.count == 1 ? parts[0] : node("Concat", parts, [.int("axis", 0)], module: module)[0]
  }

  private func shape(of value: String, axes: Range<Int>, module: String) -> String {
    let key = "\(axes) \(value)"
    if let known = shapes[key] { return known }
    let shape = node(
      "Shape", [value], [.int("start", axes.lowerBound), .int("end", axes.upperBound)], module: module)[0]
    shapes[key] = shape
    return shape
  }

  /// A size that is a multiple or a whole part of an input's, give or take a number.
  private func computed(_ size: RecordedSize, _ what: String, module: String) throws -> String {
    for (_, other) in dynamicSizes {
      guard let line = size.line(through: other), let source = sources[other] else { continue }
      var result = shape(of: source.value, axes: source.axis..<(source.axis + 1), module: module)
      for (operation, number, neutral) in [
        ("Mul", line.numerator, 1), ("Div", line.denominator, 1), ("Add", line.offset, 0),
      ] where number != neutral {
        result = node(operation, [result, try constant([number])], module: module)[0]
      }
      return result
    }
    throw InexpressibleSize(size: size, what: what)
  }
}
