import ArgumentParser
import Martlet
import MartletKernels

/// How far each algorithm's float32 results lie from the same sums in float64.
struct RoundingErrors: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "errors", abstract: "Measure the convolution algorithms' rounding errors against float64.")

  @Flag(help: "Print JSON.") var json = false

  struct Figure: Encodable {
    var part: String
    /// Such as "3×3 of stride 2, 64 to 128 channels at 64×64".
    var convolution: String
    var algorithm: String
    /// Relative to the root mean square of the result.
    var largest: Double
    var rootMeanSquare: Double
  }

  /// Padded so that the output has a stride's share of the input's pixels.
  private struct Case {
    var kernel = 3
    var stride = 1
    var channels: (input: Int, output: Int)
    var size: Int

    var shape: ConvolutionShape {
      let output = (size + stride - 1) / stride
      return ConvolutionShape(
        batch: 1, inputChannels: channels.input, outputChannels: channels.output, groups: 1,
        input: SpatialExtent(1, size, size), output: SpatialExtent(1, output, output),
        kernel: SpatialExtent(1, kernel, kernel), stride: SpatialExtent(1, stride, stride),
        dilation: SpatialExtent(1, 1, 1),
        paddingBefore: SpatialExtent(0, (kernel - 1) / 2, (kernel - 1) / 2))
    }

    var name: String {
      let channels =
        channels.input == channels.output ? "\(channels.input)" : "\(channels.input) to \(channels.output)"
      return
        "\(kernel)×\(kernel)\(stride == 1 ? "" : " of stride \(stride)"), \(channels) channels at \(size)×\(size)"
    }
  }

  private static let cases =
    [(64, 64), (128, 32), (256, 32), (512, 16), (1024, 16)].map {
      Case(channels: ($0.0, $0.0), size: $0.1)
    } + [
      Case(stride: 2, channels: (64, 128), size: 64), Case(stride: 2, channels: (512, 512), size: 32),
      Case(kernel: 4, stride: 2, channels: (64, 128), size: 64),
      Case(kernel: 7, stride: 2, channels: (3, 64), size: 128),
    ]

  func run() throws {
    let figures = try Self.cases.flatMap(Self.errors)
    if json { return try printJSON(figures) }
    for figure in figures {
      print(
        "\(figure.part), \(figure.convolution), \(figure.algorithm): largest \(figure.largest), root mean square "
          + "\(figure.rootMeanSquare)")
    }
  }

  /// Of numbers of a normal distribution.
  private static func errors(_ convolution: Case) throws -> [Figure] {
    let shape = convolution.shape
    let names: [(ConvolutionPart, String)] = [
      (.forward, "forward"), (.backwardData, "backward-data"), (.backwardWeights, "backward-weights"),
    ]
    return try names.flatMap { part, name in
      let exact = try ConvolutionOperands<Double>(part, shape, .direct)
      exact.run()
      let expected = exact.result
      let square = expected.reduce(0) { $0 + $1 * $1 } / Double(expected.count)
      return try Numerics.fast.algorithms.filter { $0.supports(shape, .float32) }.map { algorithm in
        let operands = try ConvolutionOperands<Float>(part, shape, algorithm)
        operands.run()
        let errors = zip(operands.result, expected).map { abs(Double($0) - $1) }
        let errorSquare = errors.reduce(0) { $0 + $1 * $1 } / Double(errors.count)
        return Figure(
          part: name, convolution: convolution.name, algorithm: "\(algorithm)",
          largest: (errors.max() ?? 0) / square.squareRoot(),
          rootMeanSquare: errorSquare.squareRoot() / square.squareRoot())
      }
    }
  }
}
