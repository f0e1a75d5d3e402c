import Foundation
import Testing

@testable import MartletKernels

/// Thousands of convolutions drawn at random, every part of each by every algorithm and instruction set that can
/// serve it, against float64 and within the bound of the algorithm's own rounding.
///
/// `MARTLET_TEST_SHAPES` sets how many, or says which: `20000`, or `1234..<1235` to run one that failed again.
/// `MARTLET_TEST_SEED` draws others.
struct RandomConvolutionTests {
  private static let seed = UInt64(ProcessInfo.processInfo.environment["MARTLET_TEST_SEED"] ?? "") ?? 1
  private static let indices: Range<Int> = {
    let bounds = (ProcessInfo.processInfo.environment["MARTLET_TEST_SHAPES"] ?? "3000")
      .components(separatedBy: "..<").compactMap { Int($0) }
    return bounds.count == 2 ? bounds[0]..<bounds[1] : 0..<(bounds.first ?? 3000)
  }()
  private static let slices = 8

  @Test(arguments: 0..<slices) func everyPartStaysWithinItsBound(slice: Int) {
    let memory = TestMemory(.endsAtWall)
    for index in Self.indices where index % Self.slices == slice {
      let convolution = RandomConvolution(seed: Self.seed, index: index)
      CrashNote.with("\(convolution)") {
        #expect(throws: Never.self, "\(convolution)") { try ConvolutionCheck(convolution, memory).run() }
      }
    }
  }

  @Test func theReferenceIsTheDefinition() {
    for index in 0..<100 {
      let drawn = RandomConvolution(seed: 2, index: index)
      let (reference, naive) = (
        ConvolutionReference(shape: drawn.shape), NaiveConvolution(shape: drawn.shape)
      )
      func magnitudes(_ values: [Double]) -> [Double] { values.map(abs) }
      let (x, w, dy) = (drawn.input, drawn.weight, drawn.outputGradient)
      for (sums, values, magnitudes) in [
        (
          reference.forward(x, w), naive.forward(x, w, nil), naive.forward(magnitudes(x), magnitudes(w), nil)
        ),
        (
          reference.backwardData(dy, w), naive.backwardData(dy, w),
          naive.backwardData(magnitudes(dy), magnitudes(w))
        ),
        (
          reference.backwardWeights(x, dy), naive.backwardWeights(x, dy),
          naive.backwardWeights(magnitudes(x), magnitudes(dy))
        ),
      ] {
        #expect(relativeError(sums.values, values) < 1e-13, "\(drawn)")
        #expect(relativeError(sums.magnitudes, magnitudes) < 1e-13, "\(drawn)")
      }
    }
  }

  @Test func theShapesAreOfEveryKind() {
    let shapes = (0..<600).map { RandomConvolution(seed: 1, index: $0).shape }
    func isPlain(_ shape: ConvolutionShape) -> Bool { WinogradTile.four.supports(shape) }
    func isStrided(_ shape: ConvolutionShape) -> Bool { WinogradTile.strided.supports(shape) }
    let kinds: [(ConvolutionShape) -> Bool] = [
      { $0.batch == 0 }, { $0.groups > 1 && !$0.isDepthwise }, { $0.isDepthwise }, { $0.mergesKernelRows },
      { $0.kernel.count == 1 }, { $0.input.depth > 1 }, { $0.stride.width == 3 }, { $0.dilation.width == 4 },
      { $0.paddingBefore.width > $0.kernel.width }, { $0.inputChannels > 64 }, { $0.outputChannels > 64 },
      { $0.multiplyAdds > 1_000_000 }, { isPlain($0) },
      { isPlain($0) && $0.dilation.height > 1 && $0.dilation.width > 1 },
      { isPlain($0) && !WinogradPlan(forward: $0, .four).blocking.sharesSource },
      { isPlain($0) && WinogradPlan(forward: $0, .four).blocking.blockCount > 1 },
      { isPlain($0) && $0.kernel.depth > 2 && $0.output.depth > 1 },
      { isPlain($0) && $0.kernel.depth == 1 && $0.input.depth > 1 },
      { isPlain($0) && $0.dilation.depth > 1 && $0.kernel.depth > 1 && $0.output.depth > 1 },
      { isPlain($0) && WinogradPlan(forward: $0, .four).blocking.slices.runCount > 1 },
      { isStrided($0) && $0.kernel.height == 4 && $0.kernel.width == 3 },
      { isStrided($0) && $0.kernel.depth > 1 && $0.output.depth > 1 },
      { isStrided($0) && $0.inputChannels > 16 && $0.output.height > 4 },
      { isStrided($0) && $0.inputChannels < 16 }, { isStrided($0) && $0.inputChannels % 16 > 0 },
      { WinogradTile.stem.supports($0) },
      { WinogradTile.stem.supports($0) && $0.inputChannels % 16 > 0 && $0.output.height > 3 },
    ]
    for (number, kind) in kinds.enumerated() { #expect(shapes.filter(kind).count >= 3, "kind \(number)") }
  }
}
