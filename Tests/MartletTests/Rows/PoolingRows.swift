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
    OperationRow("pooling/average_global") { [try $0[0].globalAveragePooled()] },
    OperationRow("pooling/average_global_few") { [try $0[0].globalAveragePooled()] },
  ]
}

/// The second input put where the first one's windows have their largest elements.
private func unpooled(
  _ inputs: [Tensor], kernel: [Int], stride: [Int]? = nil, padding: [Int] = [0], ceilMode: Bool = false
) throws -> [Tensor] {
  let (values, indices) = try inputs[0].maxPooledWithIndices(
    kernel: kernel, stride: stride, padding: padding, ceilMode: ceilMode)
  return [try (values * inputs[1]).maxUnpooled(indices)]
}
