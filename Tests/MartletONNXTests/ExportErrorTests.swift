import Foundation
import Martlet
import Testing

@testable import MartletONNX

@Suite("What cannot be exported is refused by name")
struct ExportErrorTests {
  private final class Model: Module {
    let conv: Conv2d
    init() throws { conv = try Conv2d(inputChannels: 2, outputChannels: 2, kernelSize: 3, padding: 1) }
  }

  private let image = TensorType([1, 2, 8, 8], .float32, .channelsLast)

  private func refusal(
    _ words: String..., inputs: [ONNXInput]? = nil, outputs: [String] = ["y"], opset: Int = 17,
    sourceLocation: SourceLocation = #_sourceLocation, _ body: ((Model, Tensor) throws -> [Tensor])? = nil
  ) throws {
    let model = try Model()
    var options = ONNXExport.Options()
    options.opset = opset
    let error = #expect(throws: MartletError.self, sourceLocation: sourceLocation) {
      try ONNXExport(
        model, inputs: inputs ?? [ONNXInput("x", image)], outputs: outputs, options: options
      ) { try body?(model, $0[0]) ?? [model.conv($0[0])] }
    }
    for word in words {
      #expect(
        error?.description.contains(word) == true, "\(String(describing: error))",
        sourceLocation: sourceLocation)
    }
  }

  @Test("an operation of training, with the layer that it belongs to")
  func training() throws {
    try refusal("conv2d_weight_gradient", "conv") { model, x in
      let loss = try model.conv(x).sum()
      return try gradients(of: loss, withRespectTo: [model.conv.weight.value])
    }
    try refusal("dropout", "the model") { _, x in [try x.dropout(probability: 0.5, stream: 1)] }
  }

  @Test("names that are given twice or not at all, or too few")
  func names() throws {
    try refusal("given once", "\"x\"", outputs: ["x"])
    try refusal("given once", "\"\"", outputs: [""])
    try refusal("a name for each of 1 outputs", outputs: ["y", "z"])
  }

  @Test("operator sets that are not written")
  func opsets() throws {
    try refusal("17 to 22", "got 16", opset: 16)
    try refusal("17 to 22", "got 23", opset: 23)
    try refusal("operator set 19", "got 17") { [try $1.averagePooled(kernel: [3], ceilMode: true)] }
  }

  @Test("dynamic axes that do not exist or disagree")
  func axes() throws {
    func input(_ name: String, _ axes: [Int: ONNXInput.DynamicAxis]) -> ONNXInput {
      ONNXInput(name, image, dynamicAxes: axes)
    }
    try refusal("axis 4", inputs: [input("x", [4: .init("n")])])
    try refusal("step 0", inputs: [input("x", [0: .init("n", step: 0)])])
    try refusal("one size", inputs: [input("x", [0: .init("n"), 1: .init("n")])])
  }

  @Test("an input that the model does not take")
  func input() throws {
    try refusal(
      "[conv2d]", "expected 2 input channels, got 3",
      inputs: [ONNXInput("x", TensorType([1, 3, 8, 8]), dynamicAxes: [0: .init("n")])])
  }

  @Test("a file that cannot be written leaves nothing behind")
  func file() throws {
    let model = try Model()
    let export = try ONNXExport(model.conv, input: ONNXInput("x", image))
    let folder = FileManager.default.temporaryDirectory.appending(path: "martlet-export-\(UUID())")
    #expect(throws: MartletError.self) { try export.write(to: folder.appending(path: "m.onnx").path) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try export.write(to: folder.appending(path: "m.onnx").path)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["m.onnx"])
    let read = try WireModel(serializedBytes: Data(contentsOf: folder.appending(path: "m.onnx")))
    #expect(read == export.model)
    try FileManager.default.removeItem(at: folder)
  }
}
