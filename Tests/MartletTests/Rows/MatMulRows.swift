import Martlet

extension OperationRow {
  static let matmul: [OperationRow] =
    [
      "matrices", "large", "vector_vector", "vector_matrix", "matrix_vector", "batch", "batch_matrix",
      "matrix_batch", "batch_vector", "vector_batch", "broadcast", "broadcast_both", "empty_batch",
      "empty_sum", "batch_of_many",
    ].map { name in OperationRow("matmul/\(name)") { [try $0[0].matmul($0[1])] } }
    + [
      OperationRow("matmul/gemm") {
        [try $0[0].gemm($0[1], adding: $0[2], alpha: 0.5, beta: 1.5, transposesA: true)]
      },
      OperationRow("matmul/gemm_plain") { [try $0[0].gemm($0[1], transposesB: true)] },
      OperationRow("matmul/gemm_column") { [try $0[0].gemm($0[1], adding: $0[2])] },
      OperationRow("matmul/integers") { [try $0[0].integerMatmul($0[1], zeroPoint: $0[2])] },
      OperationRow("matmul/transposed") { [try $0[0].matmul(transposed: $0[1])] },
      OperationRow("matmul/transposed_shared") { [try $0[0].matmul(transposed: $0[1])] },
    ]
    + ["linear", "linear_vector", "linear_sequence", "linear_no_bias", "linear_empty_batch"].map { name in
      OperationRow("matmul/\(name)") { [try $0[0].linear($0[1], bias: $0.count > 2 ? $0[2] : nil)] }
    }
}
