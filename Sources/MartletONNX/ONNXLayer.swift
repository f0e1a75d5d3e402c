import Martlet

/// A model with one input and one output, as a layer like any other.
public final class ONNXLayer: Layer {
  /// The model, whose parameters' names are the layer's.
  @Key("") public private(set) var model: ONNXModel
  private let input: String
  private let output: String

  /// - Throws: ``MartletError`` unless the model has one input and one output.
  public init(_ model: ONNXModel) throws {
    try require(
      model.inputs.count == 1 && model.outputs.count == 1, "onnx",
      "expected a model with one input and one output, got \(model.inputs.count) and \(model.outputs.count)")
    input = model.inputs[0].name
    output = model.outputs[0].name
    self.model = model
  }

  public func forward(_ input: Tensor) throws -> Tensor {
    guard let result = try model([self.input: input])[output] else {
      throw MartletError("onnx", "output \(printable(output)) was not made")
    }
    return result
  }
}

extension ONNXModel {
  /// The model as a layer.
  ///
  /// - Throws: ``MartletError`` unless it has one input and one output.
  public func layer() throws -> ONNXLayer { try ONNXLayer(self) }
}
