import Martlet
import Testing

@testable import MartletInterchange

@Suite("Archives that could mean two things, or more than they hold, are refused")
struct PyTorchArchiveTests {
  let folder: TemporaryFolder
  let plain: HandmadeArchive

  init() throws {
    folder = try TemporaryFolder()
    let tensor = HandmadePickle.tensor(HandmadePickle.storage(count: 2), shape: [2], strides: [1])
    plain = HandmadeArchive(
      pickle: HandmadePickle.of(HandmadePickle.dictionary([("w", tensor)])),
      storages: ["0": littleEndian([Float(1).bitPattern, Float(2).bitPattern])])
  }

  func refuse(_ archive: HandmadeArchive, _ words: String, sourceLocation: SourceLocation = #_sourceLocation)
    throws
  {
    expectRefusal(try folder.file("x.pt", archive.bytes), words, sourceLocation: sourceLocation)
  }

  func changed(_ change: (inout HandmadeArchive) -> Void) -> HandmadeArchive {
    var archive = plain
    change(&archive)
    return archive
  }

  @Test("the archive without a fault is read, comment and large numbers too")
  func fine() throws {
    func read(_ archive: HandmadeArchive) throws -> [Float]? {
      try loadWeights(try folder.file("x.pt", archive.bytes))["w"]?.scalars(Float.self)
    }
    #expect(try read(plain) == [1, 2])
    #expect(
      try read(changed { $0.comment = Array("PK\u{5}\u{6} a comment that looks like an end".utf8) }) == [
        1, 2,
      ])
    // The size and place of the storage in a field of 64-bit numbers.
    let offset = UInt64(30 + "a/data.pkl".utf8.count + plain.entries[0].bytes.count)
    let large = changed {
      $0.entries[1].size = .max
      $0.entries[1].storedSize = .max
      $0.entries[1].offset = .max
      $0.entries[1].extra = littleEndian([UInt16(9), 0, 1, 24]) + littleEndian([UInt64(8), 8, offset])
    }
    #expect(try read(large) == [1, 2])
  }

  @Test("entries that overlap, twice the same, outside, compressed, encrypted")
  func entries() throws {
    try refuse(
      changed {
        $0.entries[1].offset = 0
        $0.entries[1].localName = nil
      }, "'a/data/0'")
    let twin = HandmadeArchive.Entry(name: "a/data/0", bytes: [0, 0, 0, 0, 0, 0, 0, 0])
    try refuse(changed { $0.entries.append(twin) }, "twice")
    // A second name for the bytes of the first: the same record in front of both would have to have two names.
    try refuse(
      changed { $0.entries.append(.init(name: "a/data/1", size: 8, offset: UInt32(self.offset(of: 1)))) },
      "expected 'a/data/1' at offset")
    // An entry that lies within another, with a record of its own.
    let inner = HandmadeArchive([.init(name: "a/data/1", bytes: [7])]).bytes.prefix(39)
    try refuse(
      changed {
        $0.entries.append(.init(name: "a/x", bytes: Array(inner)))
        $0.entries.append(.init(name: "a/data/1", size: 1, offset: UInt32(self.offset(of: 2, in: $0) + 33)))
      }, "in the same place")
    try refuse(changed { $0.entries[1].size = 1 << 30 }, "within the archive's")
    try refuse(changed { $0.entries[1].offset = 1 << 30 }, "within the archive's")
    try refuse(changed { $0.entries[1].method = 8 }, "compressed")
    try refuse(changed { $0.entries[1].storedSize = 4 }, "compressed")
    try refuse(changed { $0.entries[1].flags = 1 }, "encrypted")
    try refuse(changed { $0.entries[1].localName = "a/data/9" }, "expected 'a/data/0' at offset")
    try refuse(
      changed {
        $0.entries[1].size = .max
        $0.entries[1].storedSize = .max
        $0.entries[1].extra = littleEndian([UInt16(1), 16]) + littleEndian([UInt64.max, .max])
      }, "within the file")
    try refuse(changed { $0.entries[1].size = .max }, "within the archive's")
  }

  @Test("an end that does not fit the rest")
  func ends() throws {
    try refuse(changed { $0.count = 3 }, "3 entries")
    try refuse(changed { $0.count = 1 }, "more bytes of directory")
    try refuse(changed { $0.count = 60000 }, "60000 entries")
    try refuse(changed { $0.directoryOffset = 1 << 31 }, "within the file")
    try refuse(changed { $0.directoryOffset = 0 }, "expected an entry in the archive's directory")
    expectRefusal(try folder.file("x.pt", plain.bytes + [0]), "the end of a zip archive")
    // A file of nothing but ends.
    expectRefusal(
      try folder.file("x.pt", Array("PK\u{3}\u{4}".utf8) + [UInt8](repeating: 0x50, count: 100_000)),
      "the end of a zip archive")
  }

  @Test("storages of another size, or missing, and other files")
  func contents() throws {
    try refuse(changed { $0.entries[1].bytes.removeLast() }, "expected 2 float32 in storage '0', got 7 bytes")
    try refuse(changed { $0.entries[1].bytes.append(0) }, "expected 2 float32 in storage '0', got 9 bytes")
    try refuse(changed { $0.entries.removeLast() }, "expected storage '0' in the archive")
    try refuse(changed { $0.entries.append(.init(name: "b/data.pkl")) }, "one data.pkl in its folder, got 2")
    try refuse(changed { $0.entries.removeFirst() }, "one data.pkl in its folder, got 0")
    try refuse(
      changed { $0.entries.append(.init(name: "a/byteorder", bytes: Array("big".utf8))) }, "big-endian")
    try refuse(
      changed { $0.entries.append(.init(name: "a/byteorder", bytes: [UInt8](repeating: 1, count: 1000))) },
      "big-endian")
  }

  private func offset(of index: Int, in archive: HandmadeArchive? = nil) -> Int {
    (archive ?? plain).entries.prefix(index).reduce(0) { $0 + 30 + $1.name.utf8.count + $1.bytes.count }
  }
}
