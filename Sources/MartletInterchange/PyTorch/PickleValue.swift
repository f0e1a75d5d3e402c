/// What a pickle can hold here.
///
/// Containers are numbers of places in a ``PickleHeap``. So a pickle may nest, share and contain itself as it likes:
/// nothing here follows it further than it is asked to, and letting go of it does not either.
enum PickleValue: Hashable, Sendable {
  case none
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(String)
  case tuple(Int)
  case list(Int)
  case dictionary(Int)
  case storage(Int)
  case tensor(Int)
  case global(PickleGlobal)
  /// Something that weights have no use for, such as a device.
  case other(String)

  /// What it is, in words for messages.
  var kind: String {
    switch self {
    case .none: "None"
    case .bool: "a truth value"
    case .int: "a whole number"
    case .double: "a number"
    case .string: "text"
    case .tuple: "a tuple"
    case .list: "a list"
    case .dictionary: "a dictionary"
    case .storage: "a storage"
    case .tensor: "a tensor"
    case .global(let global): "\(global)"
    case .other(let name): name
    }
  }
}

/// What the values of a pickle refer to.
struct PickleHeap: Sendable {
  var tuples: [[PickleValue]] = []
  var lists: [[PickleValue]] = []
  /// In the order of insertion; of equal keys the last one counts.
  var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
  var storages: [PickledStorage] = []
  var tensors: [PickledTensor] = []
}

extension PickleHeap {
  /// A dictionary's values under its keys that are text; `nil` for what is no dictionary.
  func dictionary(_ value: PickleValue) -> [String: PickleValue]? {
    guard case .dictionary(let index) = value else { return nil }
    var values: [String: PickleValue] = [:]
    for case (.string(let key), let value) in dictionaries[index] { values[key] = value }
    return values
  }

  /// Whether all keys of a dictionary are text.
  func hasTextKeys(_ value: PickleValue) -> Bool {
    guard case .dictionary(let index) = value else { return false }
    return dictionaries[index].allSatisfy { if case .string = $0.key { true } else { false } }
  }
}

/// A block of elements that tensors are views of. A pickle only names it; its bytes lie elsewhere in the file.
struct PickledStorage: Hashable, Sendable {
  let key: String
  /// `nil` for bytes whose type the tensors say.
  let type: PyTorchType?
  /// Elements, or bytes where there is no type.
  let count: Int

  /// Bytes that it takes; `nil` when that overflows.
  var byteCount: Int? {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: type?.byteCount ?? 1)
    return overflow ? nil : bytes
  }
}
