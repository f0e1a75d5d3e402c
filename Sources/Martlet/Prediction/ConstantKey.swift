/// What a constant is: a variable, a tensor, or what an operation makes of constants. Two constants of equal keys have the
/// same bytes, in whatever recording they come up.
indirect enum ConstantKey: Hashable {
  case variable(ObjectIdentifier)
  case tensor(TensorIdentity)
  case made(operation: AnyHashable, inputs: [ConstantKey], output: Int)

  /// A concrete tensor, by its memory, which is held so that no other gets its identity.
  struct TensorIdentity: Hashable {
    let type: TensorType
    let storage: Storage

    static func == (a: Self, b: Self) -> Bool { a.type == b.type && a.storage === b.storage }
    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(storage)) }
  }
}
