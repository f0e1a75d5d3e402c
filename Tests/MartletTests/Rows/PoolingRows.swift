import Martlet

extension OperationRow {
  static let pooling: [OperationRow] = [
    OperationRow("pooling/max_2d") { [try $0[0].maxPooled(kernel: [2])] },
    OperationRow("pooling/max_2d_odd") { [try $0[0].maxPooled(kernel: [2])] },
    OperationRow("pooling/max_2d_overlapping") {
      [try $0[0].maxPooled(kernel: [3], stride: [2], padding: [1])]
    },
    OperationRow("pooling/max_2d_dilated") {
      [try $0[0].maxPooled(kernel: [2, 3], stride: [2, 1], padding: [1, 1], dilation: [2, 1])]
    },
    OperationRow("pooling/max_2d_ceil") {
      [try $0[0].maxPooled(kernel: [3], stride: [2], padding: [1], ceilMode: true)]
    },
    OperationRow("pooling/max_1d") { [try $0[0].maxPooled(kernel: [3], stride: [2])] },
    OperationRow("pooling/max_3d") {
      [try $0[0].maxPooled(kernel: [2, 2, 3], stride: [2], padding: [1, 0, 1])]
    },
    OperationRow("pooling/max_wide_window") { [try $0[0].maxPooled(kernel: [16], stride: [8])] },
    OperationRow("pooling/max_global") { [try $0[0].globalMaxPooled()] },
    OperationRow("pooling/max_ties", checksFiniteDifferences: false) {
      [try $0[0].maxPooled(kernel: [3], stride: [2], padding: [1])]
    },
    OperationRow("pooling/max_special", checksFiniteDifferences: false) {
      [try $0[0].maxPooled(kernel: [2])]
    },

    OperationRow("pooling/unpool_2d") { try unpooled($0, kernel: [2]) },
    OperationRow("pooling/unpool_2d_ceil") { try unpooled($0, kernel: [2], ceilMode: true) },
    OperationRow("pooling/unpool_2d_apart") {
      try unpooled($0, kernel: [2, 3], stride: [3, 4], padding: [1])
    },
    OperationRow("pooling/unpool_3d") { try unpooled($0, kernel: [2, 1, 3]) },
    OperationRow("pooling/unpool_wide_window") { try unpooled($0, kernel: [16]) },

    OperationRow("pooling/average_2d") { [try $0[0].averagePooled(kernel: [2])] },
    OperationRow("pooling/average_2d_padded") {
      [try $0[0].averagePooled(kernel: [3], stride: [2], padding: [1])]
    },
    OperationRow("pooling/average_2d_excluding") {
      [try $0[0].averagePooled(kernel: [3], stride: [2], padding: [1], countIncludePad: false)]
    },
    OperationRow("pooling/average_2d_ceil") {
      [try $0[0].averagePooled(kernel: [3, 2], stride: [2, 3], padding: [1, 0], ceilMode: true)]
    },
    OperationRow("pooling/average_1d") { [try $0[0].averagePooled(kernel: [4], stride: [3], padding: [2])] },
    OperationRow("pooling/average_3d") {
      [try $0[0].averagePooled(kernel: [2, 2, 3], stride: [2], padding: [1, 0, 1])]
    },
    OperationRow("pooling/max_2d_asymmetric") {
      [try $0[0].maxPooled(kernel: [2, 3], stride: [2], padding: [0, 2], paddingAfter: [1])]
    },
    OperationRow("pooling/max_1d_same") {
      [try $0[0].maxPooled(kernel: [2], stride: [1], padding: [0], paddingAfter: [1])]
    },
    OperationRow("pooling/max_3d_dilated_after") {
      [
        try $0[0].maxPooled(
          kernel: [2], stride: [2], padding: [0, 1, 0], paddingAfter: [2, 0, 1], dilation: [2, 1, 1])
      ]
    },
    OperationRow("pooling/average_2d_asymmetric") {
      [try $0[0].averagePooled(kernel: [2, 3], stride: [2], padding: [0, 1], paddingAfter: [1, 2])]
    },
    OperationRow("pooling/average_2d_asymmetric_excluding") {
      [
        try $0[0].averagePooled(
          kernel: [3, 2], stride: [2, 1], padding: [2, 0], paddingAfter: [0, 1], countIncludePad: false)
      ]
    },
    OperationRow("pooling/average_2d_dilated") {
      [
        try $0[0].averagePooled(
          kernel: [2], stride: [1, 2], padding: [1, 2], paddingAfter: [1, 0], dilation: [2, 3],
          countIncludePad: false)
      ]
    },
    OperationRow("pooling/average_2d_dilated_counting") {
      [
        try $0[0].averagePooled(
          kernel: [2], stride: [1, 2], padding: [1, 2], paddingAfter: [1, 0], dilation: [2, 3])
      ]
    },
    OperationRow("pooling/lp_2d") { [try $0[0].lpPooled(2, kernel: [3], stride: [2])] },
    OperationRow("pooling/lp_1d_padded") {
      [try $0[0].lpPooled(3, kernel: [4], stride: [2], padding: [1], paddingAfter: [2])]
    },
    OperationRow("pooling/lp_global") { [try $0[0].globalLpPooled(3)] },
    OperationRow("pooling/positions_2d") {
      [try positions($0[0], kernel: [3], padding: [1], withinChannels: true)]
    },
    OperationRow("pooling/positions_3d") {
      [try positions($0[0], kernel: [2, 1, 2], dilation: [1, 1, 2], withinChannels: true)]
    },
    OperationRow("pooling/positions_onnx") { [try positions($0[0], kernel: [3], padding: [1])] },
    OperationRow("pooling/average_global") { [try $0[0].globalAveragePooled()] },
    OperationRow("pooling/average_global_few") { [try $0[0].globalAveragePooled()] },
  ]
}

private func positions(
  _ input: Tensor, kernel: [Int], padding: [Int] = [0], dilation: [Int] = [1], withinChannels: Bool = false
) throws -> Tensor {
  try input.maxPooledWithIndices(kernel: kernel, stride: [2], padding: padding, dilation: dilation)
    .indices.positions(withinChannels: withinChannels)
}

/// The second input put where the first one's windows have their largest elements.
private func unpooled(
  _ inputs: [Tensor], kernel: [Int], stride: [Int]? = nil, padding: [Int] = [0], ceilMode: Bool = false
) throws -> [Tensor] {
  let (values, indices) = try inputs[0].maxPooledWithIndices(
    kernel: kernel, stride: stride, padding: padding, ceilMode: ceilMode)
  return [try (values * inputs[1]).maxUnpooled(indices)]
}
