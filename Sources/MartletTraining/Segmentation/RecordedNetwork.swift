import Martlet

/// A computation with a network, recorded once for each combination of argument types.
///
/// A network that stays as it is, is frozen: its weights are prepared once, and it has the precision of the task that
/// freezes it. One that goes on learning is not.
final class RecordedNetwork {
  private let predictor: Predictor?
  private let numerics: Numerics
  private let body: ([Tensor]) throws -> [Tensor]
  /// Those that were used last, the latest at the end.
  private var functions: [Function] = []
  private static let capacity = 16

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
    let known = functions.firstIndex { $0.argumentTypes == types }.map { functions.remove(at: $0) }
    let function = try known ?? Function(types, numerics: numerics, body)
    if functions.count == Self.capacity { functions.removeFirst() }
    functions.append(function)
    return function
  }
}
