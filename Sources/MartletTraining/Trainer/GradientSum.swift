import Martlet

/// The gradients of the first batches of a step that has several, summed up.
final class GradientSum: Module {
  private let sums: [String: Buffer]

  init(for parameters: [TrainedParameter]) throws {
    sums = Dictionary(
      uniqueKeysWithValues: try parameters.map { ($0.name, try Buffer(Tensor.full(0, $0.parameter.type))) })
  }

  /// A function that adds a batch's gradients; it returns the batch's loss.
  func adding(
    _ parameters: [TrainedParameter], batch: [TensorType], loss: ([Tensor]) throws -> Tensor
  ) throws -> Function {
    try Function([TensorType([2], .float64)] + batch, mode: .training) { arguments in
      let loss = try loss(Array(arguments.dropFirst()))
      let gradients = try definedGradients(of: loss, withRespectTo: parameters.map(\.parameter.value))
      for (parameter, gradient) in zip(parameters, gradients) {
        guard let gradient else { continue }
        try accumulate(into: sum(parameter.name), gradient, scalars: arguments[0])
      }
      return [loss]
    }
  }

  /// What the gradients of a batch are added with: nothing is kept before the first one, and all count alike.
  static func scalars(batch: Int, count: Int) throws -> Tensor {
    try Tensor(shape: [2], scalars: [batch == 0 ? 0 : 1, 1 / Double(count)])
  }

  /// The mean gradient of a step, given that of the last batch.
  ///
  /// - Parameter share: float64 of shape []: 1 over the number of batches.
  func added(to gradient: Tensor, of name: String, share: Tensor) throws -> Tensor {
    try sum(name) + gradient * share.cast(to: gradient.scalar)
  }

  private func sum(_ name: String) throws -> Tensor {
    guard let buffer = sums[name] else {
      throw MartletError("training", "has no sum of gradients for \(name): it was made for another model")
    }
    return buffer.value
  }
}
