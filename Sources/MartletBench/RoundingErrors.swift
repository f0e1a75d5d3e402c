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
    var channels: Int
    var size: Int
    var algorithm: String
    /// Relative to the root mean square of the result.
    var largest: Double
    var rootMeanSquare: Double
  }

  func run() throws {
    let figures = try [(64, 64), (128, 32), (256, 32), (512, 16), (1024, 16)].flatMap(Self.errors)
    if json { return try printJSON(figures) }
    for figure in figures {
      print(
        "\(figure.part) C=\(figure.channels) at \(figure.size)×\(figure.size), \(figure.algorithm): largest "
          + "\(figure.largest), root mean square \(figure.rootMeanSquare)")
    }
  }

  /// 3×3 convolutions with padding of numbers of a normal distribution.
  private static func errors(channels: Int, size: Int) throws -> [Figure] {
    let shape = ConvolutionShape(
      batch: 1, inputChannels: channels, outputChannels: channels, groups: 1,
      input: SpatialExtent(1, size, size), output: SpatialExtent(1, size, size),
      kernel: SpatialExtent(1, 3, 3),
      stride: SpatialExtent(1, 1, 1), dilation: SpatialExtent(1, 1, 1), paddingBefore: SpatialExtent(0, 1, 1))
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
          part: name, channels: channels, size: size, algorithm: "\(algorithm)",
          largest: (errors.max() ?? 0) / square.squareRoot(),
          rootMeanSquare: errorSquare.squareRoot() / square.squareRoot())
      }
    }
  }
}
