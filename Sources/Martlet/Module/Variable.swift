import Synchronization

/// A tensor that a model keeps and that training changes: a ``Parameter`` or a ``Buffer``.
public class Variable: @unchecked Sendable {
  private let tensor: Mutex<Tensor>

  init(_ initial: Tensor) throws {
    _ = try initial.storage("variable")
    tensor = Mutex(initial)
  }

  /// The type of the tensor that is kept, and of all that ``assign(_:)`` puts in its place.
  public var type: TensorType { tensor.withLock { $0.type } }

  /// The tensor: symbolic while a function is being recorded, concrete otherwise.
  public var value: Tensor {
    if let builder = GraphBuilder.current { return builder.leaf(for: self) }
    return concrete
  }

  /// The tensor as it is now in memory.
  public var concrete: Tensor { tensor.withLock { $0 } }

  /// Replaces the tensor.
  ///
  /// - Throws: ``MartletError`` when the new one is of another type or symbolic.
  public func assign(_ new: Tensor) throws {
    _ = try new.storage("variable")
    try tensor.withLock {
      try require(new.type == $0.type, "variable", "expected \($0.type), got \(new.type)")
      $0 = new
    }
  }

  /// Lets go of the tensor's memory. The variable keeps its type, so that its model can be recorded, and can be assigned to
  /// again; until then reading it throws.
  func release() {
    tensor.withLock { $0 = Tensor(type: $0.type, content: .concrete(Storage.released)) }
  }

  var isReleased: Bool {
    guard case .concrete(let storage) = concrete.content else { return false }
    return storage === Storage.released
  }

  /// The tensor's memory, to be changed: copied first when somebody else holds it too.
  func mutableStorage() throws -> Storage {
    try tensor.withLock { tensor in
      let type = tensor.type
      guard case .concrete(var storage) = tensor.content else {
        preconditionFailure("a variable holds a concrete tensor")
      }
      _ = try tensor.storage("variable")
      // The only reference must be the local one for the question to have an answer.
      tensor = Tensor(type: type, content: .concrete(Self.noStorage))
      if !isKnownUniquelyReferenced(&storage) {
        do {
          storage = try storage.copy()
        } catch {
          tensor = Tensor(type: type, content: .concrete(storage))
          throw error
        }
      }
      tensor = Tensor(type: type, content: .concrete(storage))
      return storage
    }
  }

  private static let noStorage: Storage = {
    guard let storage = try? Storage(byteCount: 0) else { preconditionFailure("no 64 bytes of memory") }
    return storage
  }()
}

/// A tensor that training learns, found under its module's member name.
public final class Parameter: Variable, @unchecked Sendable {
  /// Whether it is a table of which a step looks up some rows, so that the others have no gradient.
  public let isLookedUp: Bool

  /// - Throws: ``MartletError`` when the tensor is symbolic.
  public init(_ initial: Tensor, isLookedUp: Bool = false) throws {
    self.isLookedUp = isLookedUp
    try super.init(initial)
  }
}

/// A tensor that a model keeps but that no gradient changes, such as running statistics.
public final class Buffer: Variable, @unchecked Sendable {
  /// - Throws: ``MartletError`` when the tensor is symbolic.
  public override init(_ initial: Tensor) throws { try super.init(initial) }
}
