import Testing

@testable import MartletKernels

/// How depthwise kernels read: results would be right, if slow, without it.
struct DepthwiseProductTests {
  /// Taps of each run.
  private func runs(_ products: [IndirectProduct]) -> [[Int]] {
    products.flatMap(\.columnPhases).map { product in
      DepthwiseProduct(
        product, longestRun: 8, sourceSize: SpatialExtent(1, 90, 90), sourceStrides: (0, 0, 0, 0)
      )
      .runLengths
    }
  }

  private func shape(_ kernel: [Int], stride: Int = 1, dilation: Int = 1) -> ConvolutionShape {
    ConvolutionCases.shape(
      1, 8, 8, groups: 8, [90, 90], kernel, stride: [stride, stride], dilation: [dilation, dilation])
  }

  @Test func kernelRowsAreRuns() {
    #expect(runs([shape([3, 3]).forwardProduct(.float32)]) == [[3, 3, 3]])
    #expect(runs(shape([3, 3]).backwardDataProducts(.float32)) == [[3, 3, 3]])
  }

  @Test func longKernelRowsAreCutEvenly() {
    #expect(runs([shape([1, 31]).forwardProduct(.float32)]) == [[7, 8, 8, 8]])
  }

  @Test func aStrideMakesRunsOfEverySecondTap() {
    #expect(runs([shape([2, 5], stride: 2).forwardProduct(.float32)]) == [[3, 2, 3, 2]])
    #expect(runs(shape([2, 5], stride: 2).backwardDataProducts(.float32)) == [[3], [2], [3], [2]])
  }

  @Test func dilatedKernelsArePlainOnInterleavedColumns() {
    #expect(runs([shape([1, 3], dilation: 3).forwardProduct(.float32)]) == [[3], [3], [3]])
    #expect(runs(shape([1, 3], dilation: 3).backwardDataProducts(.float32)) == [[3], [3], [3]])
    #expect(runs([shape([1, 3], stride: 2, dilation: 2).forwardProduct(.float32)]) == [[3]])
    #expect(runs([shape([1, 3], stride: 2, dilation: 6).forwardProduct(.float32)]) == [[3], [3], [3]])
  }
}
