import Martlet
import Testing

@testable import MartletInterchange

@Suite("Pickles are read by rules, not run")
struct PyTorchPickleTests {
  typealias P = HandmadePickle
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func refuse(
    _ program: [UInt8], _ words: String, storage: Int = 8, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let archive = HandmadeArchive(
      pickle: P.of(program), storages: ["0": [UInt8](repeating: 0, count: storage)])
    expectRefusal(try folder.file("x.pt", archive.bytes), words, sourceLocation: sourceLocation)
  }

  func state(_ tensor: [UInt8]) -> [UInt8] { P.dictionary([("w", tensor)]) }

  @Test("names and operations beside those of tensors are refused by name")
  func names() throws {
    try refuse(
      P.name("posix", "system") + P.tuple([P.text("true")]) + Array("R".utf8), "refuses posix.system")
    try refuse(P.name("builtins", "eval"), "refuses builtins.eval")
    try refuse(P.name("__main__", "Net"), "state_dict()")
    try refuse(P.name("os\u{1B}[2J", "system"), "refuses os\u{FFFD}[2J.system")
    try refuse(Array("c".utf8) + [UInt8](repeating: 0x61, count: 5000), "the end of a name")
    try refuse(Array("(S'a'\ni".utf8), "refuses the pickle operation")
    try refuse([0x93], "STACK_GLOBAL")
    try refuse([0x80, 4], "protocol 2, got protocol 4")
    // What is called must be a name, and classes are not called with anything.
    try refuse(P.text("x") + Array(")R".utf8), "expected a name and a tuple")
    try refuse(P.name("torch", "FloatStorage") + Array(")R".utf8), "the class of a storage")
    try refuse(P.name("collections", "OrderedDict") + P.tuple([P.text("x")]) + Array("R".utf8), "OrderedDict")
    try refuse(P.text("x") + P.dictionary([]) + Array("b".utf8), "refuses to set attributes of text")
    try refuse(P.text("module") + Array("Q".utf8), "refer to storages only")
  }

  @Test("a stack that does not hold what is taken from it")
  func stack() throws {
    for program in ["", "u", "t", "a", "s", "R", "Q", "b", "q\u{1}", "(", "]a", "}s", "(\u{85}", "]("] {
      try refuse(Array(program.unicodeScalars.map { UInt8($0.value) }), "expected")
    }
    try refuse([0x68, 7], "put aside as 7")
    try refuse(Array("](Nu".utf8), "expected a dictionary")
    try refuse(Array("}(Nu".utf8), "expected a dictionary and pairs")
    try refuse([0x8A, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1], "64 bits")
    try refuse([0x58, 0xFF, 0xFF, 0xFF, 0x7F], "more bytes of a pickle")
  }

  @Test("what tensors are made of is checked before anything is made")
  func tensors() throws {
    let storage = P.storage(count: 2)
    func tensor(_ offset: Int, _ shape: [Int], _ strides: [Int]) -> [UInt8] {
      state(P.tensor(storage, offset: offset, shape: shape, strides: strides))
    }
    try refuse(tensor(0, [3], [1]), "within the 2 elements")
    try refuse(tensor(2, [], []), "within the 2 elements")
    try refuse(tensor(1, [2], [1]), "within the 2 elements")
    try refuse(tensor(0, [2], [2]), "within the 2 elements")
    try refuse(tensor(-1, [1], [1]), "0 or more")
    try refuse(tensor(0, [-1], [1]), "0 or more")
    try refuse(tensor(1, [2], [-1]), "0 or more")
    try refuse(tensor(0, [1, 1], [1]), "as many strides")
    try refuse(
      tensor(0, .init(repeating: 1, count: 65), .init(repeating: 1, count: 65)), "what torch.save gives")
    for huge in [Int.max, 1 << 62, 1 << 32] {
      try refuse(tensor(0, [huge, huge, 2], [0, 0, 1]), "that memory can hold")
      try refuse(tensor(0, [2, 2], [huge, Int.max]), "that memory can hold")
      try refuse(tensor(huge, [1], [1]), "within the 2 elements")
    }
    // Sizes beside a 0, whose product matters where strides are compared with those of a tensor in order.
    try refuse(tensor(0, [0, 1 << 32, 1 << 31], [1, 1 << 31, 1]), "that memory can hold")
    // One number shown again and again: nothing leaves the storage, but the whole would not fit in memory.
    try refuse(tensor(0, [1 << 40], [0]), "views that stand for more")
    try refuse(tensor(0, [1 << 25, 2], [0, 1]), "views that stand for more")
    try refuse(state(P.tensor(P.storage(count: -2), shape: [0], strides: [1])), "storages only")
    try refuse(state(P.tensor(P.storage(count: .max), shape: [1], strides: [1])), "got 8 bytes")
    try refuse(
      state(P.tensor(P.storage("ComplexFloatStorage", count: 1), shape: [1], strides: [1])),
      "refuses torch.Complex")
    try refuse(state(P.tensor(P.text("x"), shape: [1], strides: [1])), "what torch.save gives")
  }

  @Test("nests, cycles and copies take no more than they are long")
  func bombs() throws {
    // A tuple in a tuple, a million times: reading and letting go must not recurse.
    try refuse(Array(")".utf8) + [UInt8](repeating: 0x85, count: 1_000_000), "got a tuple")
    try refuse([UInt8](repeating: UInt8(ascii: "("), count: 1_000_000), "stack")
    // A list in itself; a dictionary whose state dict it is itself.
    try refuse(Array("]q\u{0}h\u{0}a".utf8), "got a list")
    try refuse(
      Array("}q\u{0}".utf8) + P.text("model") + Array("h\u{0}s".utf8), "checkpoints within checkpoints")
    // Twice the last list, forty times over.
    var doubled = Array("]q\u{0}".utf8)
    for level in 0..<40 {
      doubled += Array("](".utf8) + [0x68, UInt8(level), 0x68, UInt8(level), 0x65, 0x71, UInt8(level + 1)]
    }
    try refuse(doubled, "got a list")
    // A dictionary made from the same long list of pairs again and again.
    let pair = P.tuple([[UInt8(ascii: "N")], [UInt8(ascii: "N")]]) + [0x71, 0]
    let list =
      Array("](".utf8) + [UInt8](repeating: 0, count: 100_000).flatMap { [0x68, $0] } + Array("e".utf8)
    let arguments = [0x85, 0x71, 1] + P.name("collections", "OrderedDict") + [0x71, 2]
    let call: [UInt8] = [0x68, 2, 0x68, 1, UInt8(ascii: "R")]
    try refuse(pair + list + arguments + (0..<1000).flatMap { _ in call }, "operations, got more")
    try refuse([UInt8](repeating: UInt8(ascii: "N"), count: Unpickler.mostOperations), "operations, got more")
  }

  @Test("what Python 2 wrote: byte strings, and ordered dictionaries made from lists of pairs")
  func python2() throws {
    func short(_ text: String) -> [UInt8] { [0x55, UInt8(text.utf8.count)] + Array(text.utf8) }
    let storage =
      P.tuple([short("storage"), P.name("torch", "FloatStorage"), short("0"), short("cpu"), P.integer(2)])
      + Array("Q".utf8)
    let tensor = P.tensor(storage, shape: [2], strides: [1])
    let pairs = Array("]](".utf8) + short("w") + tensor + Array("ea".utf8)
    let program = P.name("collections", "OrderedDict") + pairs + [0x85] + Array("R".utf8)
    let archive = HandmadeArchive(
      pickle: P.of(program), storages: ["0": littleEndian([Float(3).bitPattern, Float(4).bitPattern])])
    let tensors = try loadPyTorch(try folder.file("x.pt", archive.bytes))
    #expect(try tensors["w"]?.scalars(Float.self) == [3, 4])
  }

  @Test("truth values that are neither")
  func truths() throws {
    let program = state(P.tensor(P.storage("BoolStorage", count: 2), shape: [2], strides: [1]))
    let archive = HandmadeArchive(pickle: P.of(program), storages: ["0": [1, 2]])
    expectRefusal(try folder.file("x.pt", archive.bytes), "expected 0 and 1 in 'w' of bool, got 2")
  }

  @Test("dictionaries without a state dict")
  func search() throws {
    try refuse(P.dictionary([]), "one without tensors")
    let tensor = P.tensor(P.storage(count: 2), shape: [2], strides: [1])
    try refuse(state(tensor) + P.integer(1) + tensor + Array("s".utf8), "names of tensors as keys")
    try refuse(P.dictionary([("epoch", P.integer(3))]), "got a whole number under 'epoch'")
    try refuse(P.dictionary([("optimizer", P.dictionary([]))]), "got a dictionary under 'optimizer'")
    try refuse(P.tensor(P.storage(count: 2), shape: [2], strides: [1]), "got a tensor")
  }
}
