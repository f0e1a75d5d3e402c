import Martlet

extension OperatorTable {
  /// Operators on windows over space.
  static let pooling: [OperatorDefinition] = [
    OperatorDefinition("MaxPool", outputs: 1...2, limits: "1 to 3 axes of space") { node in
      let space = try SpaceAttributes(&node, hasDilations: node.version >= 10)
      let ceils = node.version >= 10 ? try node.flag("ceil_mode") : false
      let isColumnMajor = node.version >= 8 ? try node.flag("storage_order") : false
      let wantsIndices = node.wants(1)
      return { inputs in
        let x = try inputs[0]
        let window = try space.resolved(x.space)
        // Bytes are pooled as the numbers that hold them.
        let (values, indices) = try (x.scalar == .uint8 ? x.cast(to: .float32) : x).maxPooledWithIndices(
          kernel: window.kernel, stride: window.strides, padding: window.before, paddingAfter: window.after,
          dilation: window.dilations, ceilMode: ceils)
        let pooled = try values.cast(to: x.scalar)
        guard wantsIndices else { return [pooled] }
        return [
          pooled,
          try isColumnMajor
            ? columnMajor(indices.positions(withinChannels: true), of: x.type) : indices.positions(),
        ]
      }
    },
    OperatorDefinition("AveragePool", limits: "1 to 3 axes of space") { node in
      let space = try SpaceAttributes(&node, hasDilations: node.version >= 19)
      let ceils = node.version >= 10 ? try node.flag("ceil_mode") : false
      let countsPadding = try node.flag("count_include_pad")
      return { inputs in
        let x = try inputs[0]
        let window = try space.resolved(x.space)
        return [
          try x.averagePooled(
            kernel: window.kernel, stride: window.strides, padding: window.before, paddingAfter: window.after,
            dilation: window.dilations, ceilMode: ceils, countIncludePad: countsPadding)
        ]
      }
    },
    OperatorDefinition("LpPool", limits: "1 to 3 axes of space") { node in
      let space = try SpaceAttributes(&node, hasDilations: node.version >= 18)
      let ceils = node.version >= 18 ? try node.flag("ceil_mode") : false
      let p = Double(try node.integer("p", default: 2))
      return { inputs in
        let x = try inputs[0]
        let window = try space.resolved(x.space)
        return [
          try x.lpPooled(
            p, kernel: window.kernel, stride: window.strides, padding: window.before,
            paddingAfter: window.after,
            dilation: window.dilations, ceilMode: ceils)
        ]
      }
    },
    .unary("GlobalAveragePool") { try $0.globalAveragePooled() },
    .unary("GlobalMaxPool") { try $0.globalMaxPooled() },
    OperatorDefinition("GlobalLpPool") { node in
      let p = Double(try node.integer("p", default: 2))
      return { [try $0[0].globalLpPooled(p)] }
    },
    OperatorDefinition(
      "MaxUnpool", from: 9, inputs: 2...3, known: [2], limits: "1 to 3 axes of space"
    ) { node in
      let space = try SpaceAttributes(&node, hasDilations: false)
      return { inputs in
        let (x, indices) = (try inputs[0], try inputs[1])
        let window = try space.resolved(x.space)
        let sizes = x.space.indices.map {
          (x.space[$0] - 1) * window.strides[$0] + window.kernel[$0] - window.before[$0] - window.after[$0]
        }
        let given = try inputs.integers(2)
        try require(
          given.map { $0.count == x.rank && $0.allSatisfy((0...Int(Int32.max)).contains) } ?? true,
          "max_unpool",
          "expected the sizes of a result for \(x.type), got \(given ?? [])")
        let result = try x.maxUnpooled(at: indices, space: sizes)
        guard let given else { return [result] }
        // The places are those without a given size, to which the difference is added.
        return [
          try result.padded(before: x.shape.map { _ in 0 }, after: zip(given, result.shape).map { $0 - $1 })
        ]
      }
    },
  ]
}

/// Places in a channel of [N, C, space…], counted through in row-major order, as places in the whole with every channel
/// counted through in column-major order.
private func columnMajor(_ positions: Tensor, of type: TensorType) throws -> Tensor {
  var rest = positions
  var result = try Tensor.range(from: 0, to: type.shape[0] * type.shape[1]).reshaped(
    to: Array(type.shape[..<2]) + type.space.map { _ in 1 })
  result = try result * Tensor(Int64(type.space.reduce(1, *)))
  for (axis, size) in type.space.enumerated().reversed() {
    let divisor = try Tensor(Int64(size))
    let step = try Tensor(Int64(type.space[..<axis].reduce(1, *)))
    result = try result + rest.remainder(dividingBy: divisor) * step
    rest = try rest.truncatedQuotient(dividingBy: divisor)
  }
  return result
}
