import Martlet

extension OperationRow {
  static let normalization: [OperationRow] = [
    OperationRow("normalization/batch_2d") { [try $0[0].batchNorm(weight: $0[1], bias: $0[2]).output] },
    OperationRow("normalization/batch_2d_relu") {
      [try $0[0].batchNorm(weight: $0[1], bias: $0[2], activation: .relu).output]
    },
    OperationRow("normalization/batch_2d_few") {
      [try $0[0].batchNorm(weight: $0[1], bias: $0[2], activation: .relu).output]
    },
    OperationRow("normalization/batch_2d_many_rows") {
      [try $0[0].batchNorm(weight: $0[1], bias: $0[2]).output]
    },
    OperationRow("normalization/batch_1d") { [try $0[0].batchNorm(weight: $0[1], bias: $0[2]).output] },
    OperationRow("normalization/batch_3d") {
      [try $0[0].batchNorm(weight: $0[1], bias: $0[2], epsilon: 1e-3).output]
    },
    OperationRow("normalization/batch_matrix") { [try $0[0].batchNorm(weight: $0[1], bias: $0[2]).output] },
    OperationRow("normalization/batch_inference") {
      [try $0[0].batchNorm(runningMean: $0[1], runningVariance: $0[2], weight: $0[3], bias: $0[4])]
    },
    OperationRow("normalization/batch_inference_relu") {
      [
        try $0[0].batchNorm(
          runningMean: $0[1], runningVariance: $0[2], weight: $0[3], bias: $0[4], activation: .relu)
      ]
    },
    OperationRow("normalization/group") { [try $0[0].groupNorm(groups: 4, weight: $0[1], bias: $0[2])] },
    OperationRow("normalization/group_one") { [try $0[0].groupNorm(groups: 1, weight: $0[1], bias: $0[2])] },
    OperationRow("normalization/group_matrix") {
      [try $0[0].groupNorm(groups: 3, weight: $0[1], bias: $0[2])]
    },
    OperationRow("normalization/instance") { [try $0[0].instanceNorm(weight: $0[1], bias: $0[2])] },
    OperationRow("normalization/layer") {
      [try $0[0].layerNorm(normalizedShape: [20], weight: $0[1], bias: $0[2])]
    },
    OperationRow("normalization/layer_wide") {
      [try $0[0].layerNorm(normalizedShape: [2500], weight: $0[1], bias: $0[2])]
    },
    OperationRow("normalization/layer_image") {
      [try $0[0].layerNorm(normalizedShape: [3, 4, 5], weight: $0[1], bias: $0[2], epsilon: 1e-12)]
    },
    OperationRow("normalization/rms") { [try $0[0].rmsNorm(weight: $0[1])] },
    OperationRow("normalization/rms_image") { [try $0[0].rmsNorm(axes: 2, epsilon: 1e-6)] },
    OperationRow("normalization/normalize") { [try $0[0].lpNormalized(axis: 1)] },
    OperationRow("normalization/normalize_1") { [try $0[0].lpNormalized(1)] },
    OperationRow("normalization/response") {
      [try $0[0].localResponseNorm(size: 3, alpha: 0.5, bias: 2)]
    },
    OperationRow("normalization/response_matrix") { [try $0[0].localResponseNorm(size: 5)] },
    OperationRow("normalization/response_even") { [try $0[0].localResponseNorm(size: 4, alpha: 0.3)] },
    OperationRow("normalization/mean_variance") { [try $0[0].meanVarianceNormalized(axes: [0, 2, 3])] },
    OperationRow("normalization/layer_plain") { [try $0[0].layerNorm(normalizedShape: [9])] },
  ]
}
