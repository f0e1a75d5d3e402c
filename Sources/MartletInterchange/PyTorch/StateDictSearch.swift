import Martlet

/// Finds the tensors of a model in what a file holds.
///
/// A file may hold a state dict itself, or a checkpoint with one in it beside an optimizer's state and the like. A
/// checkpoint is known by one of ``names`` among its keys; what stands there may be a checkpoint again.
struct StateDictSearch {
  /// The keys under which checkpoints have a model's state dict.
  static let names = ["state_dict", "model_state_dict", "model", "model_state"]
  /// Checkpoints within checkpoints.
  private static let deepest = 8

  let heap: PickleHeap

  /// - Returns: Numbers of tensors in the heap, by name.
  /// - Throws: ``MartletError`` with the operation `pytorch` and no file in it, when there is none, more than one, or
  ///   something else than tensors in it.
  func tensors(in root: PickleValue) throws -> [String: Int] {
    var value = root
    for _ in 0..<Self.deepest {
      guard let entries = heap.dictionary(value) else {
        throw MartletError(
          "pytorch", "expected a dictionary of tensors, got \(value.kind): save a model's state_dict()")
      }
      let found = Self.names.filter { entries[$0].flatMap(heap.dictionary) != nil }
      try require(
        found.count < 2, "pytorch",
        "expected one state dict, got several, under \(found.joined(separator: " and ")): save the one that is wanted"
      )
      guard let name = found.first, let inner = entries[name] else {
        try require(
          heap.hasTextKeys(value), "pytorch",
          "expected names of tensors as keys, got a dictionary with others")
        return try tensors(of: entries)
      }
      value = inner
    }
    throw MartletError("pytorch", "expected a state dict, got checkpoints within checkpoints")
  }

  private func tensors(of entries: [String: PickleValue]) throws -> [String: Int] {
    var tensors: [String: Int] = [:]
    for (name, value) in entries.sorted(by: { $0.key < $1.key }) {
      guard case .tensor(let index) = value else {
        throw MartletError(
          "pytorch",
          "expected tensors, or a state dict under \(Self.names.joined(separator: ", ")), got \(value.kind) under "
            + "'\(printable(name))'")
      }
      tensors[name] = index
    }
    try require(!tensors.isEmpty, "pytorch", "expected a state dict, got one without tensors")
    return tensors
  }
}
