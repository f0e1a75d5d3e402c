import Martlet

/// A rule for changing parameters by their gradients. Values and defaults are PyTorch's.
public protocol Optimizer: Sendable {
  /// The names of what is kept for each parameter between steps, such as `exp_avg`.
  var slots: [String] { get }

  /// Records the update of one parameter.
  ///
  /// - Parameters:
  ///   - scale: What the gradient is multiplied by; nothing is updated where it is not finite.
  ///   - scalars: float64 [2]: the learning rate, and the step's number from 1.
  func update(
    _ parameter: Parameter, gradient: Tensor, scale: Tensor, scalars: Tensor, state: OptimizerState,
    name: String
  ) throws
}

/// What an optimizer keeps for each parameter: zeros to begin with, named `{parameter}.{slot}`.
public final class OptimizerState: Module {
  private let entries: [String: Buffer]

  /// The state for all parameters of a model.
  ///
  /// - Throws: ``MartletError`` when the model has none.
  public convenience init(_ optimizer: any Optimizer, for model: any Module) throws {
    try self.init(optimizer, for: TrainingRules().parameters(of: model))
  }

  init(_ optimizer: any Optimizer, for parameters: [TrainedParameter]) throws {
    var entries: [String: Buffer] = [:]
    for item in parameters {
      for slot in optimizer.slots {
        entries["\(item.name).\(slot)"] = try Buffer(Tensor.full(0, item.parameter.type))
      }
    }
    self.entries = entries
  }

  /// The symbolic value of a slot of a parameter.
  func value(_ name: String, _ slot: String) throws -> Tensor {
    guard let buffer = entries["\(name).\(slot)"] else {
      throw MartletError("optimizer", "has no \(slot) for \(name): it was made for another model")
    }
    return buffer.value
  }

  /// Bytes that are kept.
  public var byteCount: Int { entries.values.reduce(0) { $0 + $1.type.byteCount } }

  /// By name, for checkpoints.
  public var stateDict: [String: Tensor] { entries.mapValues(\.concrete) }

  /// - Throws: ``MartletError`` when a name is missing or has another shape; nothing is changed then.
  public func load(_ state: [String: Tensor]) throws { try entries.load(state, "optimizer") }
}

extension [String: Buffer] {
  /// Takes the values of a state by their names, all or none.
  ///
  /// - Throws: ``MartletError`` when a name is missing or has another shape.
  func load(_ state: [String: Tensor], _ operation: String) throws {
    let found = try sorted { $0.key < $1.key }.map { name, buffer in
      guard let tensor = state[name] else { throw MartletError(operation, "state has no \(name)") }
      try require(
        tensor.type == buffer.type, operation, "expected \(name) as \(buffer.type), got \(tensor.type)")
      return (buffer, tensor)
    }
    for (buffer, tensor) in found { try buffer.assign(tensor) }
  }
}
