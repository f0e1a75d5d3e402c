import ArgumentParser
import Foundation
import Martlet
import MartletTraining

/// `--precision`, for the commands that use a trained network.
struct PrecisionOption: ParsableArguments {
  @Option(
    help: """
      What convolutions multiply in: fp32; bf16 where that is faster, on processors with AVX-512 BF16; int8 where that is \
      faster, on processors with AVX-512 VNNI. What is changed by bf16 and int8 is measured and printed. (default: fp32)
      """)
  var precision: Precision?
  @Option(
    help: ArgumentHelp("For int8: the file that `martlet calibrate` made of the network.", valueName: "file"))
  var calibration: String?

  /// Those of the flags that are given.
  var given: KeyValuePairs<String, Bool> {
    ["precision": precision != nil, "calibration": calibration != nil]
  }

  /// Runs `body` with the precision.
  ///
  /// - Parameters:
  ///   - model: The network that it is for, a run folder or a weights file.
  ///   - inferenceDepth: As for ``SegmentationModelDescription/load(runOrWeights:inferenceDepth:)``.
  func callAsFunction<Result>(
    of model: String, inferenceDepth: Int?, _ body: () throws -> Result
  ) throws -> Result {
    let precision = precision ?? .float32
    try precision.requireInstructions()
    try require(
      (precision == .int8) == (calibration != nil), "precision",
      precision == .int8
        ? "expected --calibration with a file that `martlet calibrate` makes, for int8"
        : "expected no --calibration, which is for int8, with \(precision.rawValue)")
    let known = try calibration.map {
      try CalibrationFile(contentsOf: URL(filePath: $0))
        .calibration(for: URL(filePath: model), inferenceDepth: inferenceDepth)
    }
    return try withPrecision(precision, calibration: known, body)
  }
}

extension Precision: ExpressibleByArgument {}
