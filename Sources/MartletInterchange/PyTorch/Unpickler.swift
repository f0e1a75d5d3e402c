import Martlet

/// Reads a pickle of protocol 2 as far as `torch.save` writes one.
///
/// A pickle is a program for a machine with a stack and a memo (`pickletools` of Python documents it). The operations
/// here are those that PyTorch's own `weights_only` reader accepts, and names are those of ``PickleGlobal``. Every value
/// costs a bounded amount of memory, and there is a bound to their number.
struct Unpickler {
  /// What a pickle holds: its value, and what that refers to.
  struct Result {
    var root: PickleValue
    var heap: PickleHeap
  }

  /// Operations that a pickle may have, and items that are copied count as much. A tensor of a state dict takes about 60.
  static let mostOperations = 4_000_000

  private var reader: PickleReader
  var heap = PickleHeap()
  var stack: [PickleValue] = []
  /// Where the stack stood when each mark was set.
  private var marks: [Int] = []
  private var memo: [UInt32: PickleValue] = [:]
  var storages: [String: Int] = [:]
  private var operationsLeft = mostOperations

  private init(_ reader: PickleReader) { self.reader = reader }

  /// Reads the pickle that is next and leaves the reader behind it.
  ///
  /// - Throws: ``MartletError`` with the operation `pytorch` and no file in it.
  static func load(_ reader: inout PickleReader) throws -> Result {
    var unpickler = Unpickler(reader)
    while true {
      try unpickler.spend(1)
      let code = try unpickler.reader.byte()
      guard let operation = PickleOperation(rawValue: code) else {
        throw MartletError(
          "pytorch",
          "refuses \(PickleOperation.name(ofRefused: code)), which torch.save does not write into a file "
            + "of tensors")
      }
      if operation == .stop {
        let root = try unpickler.pop()
        reader = unpickler.reader
        return Result(root: root, heap: unpickler.heap)
      }
      try unpickler.run(operation)
    }
  }

  mutating func spend(_ operations: Int) throws {
    operationsLeft -= operations
    try require(
      operationsLeft >= 0, "pytorch",
      "expected a pickle of at most \(Self.mostOperations) operations, got more")
  }

  private mutating func run(_ operation: PickleOperation) throws {
    switch operation {
    case .proto:
      let version = try reader.byte()
      try require(version == 2, "pytorch", "expected a pickle of protocol 2, got protocol \(version)")
    case .stop: break
    case .none: stack.append(.none)
    case .newTrue: stack.append(.bool(true))
    case .newFalse: stack.append(.bool(false))
    case .binInt: stack.append(.int(Int(try reader.integer(Int32.self))))
    case .binInt1: stack.append(.int(Int(try reader.byte())))
    case .binInt2: stack.append(.int(Int(try reader.integer(UInt16.self))))
    case .long1: stack.append(.int(try long()))
    case .binFloat:
      stack.append(.double(Double(bitPattern: try reader.integer(UInt64.self).byteSwapped)))
    case .binUnicode: stack.append(.string(try text(Int(try reader.integer(UInt32.self)))))
    case .shortBinString: stack.append(.string(try text(Int(try reader.byte()))))
    case .mark: marks.append(stack.count)
    case .tuple: push(tuple: try popToMark())
    case .emptyTuple: push(tuple: [])
    case .tuple1: push(tuple: try pop(1))
    case .tuple2: push(tuple: try pop(2))
    case .tuple3: push(tuple: try pop(3))
    case .emptyList:
      heap.lists.append([])
      stack.append(.list(heap.lists.count - 1))
    case .emptyDict: push(dictionary: [])
    case .emptySet: stack.append(.other("a set"))
    case .append: try append([try pop()])
    case .appends: try append(try popToMark())
    case .setItem: try setItems(try pop(2))
    case .setItems: try setItems(try popToMark())
    case .binPut: memo[UInt32(try reader.byte())] = try top()
    case .longBinPut: memo[try reader.integer(UInt32.self)] = try top()
    case .binGet: try recall(UInt32(try reader.byte()))
    case .longBinGet: try recall(try reader.integer(UInt32.self))
    case .global: stack.append(.global(try PickleGlobal(module: reader.line(), name: reader.line())))
    case .reduce, .newObject: try call()
    case .build: try build()
    case .binPersID: try storage(try pop())
    }
  }

  // MARK: The stack

  /// Values below the last mark are out of reach.
  private var floor: Int { marks.last ?? 0 }

  mutating func pop() throws -> PickleValue {
    guard stack.count > floor else { throw Self.emptyStack }
    return stack.removeLast()
  }

  mutating func pop(_ count: Int) throws -> [PickleValue] {
    guard stack.count - floor >= count else { throw Self.emptyStack }
    defer { stack.removeLast(count) }
    return Array(stack.suffix(count))
  }

  private mutating func popToMark() throws -> [PickleValue] {
    guard let mark = marks.popLast() else { throw Self.emptyStack }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  private func top() throws -> PickleValue {
    guard stack.count > floor, let top = stack.last else { throw Self.emptyStack }
    return top
  }

  mutating func push(tuple items: [PickleValue]) {
    heap.tuples.append(items)
    stack.append(.tuple(heap.tuples.count - 1))
  }

  mutating func push(dictionary items: [(PickleValue, PickleValue)]) {
    heap.dictionaries.append(items)
    stack.append(.dictionary(heap.dictionaries.count - 1))
  }

  private mutating func recall(_ number: UInt32) throws {
    guard let value = memo[number] else {
      throw MartletError("pytorch", "expected a value that was put aside as \(number) in a pickle, got none")
    }
    stack.append(value)
  }

  private static let emptyStack = MartletError(
    "pytorch", "expected more values on the stack of a pickle: the file is damaged")

  // MARK: Values

  private mutating func text(_ count: Int) throws -> String {
    String(decoding: try reader.bytes(count), as: UTF8.self)
  }

  /// A number in two's complement of as few bytes as it takes.
  private mutating func long() throws -> Int {
    let bytes = try reader.bytes(Int(try reader.byte()))
    try require(
      bytes.count <= 8, "pytorch", "expected whole numbers of 64 bits, got one of \(bytes.count) bytes")
    let sign: Int = bytes.last.map { $0 >= 0x80 ? -1 : 0 } ?? 0
    return bytes.reversed().reduce(sign) { $0 << 8 | Int($1) }
  }

  private mutating func append(_ items: [PickleValue]) throws {
    guard case .list(let list) = try top() else {
      throw MartletError("pytorch", "expected a list to append to in a pickle, got \(try top().kind)")
    }
    heap.lists[list] += items
  }

  private mutating func setItems(_ items: [PickleValue]) throws {
    guard case .dictionary(let dictionary) = try top(), items.count % 2 == 0 else {
      throw MartletError(
        "pytorch", "expected a dictionary and pairs to put into it in a pickle, got \(try top().kind)")
    }
    for i in stride(from: 0, to: items.count, by: 2) {
      heap.dictionaries[dictionary].append((items[i], items[i + 1]))
    }
  }

  /// An `OrderedDict` carries what its class does not need, such as a state dict's `_metadata`.
  private mutating func build() throws {
    _ = try pop()
    guard case .dictionary = try top() else {
      throw MartletError("pytorch", "refuses to set attributes of \(try top().kind)")
    }
  }
}
