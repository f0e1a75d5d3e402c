import Martlet

/// A computation with a network, recorded once for each combination of argument types.
///
/// A network that stays as it is, is frozen: its weights are prepared once, and it has the precision of the task that
/// freezes it. One that goes on learning is not.
final class RecordedNetwork {
  private let predictor: Predictor?
  private let numerics: Numerics
  private let body: ([Tensor]) throws -> [Tensor]
  private var functions: [[TensorType]: Function] = [:]

  init(isFrozen: Bool, numerics: Numerics, _ body: @escaping ([Tensor]) throws -> [Tensor]) {
    self.numerics = numerics
    self.body = body
    predictor = isFrozen ? Predictor.borrowing(numerics: numerics, body) : nil
  }

  func callAsFunction(_ arguments: [Tensor]) throws -> [Tensor] {
    if let predictor { return try predictor(arguments) }
    return try function(for: arguments.map(\.type))(arguments)
  }

  /// What runs for arguments of some types.
  func plan(for types: [TensorType]) throws -> Plan {
    if let predictor { return try predictor.prepare(for: types) }
    return try function(for: types).plan
  }

  private func function(for types: [TensorType]) throws -> Function {
    if let known = functions[types] { return known }
    let function = try Function(types, numerics: numerics, body)
    functions[types] = function
    return function
  }
}
