import Martlet

extension OperationRow {
  static let upsampling: [OperationRow] = modes + resizing

  private static func resized(
    _ name: String, scale: [Double], _ interpolation: Interpolation
  ) -> OperationRow {
    OperationRow("upsampling/\(name)") { [try $0[0].resized(scale: scale, interpolation)] }
  }

  private static func resized(
    _ name: String, to size: [Int], _ interpolation: Interpolation
  ) -> OperationRow {
    OperationRow("upsampling/\(name)") { [try $0[0].resized(to: size, interpolation)] }
  }

  private static let resizing: [OperationRow] = rounded + placed + filtered

  private static let roundings: [(String, Interpolation.Rounding)] = [
    ("round_prefer_floor", .nearestOrDown), ("round_prefer_ceil", .nearestOrUp), ("floor", .down),
    ("ceil", .up),
  ]

  private static let rounded: [OperationRow] = roundings.flatMap { name, rounding -> [OperationRow] in
    [
      resized("onnx_nearest_half_pixel_\(name)", scale: [2, 0.5], Interpolation(.nearest(rounding))),
      resized(
        "onnx_nearest_asymmetric_\(name)", scale: [2, 0.5], Interpolation(.nearest(rounding), .asymmetric)),
    ]
  }

  private static let methods: [(String, Interpolation.Method)] = [("linear", .linear), ("cubic", .cubic())]

  private static let placed: [OperationRow] = methods.flatMap { name, method -> [OperationRow] in
    [
      resized(
        "onnx_\(name)_half_pixel_symmetric", scale: [1.7, 0.6], Interpolation(method, .halfPixelSymmetric)),
      resized(
        "onnx_\(name)_pytorch_half_pixel", scale: [1.7, 0.6], Interpolation(method, .halfPixelOrFirst)),
      resized("onnx_\(name)_asymmetric", scale: [1.7, 0.6], Interpolation(method, .asymmetric)),
    ]
  }

  private static let filtered: [OperationRow] = [
    resized(
      "bilinear_antialias", to: [4, 7], Interpolation(.linear, antialiases: true, excludesOutside: true)),
    resized(
      "bicubic_antialias", to: [4, 7],
      Interpolation(.cubic(coefficient: -0.5), antialiases: true, excludesOutside: true)),
    resized("onnx_nearest_ties", to: [3, 9], Interpolation(.nearest(.nearestOrDown))),
    resized("onnx_nearest_1d_aligned", to: [9], Interpolation(.nearest(.nearestOrDown), .alignedCorners)),
    resized("onnx_cubic_3d", to: [3, 5, 7], Interpolation(.cubic(coefficient: -0.5))),
    resized("onnx_cubic_excluding", scale: [1.5, 2], Interpolation(.cubic(), excludesOutside: true)),
    resized("onnx_linear_antialias", scale: [0.4, 1.5], Interpolation(.linear, antialiases: true)),
    resized("onnx_cubic_antialias", scale: [0.4, 0.7], Interpolation(.cubic(), antialiases: true)),
    resized(
      "onnx_cubic_antialias_excluding", to: [4, 3],
      Interpolation(.cubic(), antialiases: true, excludesOutside: true)),
    resized(
      "onnx_linear_crop", to: [4, 7],
      Interpolation(.linear, .crop(from: [0.2, -0.1], to: [1.3, 0.8], outside: 2.5))),
    resized(
      "onnx_nearest_crop", to: [4, 7],
      Interpolation(.nearest(.nearestOrDown), .crop(from: [0.2, -0.1], to: [1.3, 0.8], outside: -1))),
  ]

  private static let modes: [OperationRow] = [
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
    OperationRow("upsampling/bicubic") { [try $0[0].upsampled(to: [7, 9], mode: .bicubic())] },
    OperationRow("upsampling/bicubic_down") { [try $0[0].upsampled(to: [4, 3], mode: .bicubic())] },
    OperationRow("upsampling/bicubic_kept") { [try $0[0].upsampled(scale: 1.2, mode: .bicubic())] },
    OperationRow("upsampling/bicubic_aligned") {
      [try $0[0].upsampled(scale: 2, mode: .bicubic(alignCorners: true))]
    },
    OperationRow("upsampling/trilinear") { [try $0[0].upsampled(to: [5, 4, 4], mode: .trilinear())] },
  ]
}
