import Martlet

extension OperationRow {
  static let convolution: [OperationRow] =
    [
      convolution("plain", ConvolutionOptions(padding: 1)),
      convolution("no_bias"),
      convolution("odd_channels", ConvolutionOptions(padding: 1)),
      convolution("first_layer", ConvolutionOptions(padding: 1)),
      convolution("pointwise"),
      convolution("pointwise_stride_2", ConvolutionOptions(stride: 2)),
      convolution("stride_2", ConvolutionOptions(stride: 2, padding: 1)),
      convolution("stride_2x3", ConvolutionOptions(stride: [2, 3], padding: [0, 2])),
      convolution("stride_above_kernel", ConvolutionOptions(stride: 3)),
      convolution("dilation", ConvolutionOptions(padding: 2, dilation: 2)),
      convolution(
        "dilation_2x3_stride", ConvolutionOptions(stride: [1, 2], padding: [2, 1], dilation: [2, 3])),
      convolution("one_sided_padding", ConvolutionOptions(paddingBefore: [2, 0], paddingAfter: [0, 1])),
      convolution("wide_padding", ConvolutionOptions(padding: 4)),
      convolution("groups", ConvolutionOptions(padding: 1, groups: 3)),
      convolution("depthwise", ConvolutionOptions(padding: 1, groups: 19)),
      convolution("depthwise_stride_multiplier", ConvolutionOptions(stride: 2, padding: 1, groups: 6)),
      convolution("one_pixel"),
      convolution("empty_batch", ConvolutionOptions(padding: 1)),
      convolution("1d", ConvolutionOptions(stride: 2, padding: 2)),
      convolution("1d_few_channels", ConvolutionOptions(padding: 2)),
      convolution("3d", ConvolutionOptions(stride: [2, 1, 1], padding: [1, 0, 1])),
      convolution("3d_few_channels", ConvolutionOptions(padding: 1)),
    ]
    + Numerics.allCases.flatMap { numerics in
      [
        convolution("first_layer_7x7_stride_2", ConvolutionOptions(stride: 2, padding: 3), numerics),
        convolution("winograd", ConvolutionOptions(padding: 1), numerics),
        convolution("winograd_dilation", ConvolutionOptions(padding: 2, dilation: 2), numerics),
      ]
    } + [
      transposed("2x2", ConvolutionOptions(stride: 2)),
      transposed("no_bias"),
      transposed("output_padding", ConvolutionOptions(stride: 2, padding: 1), outputPadding: [1]),
      transposed("mixed", ConvolutionOptions(stride: [3, 2], padding: [1, 0]), outputPadding: [2, 1]),
      transposed("dilation", ConvolutionOptions(padding: 1, dilation: 2), outputPadding: [1]),
      transposed("groups", ConvolutionOptions(stride: 2, padding: 1, groups: 2)),
      transposed("depthwise", ConvolutionOptions(stride: 2, padding: 1, groups: 9)),
      transposed("1d", ConvolutionOptions(stride: 2, padding: 1)),
      transposed("3d", ConvolutionOptions(stride: [2], padding: [0, 1, 0])),
      transposed(
        "one_sided",
        ConvolutionOptions(stride: [2, 3], paddingBefore: [1, 0], paddingAfter: [0, 2], groups: 2)),
      transposed(
        "3d_groups_dilation",
        ConvolutionOptions(stride: [1, 2, 1], padding: [1, 0, 2], dilation: [2, 1, 2], groups: 3),
        outputPadding: [1, 1, 0]),
      convolution(
        "3d_groups_one_sided",
        ConvolutionOptions(
          stride: [1, 2, 1], paddingBefore: [0, 1, 0], paddingAfter: [1, 0, 2], dilation: [1, 1, 2], groups: 2
        )),
    ]

  private static func convolution(
    _ name: String, _ options: ConvolutionOptions = ConvolutionOptions(), _ numerics: Numerics = .fast
  ) -> OperationRow {
    // What F(4×4, 3×3) rounds more than a direct sum does.
    let isFast = name.hasPrefix("winograd") && numerics == .fast
    return OperationRow("convolution/\(name)", tolerance: isFast ? 2e-5 : 4e-6, numerics: numerics) {
      [try $0[0].convolution($0[1], bias: $0.count > 2 ? $0[2] : nil, options)]
    }
  }

  private static func transposed(
    _ name: String, _ options: ConvolutionOptions = ConvolutionOptions(), outputPadding: [Int] = [0]
  ) -> OperationRow {
    OperationRow("convolution/transposed_\(name)", tolerance: 4e-6) {
      [
        try $0[0].transposedConvolution(
          $0[1], bias: $0.count > 2 ? $0[2] : nil, options, outputPadding: outputPadding)
      ]
    }
  }
}
