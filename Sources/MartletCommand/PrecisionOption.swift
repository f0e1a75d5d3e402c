import ArgumentParser
import Martlet

/// `--precision`, for the commands that use a trained network.
struct PrecisionOption: ParsableArguments {
  @Option(
    help: """
      What convolutions multiply in: fp32, or bf16 where that is faster, on processors with AVX-512 BF16. What bf16 \
      changes is measured and printed. (default: fp32)
      """)
  var precision: Precision?

  /// Runs `body` with the precision.
  func callAsFunction<Result>(_ body: () throws -> Result) throws -> Result {
    try withPrecision(precision ?? .float32, body)
  }
}

extension Precision: ExpressibleByArgument {}
