import Martlet

extension ONNXModel {
  /// The model, recorded for inputs of the types of those that are given.
  ///
  /// Inputs that shapes depend on (``shapeInputs``) are constants of it, with the values that are given here.
  ///
  /// - Returns: A function from the other inputs, in the order of ``inputs``, to the ``outputs``, in their order.
  /// - Throws: As ``callAsFunction(_:)``.
  public func recorded(
    for given: [String: Tensor], mode: Mode = .inference, numerics: Numerics = .current
  ) throws -> ONNXFunction {
    let names = inputs.map(\.name).filter { !shapeInputs.contains($0) }
    let types = try names.map { name in
      guard let tensor = given[name] else {
        throw MartletError("onnx", "expected the input \(printable(name)), got none of that name")
      }
      return tensor.type
    }
    let function = try Function(types, mode: mode, numerics: numerics) { arguments in
      let results = try self(given.merging(zip(names, arguments)) { $1 })
      return try outputs.map { output in
        guard let result = results[output.name] else {
          throw MartletError("onnx", "output \(printable(output.name)) was not made")
        }
        return result
      }
    }
    return ONNXFunction(arguments: names, results: outputs.map(\.name), function: function)
  }
}

/// A model that was recorded for inputs of given types: it runs as one plan.
public struct ONNXFunction: Sendable {
  /// Names of the inputs that it takes.
  public let arguments: [String]
  /// Names of what it gives.
  public let results: [String]
  /// From tensors of the ``arguments``, in their order, to those of the ``results``.
  public let function: Function

  /// - Parameter inputs: A tensor for each of the ``arguments``; others are not looked at.
  /// - Throws: ``MartletError`` when one is missing or of another type than it was recorded for.
  public func callAsFunction(_ inputs: [String: Tensor]) throws -> [String: Tensor] {
    let given = try arguments.map { name in
      guard let tensor = inputs[name] else {
        throw MartletError("onnx", "expected the input \(printable(name)), got none of that name")
      }
      return tensor
    }
    return Dictionary(uniqueKeysWithValues: zip(results, try function(given)))
  }
}
