import Martlet

extension OperatorTable {
  /// Operators that bring values to a common size.
  static let normalizations: [OperatorDefinition] = [
    OperatorDefinition(
      "BatchNormalization", inputs: 5...5, outputs: 1...3, limits: "statistics as outputs from version 14 on",
      translate: batchNormalization),
    OperatorDefinition("InstanceNormalization", inputs: 3...3) { node in
      let epsilon = try node.number("epsilon", default: 1e-5)
      return { inputs in
        let x = try inputs[0]
        try require(x.rank >= 3, "onnx", "expected an input [N, C, …] to normalise, got \(x.type)")
        return [
          try x.normalizedByGroups(
            max(x.shape[1], 1), weight: inputs[1], bias: inputs[2], epsilon: epsilon)
        ]
      }
    },
    OperatorDefinition("GroupNormalization", from: 18, inputs: 3...3) { node in
      let epsilon = try node.number("epsilon", default: 1e-5)
      guard let groups = try node.integer("num_groups"), groups > 0 else {
        throw MartletError("onnx", "expected attribute num_groups of 1 or more")
      }
      let isPerGroup = node.version < 21
      if !isPerGroup { try node.expect("stash_type", 1) }
      return { inputs in
        let x = try inputs[0]
        func perChannel(_ vector: Tensor) throws -> Tensor {
          guard isPerGroup, x.rank > 1, vector.rank == 1 else { return vector }
          return try vector.unsqueezed(1).broadcast(to: [vector.shape[0], x.shape[1] / groups]).flattened()
        }
        return [
          try x.normalizedByGroups(
            groups, weight: perChannel(inputs[1]), bias: perChannel(inputs[2]), epsilon: epsilon)
        ]
      }
    },
    OperatorDefinition(
      "LayerNormalization", from: 17, inputs: 2...3, outputs: 1...3
    ) { node in
      let axis = try node.integer("axis", default: -1)
      let epsilon = try node.number("epsilon", default: 1e-5)
      try node.expect("stash_type", 1)
      return { inputs in
        let x = try inputs[0]
        let first = try checkedAxis(axis, rank: x.rank)
        let normalized = Array(x.shape[first...])
        let weight = try inputs[1].broadcast(to: normalized).converted(to: .rowMajor)
        let bias =
          try inputs.optional(2)?.broadcast(to: normalized).converted(to: .rowMajor)
          ?? Tensor.zeros([], x.scalar).broadcast(to: normalized)
        let results = try Tensor.apply(
          LayerNormOperation(axes: normalized.count, epsilon: epsilon),
          [x.converted(to: .rowMajor), weight, bias])
        let statistics = Array(x.shape[..<first]) + normalized.map { _ in 1 }
        return try [results[0]] + results.dropFirst().map { try $0.reshaped(to: statistics) }
      }
    },
    OperatorDefinition("RMSNormalization", from: 23, inputs: 2...2) { node in
      let axis = try node.integer("axis", default: -1)
      let epsilon = try node.number("epsilon", default: 1e-5)
      try node.expect("stash_type", 1)
      return { inputs in
        let x = try inputs[0]
        let axes = x.rank - (try checkedAxis(axis, rank: x.rank))
        return [try x.rmsNorm(axes: axes, weight: inputs[1], epsilon: epsilon)]
      }
    },
    OperatorDefinition("MeanVarianceNormalization", from: 9) { node in
      let axes = try node.integers("axes") ?? [0, 2, 3]
      return { [try $0[0].meanVarianceNormalized(axes: axes)] }
    },
    OperatorDefinition("LpNormalization") { node in
      let axis = try node.integer("axis", default: -1)
      let power = try node.integer("p", default: 2)
      try require([1, 2].contains(power), "onnx", "expected 1 or 2 as p, got \(power)")
      return { inputs in
        let x = try inputs[0]
        let axes = [try checkedAxis(axis, rank: x.rank)]
        let norm =
          try power == 1
          ? x.l1Norm(axes: axes, keepDimensions: true) : x.l2Norm(axes: axes, keepDimensions: true)
        // What has no length stays as it is.
        return [try x / Tensor.select(norm.equal(to: 0), Tensor.ones([], x.scalar), norm)]
      }
    },
    OperatorDefinition("LRN") { node in
      let alpha = try node.number("alpha", default: 1e-4)
      let beta = try node.number("beta", default: 0.75)
      let bias = try node.number("bias", default: 1)
      guard let size = try node.integer("size") else {
        throw MartletError("onnx", "expected attribute size, got none")
      }
      return { [try $0[0].localResponseNorm(size: size, alpha: alpha, beta: beta, bias: bias)] }
    },
  ]
}

/// In inference with the statistics that the file has; in training, and where the file says that it trains, with those
/// of the batch.
private func batchNormalization(_ node: inout NodeReader) throws -> Translation {
  let epsilon = try node.number("epsilon", default: 1e-5)
  let momentum = try node.number("momentum", default: 0.9)
  let fileTrains = node.version >= 14 ? try node.flag("training_mode") : false
  if node.version < 9 { try node.expect("spatial", 1) }
  try require(
    fileTrains || node.node.outputs.dropFirst().allSatisfy(\.isEmpty), "onnx",
    "expected one output in inference, got \(node.node.outputs.count)")
  let keepsStatistics = node.isInitializer(3) && node.isInitializer(4)
  let wantsStatistics = node.node.outputs.count > 1
  let batchCount = try Buffer(.zeros([], .int64))
  return { inputs in
    let (x, weight, bias) = (try inputs[0], try inputs[1], try inputs[2])
    let (mean, variance) = (try inputs[3], try inputs[4])
    guard fileTrains || Mode.current == .training else {
      return [
        try x.batchNorm(
          runningMean: mean, runningVariance: variance, weight: weight, bias: bias, epsilon: epsilon)
      ]
    }
    let result = try x.batchNorm(weight: weight, bias: bias, epsilon: epsilon)
    func running(_ old: Tensor, _ new: Tensor) throws -> Tensor { try old * momentum + new * (1 - momentum) }
    // Read before they are changed.
    let outputs =
      try wantsStatistics
      ? [result.output, running(mean, result.mean), running(variance, result.variance)] : [result.output]
    if Mode.current == .training, keepsStatistics, mean.isSymbolic, variance.isSymbolic {
      let count = x.elementCount / max(x.shape[1], 1)
      _ = try Tensor.apply(
        UpdateRunningStatistics(momentum: 1 - momentum, count: count),
        [mean, variance, batchCount.value, result.mean, result.variance])
    }
    return outputs
  }
}
