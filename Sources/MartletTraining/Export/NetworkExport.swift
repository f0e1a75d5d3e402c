import Foundation
import Martlet
import MartletFiles
import MartletONNX

/// Writes a network as an ONNX file: what `martlet export` does.
///
/// A segmentation network reads `image`, float32 [N, C, H, W] or [N, C, D, H, W], normalised as the metadata says, and
/// gives `logits`, with as many channels as there are classes; or, with another ``result``, `probabilities` of that shape,
/// or `labels`, int64 [N, H, W] or [N, D, H, W]. A recommender reads `items`, int64 [N, L], and gives `scores` [N, items + 1].
public struct NetworkExport {
  /// What a segmentation network's file gives.
  public enum Result: String, Sendable, CaseIterable {
    case logits, probabilities, labels
  }

  /// What was written.
  public struct Summary: Sendable {
    /// Axes that were to be dynamic and are not, with the reasons.
    public var fixedAxes: [ONNXExport.FixedAxis]
  }

  /// A run folder, a weights file that training wrote, a YAML file, or an architecture's name.
  public var model: String
  /// `KEY=VALUE` for a YAML file or an architecture: its configuration's keys, and `classes` as a number.
  public var settings: [String] = []
  /// A file of weights instead of the model's own.
  public var weights: String?
  /// Channels of the images, for a YAML file or an architecture.
  public var channels = 3
  /// The ONNX file to write.
  public var output: String
  /// Whether a file that is there is replaced.
  public var overwrites = false
  /// For a recommender, which gives scores, ``Result/logits`` is all that can be chosen.
  public var result = Result.logits
  /// A batch's size where it shall be fixed.
  public var batch: Int?
  /// Height and width, or depth, height and width, where they shall be fixed.
  public var size: [Int]?
  /// The version of ONNX's operators: 17 to 22, by default 17.
  public var opset = ONNXExport.Options().opset
  /// The version that the file names.
  public var version = ""

  public init(model: String, output: String) {
    self.model = model
    self.output = output
  }

  /// - Throws: ``MartletError`` when a file cannot be read or written, an option does not fit the network, or the network
  ///   has an operation that ONNX has not.
  @discardableResult
  public func run() throws -> Summary {
    try require(batch.map { $0 > 0 } ?? true, "export", "expected a batch of 1 or more, got \(batch ?? 0)")
    try checkOutput()
    let export: ONNXExport
    switch try source.network(inputChannels: channels) {
    case .segmentation(let network, let description):
      export = try SegmentationExport(network: network, description: description, options: self).export()
    case .recommendation(let network, let description):
      export = try RecommendationExport(network: network, description: description, options: self).export()
    }
    try export.write(to: output)
    return Summary(fixedAxes: export.fixedAxes)
  }

  private var source: ModelSource {
    ModelSource(operation: "export", model: model, settings: settings, weights: weights)
  }

  /// Checks that nothing that is read would be replaced.
  private func checkOutput() throws {
    try require(!output.isEmpty, "export", "output: expected a file, got an empty name")
    var check = OutputCheck("export", overwriting: overwrites)
    check.protect(model: URL(filePath: model))
    for file in source.weightsFiles { check.protect(file) }
    try check.check([(output, model)])
  }

  func onnxOptions(_ metadata: [String: String]) -> ONNXExport.Options {
    var options = ONNXExport.Options()
    options.opset = opset
    options.metadata = metadata
    options.producer = ("martlet", version)
    return options
  }
}

/// Text of JSON for metadata, the same for the same value.
func metadataJSON(_ value: some Encodable) -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  guard let data = try? encoder.encode(value) else { preconditionFailure("names and numbers encode as JSON") }
  return String(decoding: data, as: UTF8.self)
}
