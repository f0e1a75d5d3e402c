import Foundation
import Martlet
import Testing

@testable import MartletData

@Suite struct InteractionReadingTests {
  private let files: InteractionFiles

  init() throws { files = try InteractionFiles() }

  private static let expected = ["a x 3.0", "b y 1.5", "a y 2.0"]

  @Test(arguments: [
    "user_id:token\titem_id:token\trating:float\ttimestamp:float\na\tx\t5\t3\nb\ty\t4\t1.5\na\ty\t1\t2\n",
    // Columns in another order, and some of types that are not read.
    "tags:token_seq\ttimestamp:float\titem_id:token\tuser_id:token\nq r\t3\tx\ta\n\t1.5\ty\tb\n-\t2\ty\ta\n",
    "user_id,item_id,timestamp\na,x,3\nb,y,1.5\na,y,2\n",
    "user_id,item_id,timestamp\r\na,x,3\r\nb,y,1.5\r\na,y,2\r\n",
    "user_id:token\titem_id:token\ttimestamp:float\r\na\tx\t3\r\nb\ty\t1.5\r\na\ty\t2",
    "user_id,item_id,timestamp\na,x,3\nb,y,1.5\na,y,2",
    "user_id,item_id,timestamp\r\na,x,3\r\nb,y,1.5\r\na,y,2\r\n\r\n\r\n",
    "user_id,item_id,timestamp\na,x,3\nb,y,1.5\na,y,2\n\n\n",
    "\u{FEFF}user_id,item_id,timestamp\na,x,3\nb,y,1.5\na,y,2\n",
    "\u{FEFF}\"user_id\",\"item_id\",\"timestamp\"\n\"a\",\"x\",\"3\"\r\n\"b\",\"y\",\"1.5\"\n\"a\",\"y\", 2 ",
    "title,user_id,item_id,timestamp\n\"One, \"\"two\"\"\r\nthree\",a,x,3\n,b,y,1.5\n12\" single,a,y,2\n",
  ])
  func formatsAreToldByTheHeader(text: String) throws {
    let log = try files.log(text)
    #expect(log.users == ["a", "b"])
    #expect(log.items == ["x", "y"])
    #expect(log.lines == Self.expected)
    // Wherever a block ends, the same comes out.
    let path = try files.file(text).path
    for blockByteCount in 4...70 {
      var reader = try InteractionReader(
        path: path, columns: InteractionColumns(), blockByteCount: blockByteCount)
      #expect(try reader.read() == log)
    }
  }

  @Test func quotedNamesAreWhatIsInTheQuotes() throws {
    let log = try files.log(
      "user_id,\"item, \"\"id\"\"\"\nu,\"a,\"\"b\"\"\n\"\nu,\"\"\"\"\nu,\"a,\"\"b\"\"\n\"\n\"u\",\"\"\"c\"\n",
      InteractionColumns(item: "item, \"id\""))
    #expect(log.users == ["u"])
    #expect(log.items == ["a,\"b\"\n", "\"", "\"c"])
    #expect(log.itemIndices == [0, 1, 0, 2])
  }

  @Test func quotesMeanNothingInAtomicFiles() throws {
    let log = try files.log("user_id:token\titem_id:token\n\"a\tx, \"y\"\n")
    #expect(log.users == ["\"a"])
    #expect(log.items == ["x, \"y\""])
  }

  @Test func aPipeIsReadAsAFile() throws {
    // More than a block, so that it comes in pieces.
    let text = "user_id,item_id,timestamp\n" + String(repeating: "a,x,3\nb,y,1.5\n", count: 100_000)
    let path = files.folder.file("pipe")
    #expect(mkfifo(path, 0o600) == 0)
    let writer = Thread {
      let handle = FileHandle(forWritingAtPath: path)
      try? handle?.write(contentsOf: Data(text.utf8))
      try? handle?.close()
    }
    writer.start()
    let log = try InteractionLog(contentsOf: URL(fileURLWithPath: path))
    #expect(log == (try files.log(text)))
    #expect(log.count == 200_000)
  }

  @Test func columnsCanHaveOtherNames() throws {
    let text = "who,what,when,timestamp\na,x,3,9\nb,y,1.5,8\na,y,2,7\n"
    #expect(
      try files.log(text, InteractionColumns(user: "who", item: "what", time: "when")).lines == Self.expected)
    let unordered = try files.log(text, InteractionColumns(user: "who", item: "what", time: nil))
    #expect(unordered.times.isEmpty)
    #expect(unordered.lines == ["a x 0.0", "b y 0.0", "a y 0.0"])
  }

  @Test func withoutATimeTheOrderOfTheFileIsTheOrder() throws {
    let log = try files.log("user_id,item_id\na,z\na,x\na,y\n")
    #expect(log.times.isEmpty)
    let dataset = try SequenceDataset(log)
    #expect(Array(dataset.sequence(of: 0)) == [1, 2, 3])
    #expect(dataset.itemNames == ["[PAD]", "z", "x", "y"])
  }

  @Test func namesAreToldApartByTheirBytes() throws {
    // Composed and decomposed letters are equal strings in Swift, and different names.
    let log = try files.log("user_id,item_id\n\u{E9},1\ne\u{301},01\n\u{E9},1 \n")
    #expect(log.users.map { Array($0.utf8) } == ["\u{E9}", "e\u{301}"].map { Array($0.utf8) })
    #expect(log.items == ["1", "01", "1 "])
  }

  @Test func manyNamesOfAllLengthsKeepTheirNumbers() throws {
    // Long enough for the table to grow several times.
    let names = (0..<20_000).map { String(repeating: "n", count: $0 % 23) + String($0 * 7919) }
    var table = TokenTable()
    for (index, name) in names.enumerated() {
      #expect(table.index(of: name) == nil)
      #expect(table.insert(name) == (index, true))
    }
    for (index, name) in names.enumerated() {
      #expect(table.index(of: name) == index)
      #expect(table.insert(name) == (index, false))
    }
    #expect(table.count == names.count)
    #expect(table.names == names)
  }

  @Test(arguments: [
    "0", "881250949", "-3", "1.5", "-0.25", "1e9", "+7", "1.2E-3", "123456789012345678", "9007199254740993",
    "0.1", "1655999999.123456", "00012", "5.", ".5", "1234567890123456789012", "0.30000000000000004",
  ])
  func numbersAreTheNearest(text: String) throws {
    let number = Array(" \(text) ".utf8).withUnsafeBufferPointer { NumberField.parse($0) }
    #expect(number == strtod(text, nil))
  }

  @Test(arguments: [
    "", " ", "-", ".", "1 2", "1,5", "nan", "inf", "0x10", "1e", "--1", "1.2.3", "2020-01-01", "٣",
  ])
  func otherTextIsNoNumber(text: String) {
    #expect(Array(text.utf8).withUnsafeBufferPointer { NumberField.parse($0) } == nil)
  }

  @Test func randomNumbersReadBack() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<10_000 {
      let value = Double.random(in: -2e9...2e9, using: &generator)
      for text in ["\(value)", String(format: "%.3f", value), String(format: "%.0f", value)] {
        #expect(Array(text.utf8).withUnsafeBufferPointer { NumberField.parse($0) } == strtod(text, nil))
      }
    }
  }

  @Test func aProgramCanMakeALog() throws {
    let log = try InteractionLog(
      users: ["a", "b"], items: ["x", "y"],
      interactions: [
        .init(user: 0, item: 0, time: 3), .init(user: 1, item: 1, time: 1.5),
        .init(user: 0, item: 1, time: 2),
      ])
    #expect(log.lines == Self.expected)
    #expect(log == (try files.log("user_id,item_id,timestamp\na,x,3\nb,y,1.5\na,y,2\n")))
    func error(
      users: [String] = ["a"], items: [String] = ["x"], _ interactions: [InteractionLog.Interaction]
    ) -> String {
      datasetErrorText { try InteractionLog(users: users, items: items, interactions: interactions) }
    }
    let good = InteractionLog.Interaction(user: 0, item: 0, time: 0)
    #expect(error([good]) == "no error")
    #expect(error([]) == "[interactions] expected interactions, got none")
    #expect(error(users: ["a", "a"], [good]).contains("expected each user once, got \"a\" twice"))
    #expect(error(items: [""], [good]).contains("an empty one"))
    #expect(
      error([good, .init(user: 1, item: 0, time: 0)]).contains(
        "interaction 1: expected a user below 1, got 1"))
    #expect(error([.init(user: 0, item: 5, time: 0)]).contains("expected an item below 1, got 5"))
    #expect(error([.init(user: 0, item: 0, time: .nan)]).contains("expected a finite time, got nan"))
  }
}
