import Foundation
import Martlet
import Testing

@testable import MartletData

@Suite struct InteractionErrorTests {
  private let files: InteractionFiles

  init() throws { files = try InteractionFiles() }

  private static let header = "user_id:token\titem_id:token\ttimestamp:float\n"

  /// What follows the header, and the error.
  @Test(arguments: [
    ("a\tx\tsoon\n", "line 2: expected a finite number in the column \"timestamp\", got \"soon\""),
    ("a\tx\t1\nb\ty\t\n", "line 3: expected a finite number in the column \"timestamp\", got \"\""),
    ("a\tx\tnan\n", "line 2: expected a finite number in the column \"timestamp\", got \"nan\""),
    ("a\tx\t-inf\n", "line 2: expected a finite number in the column \"timestamp\", got \"-inf\""),
    ("a\tx\t1e999\n", "line 2: expected a finite number in the column \"timestamp\", got \"1e999\""),
    ("a\tx\t1\na\tx\n", "line 3: expected 3 fields as in the header, got 2"),
    ("a\tx\t1\t2\n", "line 2: expected 3 fields as in the header, got 4"),
    ("a\tx\t1\n\nb\ty\t1\n", "line 3: expected 3 fields as in the header, got a blank line"),
    ("\tx\t1\n", "line 2: expected a user in the column \"user_id\", got an empty field"),
    ("a\tx\t1\na\t\t1\n", "line 3: expected an item in the column \"item_id\", got an empty field"),
  ])
  func aBadRowIsNamed(rows: String, message: String) throws {
    #expect(try files.error(Self.header + rows) == "[interactions] FILE, \(message)")
    // The same in CSV, with the other line ends.
    let csv = "user_id,item_id,timestamp\n" + rows.replacingOccurrences(of: "\t", with: ",")
    let crlf = csv.replacingOccurrences(of: "\n", with: "\r\n")
    #expect(try files.error(csv) == "[interactions] FILE, \(message)")
    #expect(try files.error(crlf) == "[interactions] FILE, \(message)")
  }

  @Test(arguments: [
    (
      "users:token\titem_id:token\n1\t2\n",
      "expected a column \"user_id\" for users, got the columns \"users\", \"item_id\"; did you mean \"users\"?"
    ),
    (
      "user_idd,item_id\n1,2\n",
      "expected a column \"user_id\" for users, got the columns \"user_idd\", \"item_id\"; did you mean \"user_idd\"?"
    ),
    (
      "user_id,movie\n1,2\n",
      "expected a column \"item_id\" for items, got the columns \"user_id\", \"movie\""
    ),
    ("user_id,item_id,user_id\n1,2,3\n", "expected one column \"user_id\" for users, got 2"),
    (
      "196,242,881250949\n186,302,891717742\n",
      "expected a header with the names of the columns, got \"196,242,881250949\""
    ),
    (
      "196\t242\t881250949\n",
      "expected a header with the names of the columns, got \"196\\t242\\t881250949\""
    ),
    (
      "user_id\titem_id:token\n1\t2\n",
      "expected columns such as user_id:token, with one of the types token, float, token_seq, float_seq, in a header "
        + "with tabs, got \"user_id\""
    ),
    (
      "user_id:token\titem_id:token_seq\n1\t2\n",
      "expected one value a row for items in the column \"item_id\", got the type token_seq"
    ),
    ("\nuser_id,item_id\n1,2\n", "expected a column \"user_id\" for users, got the columns \"\""),
  ])
  func aBadHeaderIsNamed(text: String, message: String) throws {
    #expect(try files.error(text) == "[interactions] FILE, line 1: \(message)")
  }

  @Test func linesThatEndOtherwiseAreShownAsTheyAre() throws {
    #expect(
      try files.error("user_id,item_id\ra,x\rb,y\r")
        == "[interactions] FILE, line 1: expected a column \"item_id\" for items, got the columns \"user_id\", "
        + "\"item_id\\ra\", \"x\\rb\", \"y\"; did you mean \"item_id\\ra\"?")
  }

  @Test func usersAreNotItems() throws {
    #expect(
      try files.error("user_id,item_id\na,x\n", InteractionColumns(user: "item_id"))
        .contains("expected a column for users and another for items, got \"item_id\" for both"))
  }

  @Test func aTimeThatWasAskedForMustBeThere() throws {
    let text = "user_id,item_id,time\na,x,1\n"
    #expect(try files.error(text) == "no error")
    #expect(
      try files.error(text, InteractionColumns(time: "timestamp"))
        == "[interactions] FILE, line 1: expected a column \"timestamp\" for times, got the columns \"user_id\", "
        + "\"item_id\", \"time\"")
  }

  @Test func filesWithNothingInThemAreNamed() throws {
    let empty = "[interactions] FILE: expected a header and rows, got an empty file"
    #expect(try files.error("") == empty)
    #expect(try files.error("\u{FEFF}") == empty)
    let none = "[interactions] FILE: expected rows after the header, got none"
    #expect(try files.error("user_id,item_id") == none)
    #expect(try files.error(Self.header) == none)
    #expect(try files.error(Self.header + "\r\n\n") == none)
  }

  @Test func whatIsNoFileIsNamed() throws {
    let folder = files.folder.path
    let folderError = datasetErrorText { try InteractionLog(contentsOf: URL(fileURLWithPath: folder)) }
    #expect(folderError == "[interactions] \(folder): cannot be read: it is a folder")
    let missing = files.folder.file("missing")
    let missingError = datasetErrorText { try InteractionLog(contentsOf: URL(fileURLWithPath: missing)) }
    #expect(missingError == "[interactions] \(missing): cannot be read: No such file or directory")
  }

  @Test func otherBytesThanUTF8AreNamed() throws {
    let latin = Array("user_id,item_id,title\na,x,".utf8) + [0xE9] + Array("\na,".utf8)
    // A column that nobody reads may hold anything.
    #expect(try files.error(latin + Array("y,z\n".utf8)) == "no error")
    #expect(
      try files.error(latin + [0xE9] + Array(",z\n".utf8))
        == "[interactions] FILE, line 3: expected an item in UTF-8 in the column \"item_id\", got other bytes: "
        + "\"\u{FFFD}\"")
    let header = try files.error(Array("user_id,item_id,caf".utf8) + [0xE9] + Array("\na,x,1\n".utf8))
    #expect(
      header == "[interactions] FILE, line 1: expected a header in UTF-8, got other bytes: "
        + "\"user_id,item_id,caf\u{FFFD}\"")
    let wide = "user_id,item_id\na,x\n".utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    #expect(try files.error([0xFF, 0xFE] + wide).contains("line 1: expected a header in UTF-8"))
  }

  @Test func quotesThatAreNeverClosedAreNamed() throws {
    let start = "user_id,item_id\na,x\nb,\"y\nc,z\n"
    let error =
      "[interactions] FILE, line 3: a quote that is opened in the record of this line is never closed"
    #expect(try files.error(start) == error)
    #expect(try files.error("user_id,item_id\na,x\nb,\"") == error)
    // It is not looked for in all of a long file.
    let long = start + String(repeating: "1234567,1234567\n", count: (20 << 20) / 16)
    #expect(
      try files.error(long)
        == "[interactions] FILE, line 3: expected a line of at most 16 MiB, got a longer one; is a quote never closed?"
    )
    #expect(
      try files.error("user_id,item_id\n\"a\n\"b,x\n")
        == "[interactions] FILE, line 3: expected a separator or the end of the line after a closing quote, got other "
        + "text")
  }

  @Test func longAndStrangeTextIsShownInPart() throws {
    let error = try files.error(Self.header + "a\tx\t\u{1B}[2J" + String(repeating: "9", count: 200) + "z\n")
    #expect(error.contains("got \"\\u{1B}[2J999"))
    #expect(error.hasSuffix("9…\""))
    #expect(error.utf8.count < 250)
  }
}
