import Martlet

extension OperationRow {
  static let attention: [OperationRow] =
    [
      ("plain", 2), ("one", 1), ("few_keys", 2), ("prime", 3), ("wide", 2), ("long", 1), ("many_keys", 1),
      ("empty", 2),
    ].flatMap { name, heads in
      [("keys", Tensor.AttentionAxis.keys), ("queries", .queries)].map { over, axis in
        OperationRow("attention/\(name).\(over)") {
          [try $0[0].attention(keys: $0[1], values: $0[2], heads: heads, axis: axis)]
        }
      }
    } + [
      OperationRow("attention/scaled.queries") {
        [try $0[0].attention(keys: $0[1], values: $0[2], heads: 2, scale: 0.125, axis: .queries)]
      },
      OperationRow("attention/causal") {
        [try $0[0].attention(keys: $0[1], values: $0[2], heads: 2, isCausal: true)]
      },
      OperationRow("attention/counts") {
        [try $0[0].attention(keys: $0[1], values: $0[2], heads: 2, keyCounts: $0[3])]
      },
      OperationRow("attention/counts_causal") {
        [try $0[0].attention(keys: $0[1], values: $0[2], heads: 1, isCausal: true, keyCounts: $0[3])]
      },
    ]
    + [("keys", Tensor.AttentionAxis.keys), ("queries", .queries)].flatMap { over, axis in
      [
        OperationRow("attention/known.\(over)") {
          [try $0[0].attention(keys: $0[1], values: $0[2], heads: 2, axis: axis, logSums: $0[3])]
        },
        OperationRow("attention/log_sums.\(over)") {
          [try $0[0].attentionLogSums(keys: $0[1], heads: 2, axis: axis)]
        },
        // The sums' logarithms are kept in float32: near 200, half a unit in the last place is 8e-6. Weights are nearly
        // 0 or 1: over queries, gradients of 1e-9 are what is left where terms near 1 cancel, and finite differences see
        // rounding only.
        OperationRow(
          "attention/steep.\(over)", tolerance: 2e-5, scaleFloor: 0.1, checksFiniteDifferences: false
        ) {
          [try $0[0].attention(keys: $0[1], values: $0[2], heads: 2, scale: 1, axis: axis)]
        },
      ]
    }
}
