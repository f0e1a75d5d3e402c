import Martlet

extension OperationRow {
  static let loss: [OperationRow] = crossEntropy + binaryCrossEntropy + squares

  private static func crossEntropy(
    _ name: String, ignored: Int = -100, reduction: LossReduction = .mean, smoothing: Double = 0
  ) -> OperationRow {
    // Finite steps are relative to numbers: over one near 10 000, a softmax is no straight line.
    OperationRow("loss/cross_entropy.\(name)", checksFiniteDifferences: !name.hasPrefix("large_")) { inputs in
      [
        try Loss.crossEntropy(
          inputs[0], inputs[1], classWeights: inputs.count > 2 ? inputs[2] : nil, ignoredIndex: ignored,
          reduction: reduction, labelSmoothing: smoothing)
      ]
    }
  }

  private static let crossEntropy: [OperationRow] = [
    crossEntropy("matrix"), crossEntropy("image"), crossEntropy("two"), crossEntropy("one"),
    crossEntropy("sequence"), crossEntropy("volume"), crossEntropy("many"), crossEntropy("weights"),
    crossEntropy("large_two"), crossEntropy("large_three"), crossEntropy("large_some"),
    crossEntropy("large_many"),
    crossEntropy("ignored"), crossEntropy("ignored_uint8", ignored: 255), crossEntropy("int32"),
    crossEntropy("sum", reduction: .sum), crossEntropy("none", ignored: -1, reduction: .none),
    crossEntropy("smoothed", smoothing: 0.1), crossEntropy("everything", ignored: 2, smoothing: 0.3),
    crossEntropy("everything_sum", ignored: 2, reduction: .sum, smoothing: 0.3),
    crossEntropy("everything_none", ignored: 2, reduction: .none, smoothing: 0.3),
  ]

  private static func binary(
    _ name: String, reduction: LossReduction = .mean, weights: Int? = nil, positive: Int? = nil
  ) -> OperationRow {
    OperationRow("loss/binary_cross_entropy.\(name)") { inputs in
      [
        try Loss.binaryCrossEntropyWithLogits(
          inputs[0], inputs[1], weights: weights.map { inputs[$0] },
          positiveWeights: positive.map { inputs[$0] },
          reduction: reduction)
      ]
    }
  }

  private static let binaryCrossEntropy: [OperationRow] = [
    binary("mean"), binary("sum", reduction: .sum), binary("none", reduction: .none),
    binary("weights", weights: 2),
    binary("positive", positive: 2), binary("both", reduction: .none, weights: 2, positive: 3),
    binary("sure", reduction: .none),
  ]

  private static let squares: [OperationRow] =
    [("mean", LossReduction.mean), ("sum", .sum), ("none", .none)].map { name, reduction in
      OperationRow("loss/mse.\(name)") { [try Loss.meanSquaredError($0[0], $0[1], reduction: reduction)] }
    }
}
