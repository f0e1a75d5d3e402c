import Martlet
import MartletModels
import MartletONNX

/// A recommender as an ONNX file.
struct RecommendationExport {
  let network: any SequenceModel
  let description: RecommendationModelDescription
  let options: NetworkExport

  /// Names of more items than this many bytes hold are left to the weights file.
  private static let largestNames = 1 << 20

  func export() throws -> ONNXExport {
    try require(
      options.size == nil && options.result == .logits, "export",
      "expected neither a size nor another result, since a recommender has histories of one length and scores"
    )
    let input = ONNXInput(
      "items", TensorType([options.batch ?? 1, network.maximumLength], .int64),
      dynamicAxes: options.batch == nil ? [0: .init("batch")] : [:])
    return try ONNXExport(
      network, inputs: [input], outputs: ["scores"], options: options.onnxOptions(metadata)
    ) { inputs in
      // The filling is 0 and lies behind the items, so that their number is all that need be known.
      let lengths = try inputs[0].notEqual(to: 0).cast(to: .float32).sum(axes: [1]).cast(to: .int32)
      return [try network.scores(network.represent(items: inputs[0], lengths: lengths))]
    }
  }

  private var metadata: [String: String] {
    var entries = [
      "martlet.task": "recommendation", "martlet.model": description.model, "martlet.output": "scores",
      "martlet.items.count": "\(network.itemCount)", "martlet.items.length": "\(network.maximumLength)",
      "martlet.items.padding": "right, with 0",
    ]
    let names = metadataJSON(description.items)
    if names.utf8.count <= Self.largestNames {
      entries["martlet.items.names"] = names
    } else {
      entries["martlet.items.source"] =
        "martlet.recommendation in the metadata of \(options.weights ?? options.model)"
    }
    return entries
  }
}
