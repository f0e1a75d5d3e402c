import Martlet
import MartletModels
import MartletONNX

/// A segmentation network as an ONNX file.
struct SegmentationExport {
  let network: any SegmentationModel
  let description: SegmentationModelDescription
  let options: NetworkExport

  func export() throws -> ONNXExport {
    let input = try input()
    let result = options.result
    return try ONNXExport(
      network, inputs: [input], outputs: [result.rawValue], options: options.onnxOptions(metadata)
    ) { images in
      let logits = try network(images[0])
      switch result {
      case .logits: return [logits]
      case .probabilities: return [try logits.softmax(axis: 1)]
      case .labels: return [try logits.argmax(axis: 1)]
      }
    }
  }

  private var rule: SizeRule { SizeRule(network) }

  private func input() throws -> ONNXInput {
    let axes = network.axes
    let space = ["depth", "height", "width"].suffix(axes)
    try require(
      options.size.map { $0.count == axes && $0.allSatisfy { $0 > 0 } } ?? true, "export",
      "expected a size of \(space.joined(separator: ", ")), got \(options.size ?? [])")
    // An axis that turns out to be fixed has a usual size.
    let usual = rule.size(atLeast: axes == 2 ? 256 : 64)
    let size = options.size ?? [Int](repeating: usual, count: axes)
    var dynamic: [Int: ONNXInput.DynamicAxis] = [:]
    if options.batch == nil { dynamic[0] = .init("batch") }
    if options.size == nil {
      for (axis, name) in space.enumerated() { dynamic[axis + 2] = .init(name, step: rule.step) }
    }
    return ONNXInput(
      "image",
      TensorType([options.batch ?? 1, network.inputChannels] + size, .float32, .channelsLast),
      dynamicAxes: dynamic)
  }

  private var metadata: [String: String] {
    var entries = [
      "martlet.task": "segmentation", "martlet.model": description.model,
      "martlet.output": options.result.rawValue,
      "martlet.input.order": network.axes == 2 ? "NCHW" : "NCDHW",
      "martlet.input.channels": network.inputChannels == 3 && network.axes == 2
        ? "RGB" : network.inputChannels == 1 ? "gray" : "\(network.inputChannels)",
      "martlet.input.size.multiple": "\(rule.step)",
      "martlet.input.size.offset": "\(rule.smallest % rule.step)",
      "martlet.input.size.smallest": "\(rule.smallest)",
      "martlet.output.margin": "\(rule.margin)",
      "martlet.classes": metadataJSON(classNames),
    ]
    if let volumes = description.volumes {
      entries["martlet.input.normalization"] = metadataJSON(volumes.normalization)
      entries["martlet.input.window"] = metadataJSON(volumes.window)
    } else {
      entries["martlet.input.scale"] = "0..1"
      entries["martlet.input.mean"] = metadataJSON(description.normalization.mean)
      entries["martlet.input.std"] = metadataJSON(description.normalization.standardDeviation)
    }
    // What the network's own weights file says, for who reads that.
    for (key, value) in description.metadata where key.hasPrefix("martlet.") { entries[key] = value }
    return entries
  }

  private var classNames: [String] {
    description.options.classes?.map(\.name) ?? (0..<description.classCount).map { "\($0)" }
  }
}
