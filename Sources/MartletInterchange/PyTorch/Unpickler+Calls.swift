import Martlet

/// What the names in a pickle stand for: Martlet's own doing in place of PyTorch's.
extension Unpickler {
  /// Values that a name can be called with; PyTorch gives at most 8.
  private static let mostArguments = 16

  /// Calls a name with a tuple, both from the stack, or what looks so in a pickle.
  mutating func call() throws {
    let values = try pop(2)
    guard case .global(let global) = values[0], case .tuple(let tuple) = values[1] else {
      throw MartletError(
        "pytorch",
        "expected a name and a tuple to call it with in a pickle, got \(values[0].kind) and \(values[1].kind)"
      )
    }
    let arguments = heap.tuples[tuple]
    guard arguments.count <= Self.mostArguments else { throw wrongArguments(global) }
    switch global {
    case .orderedDictionary: push(dictionary: try pairs(arguments))
    case .size where arguments.count == 1: stack.append(arguments[0])
    case .device: stack.append(.other("a device"))
    case .parameter:
      guard case .tensor? = arguments.first else { throw wrongArguments(global) }
      stack.append(arguments[0])
    case .rebuildTensor, .rebuildTypedTensor:
      let tensor = try tensor(global, arguments)
      try spend(tensor.shape.count + 16)
      heap.tensors.append(tensor)
      stack.append(.tensor(heap.tensors.count - 1))
    case .size, .storage, .type: throw wrongArguments(global)
    }
  }

  private func wrongArguments(_ global: PickleGlobal) -> MartletError {
    MartletError(
      "pytorch", "expected what torch.save gives \(global), got something else: the file is damaged")
  }

  /// What an `OrderedDict` is made from: nothing, or as Python 2 has it, a list of pairs.
  private mutating func pairs(_ arguments: [PickleValue]) throws -> [(PickleValue, PickleValue)] {
    guard let only = arguments.first else { return [] }
    guard arguments.count == 1, case .list(let list) = only else { throw wrongArguments(.orderedDictionary) }
    // The same list may be given again and again.
    try spend(heap.lists[list].count)
    return try heap.lists[list].map { pair in
      let items = items(of: pair) ?? []
      guard items.count == 2 else { throw wrongArguments(.orderedDictionary) }
      return (items[0], items[1])
    }
  }

  private func items(of value: PickleValue) -> [PickleValue]? {
    switch value {
    case .tuple(let tuple): heap.tuples[tuple]
    case .list(let list): heap.lists[list]
    default: nil
    }
  }

  /// `(storage, offset, shape, strides, requires_grad, hooks, …)`: version 2 may have metadata behind, version 3 the
  /// type and then metadata.
  private func tensor(_ global: PickleGlobal, _ arguments: [PickleValue]) throws -> PickledTensor {
    guard arguments.count >= 4, case .storage(let index) = arguments[0], case .int(let offset) = arguments[1],
      let shape = sizes(arguments[2]), let strides = sizes(arguments[3])
    else { throw wrongArguments(global) }
    let storage = heap.storages[index]
    let type: PyTorchType
    let metadata: ArraySlice<PickleValue>
    switch (global, storage.type) {
    case (.rebuildTensor, let known?):
      type = known
      metadata = arguments.dropFirst(6)
    case (.rebuildTypedTensor, nil):
      guard arguments.count >= 7, case .global(.type(let given)) = arguments[6] else {
        throw wrongArguments(global)
      }
      type = given
      metadata = arguments.dropFirst(7)
    default: throw wrongArguments(global)
    }
    // A mark that the elements are to be negated or conjugated when they are read.
    let isPlain = metadata.allSatisfy { value in
      if case .dictionary(let dictionary) = value { return heap.dictionaries[dictionary].isEmpty }
      return value == .none
    }
    try require(isPlain, "pytorch", "refuses tensors with metadata, such as lazily negated ones")
    return try PickledTensor(
      type: type, storage: index,
      capacity: storage.type == nil ? storage.count / type.byteCount : storage.count,
      offset: offset, shape: shape, strides: strides)
  }

  private func sizes(_ value: PickleValue) -> [Int]? {
    guard let items = items(of: value), items.count <= PickledTensor.largestRank else { return nil }
    var sizes: [Int] = []
    for item in items {
      guard case .int(let size) = item else { return nil }
      sizes.append(size)
    }
    return sizes
  }

  /// `('storage', class, key, location, count)`, in files before PyTorch 1.6 with a sixth value for views.
  mutating func storage(_ identifier: PickleValue) throws {
    guard case .tuple(let tuple) = identifier else { throw Self.wrongStorage }
    let parts = heap.tuples[tuple]
    guard (5...6).contains(parts.count), parts[0] == .string("storage"),
      case .global(.storage(let type)) = parts[1],
      case .string(let key) = parts[2], case .int(let count) = parts[4], count >= 0, key.utf8.count <= 1024
    else { throw Self.wrongStorage }
    try require(
      parts.dropFirst(5).allSatisfy { $0 == .none }, "pytorch",
      "refuses storages that are views of others, which PyTorch stopped writing with version 0.4")
    let storage = PickledStorage(key: key, type: type, count: count)
    let index = storages[key] ?? heap.storages.count
    if index == heap.storages.count {
      heap.storages.append(storage)
      storages[key] = index
    }
    try require(
      heap.storages[index] == storage, "pytorch",
      "expected storage '\(printable(key))' to be the same wherever it is named, got two of different types or sizes"
    )
    stack.append(.storage(index))
  }

  private static let wrongStorage = MartletError(
    "pytorch", "expected a pickle to refer to storages only, got something else, such as a whole module")
}
