/// What a constant is: a variable, a tensor, or what an operation makes of constants. Two constants of equal keys have the
/// same bytes, in whatever recording they come up.
indirect enum ConstantKey: Hashable {
  case variable(VariableIdentity)
  case tensor(TensorIdentity)
  case made(operation: AnyHashable, inputs: [ConstantKey], output: Int)

  /// A variable, which is held so that no other gets its identity.
  struct VariableIdentity: Hashable {
    let variable: Variable

    static func == (a: Self, b: Self) -> Bool { a.variable === b.variable }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(variable)) }
  }

  /// A concrete tensor, by its memory, which is held so that no other gets its identity.
  struct TensorIdentity: Hashable {
    let type: TensorType
    let storage: Storage

    static func == (a: Self, b: Self) -> Bool { a.type == b.type && a.storage === b.storage }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(storage)) }
  }

  /// Whether it is a variable, or made of it among others.
  func isMade(of variable: Variable) -> Bool {
    switch self {
    case .variable(let identity): identity.variable === variable
    case .tensor: false
    case .made(_, let inputs, _): inputs.contains { $0.isMade(of: variable) }
    }
  }
}
