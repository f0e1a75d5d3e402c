import Martlet

extension OperationRow {
  static let upsampling: [OperationRow] = [
    OperationRow("upsampling/nearest_double") { [try $0[0].upsampled(scale: 2)] },
    OperationRow("upsampling/nearest_size") { [try $0[0].upsampled(to: [7, 9])] },
    OperationRow("upsampling/nearest_down") { [try $0[0].upsampled(to: [4, 3])] },
    OperationRow("upsampling/nearest_scale") { [try $0[0].upsampled(scale: 1.7)] },
    OperationRow("upsampling/nearest_1d") { [try $0[0].upsampled(to: [13])] },
    OperationRow("upsampling/nearest_3d") { [try $0[0].upsampled(scale: 2)] },
    OperationRow("upsampling/linear") { [try $0[0].upsampled(to: [11], mode: .linear())] },
    OperationRow("upsampling/bilinear_double") { [try $0[0].upsampled(scale: 2, mode: .bilinear())] },
    OperationRow("upsampling/bilinear_double_aligned") {
      [try $0[0].upsampled(scale: 2, mode: .bilinear(alignCorners: true))]
    },
    OperationRow("upsampling/bilinear_size") { [try $0[0].upsampled(to: [7, 9], mode: .bilinear())] },
    OperationRow("upsampling/bilinear_scale") { [try $0[0].upsampled(scale: 2.6, mode: .bilinear())] },
    OperationRow("upsampling/bilinear_down") { [try $0[0].upsampled(to: [4, 3], mode: .bilinear())] },
    OperationRow("upsampling/bilinear_from_one") {
      [try $0[0].upsampled(to: [4, 3], mode: .bilinear(alignCorners: true))]
    },
    OperationRow("upsampling/trilinear") { [try $0[0].upsampled(to: [5, 4, 4], mode: .trilinear())] },
  ]
}
