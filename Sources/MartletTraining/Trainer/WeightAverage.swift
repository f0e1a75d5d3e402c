import Foundation
import Martlet

/// The exponential moving average of a model's weights and running statistics.
///
/// After step n (from 0) it is d·average + (1 − d)·weights with d = min(decay, (1 + n)/(10 + n)), so that the first
/// weights are soon forgotten (TensorFlow's `ExponentialMovingAverage` with a number of updates).
final class WeightAverage: Module {
  private let averages: [String: Buffer]
  private let model: any Module
  private let decay: Double
  private let update: Function

  /// An average that begins with the weights as they are.
  init(of model: any Module, decay: Double) throws {
    self.model = model
    self.decay = decay
    let averaged = model.variables.filter { $0.variable.type.scalar.isFloatingPoint }
    let averages = Dictionary(
      try averaged.map { ($0.name, try Buffer($0.variable.concrete)) },
      uniquingKeysWith: { first, _ in first })
    self.averages = averages
    update = try Function([TensorType([2], .float64)]) { arguments in
      for (name, variable) in averaged {
        guard let average = averages[name] else { continue }
        try accumulate(into: average.value, variable.value, scalars: arguments[0])
      }
      return []
    }
  }

  /// Takes the weights after a step in.
  func take(step: Int) throws {
    let kept = min(decay, Double(1 + step) / Double(10 + step))
    _ = try update([Tensor(shape: [2], scalars: [kept, 1 - kept])])
  }

  /// Runs `body` with the averages in the model's place.
  func applied<Result>(_ body: () throws -> Result) throws -> Result {
    let own = model.variables.map { ($0.variable, $0.variable.concrete) }
    for (name, variable) in model.variables {
      if let average = averages[name] { try variable.assign(average.concrete) }
    }
    let result = Swift.Result { try body() }
    for (variable, tensor) in own { try variable.assign(tensor) }
    return try result.get()
  }

  /// By name, for checkpoints.
  var stateDict: [String: Tensor] { averages.mapValues(\.concrete) }

  /// - Throws: ``MartletError`` when a name is missing or has another shape; nothing is changed then.
  func load(_ state: [String: Tensor]) throws { try averages.load(state, "average") }
}
