import Foundation
import Martlet
import Testing

@testable import MartletInterchange

/// A file that must be refused, and words that the refusal must contain.
struct BadFile: CustomTestStringConvertible {
  let name: String
  let bytes: [UInt8]
  let message: String

  init(_ name: String, _ bytes: [UInt8], _ message: String) {
    self.name = name
    self.bytes = bytes
    self.message = message
  }

  init(_ name: String, header: String, data: Int = 0, _ message: String) {
    self.init(name, safetensors(header, data: [UInt8](repeating: 7, count: data)), message)
  }

  var testDescription: String { name }

  static let all: [BadFile] = [
    BadFile("nothing", [], "expected at least 8 bytes, got 0"),
    BadFile("seven bytes", [2, 0, 0, 0, 0, 0, 0], "expected at least 8 bytes, got 7"),
    BadFile(
      "header beyond 100 MB", littleEndian([UInt64(100_000_001)]), "at most 100000000 bytes, got 100000001"),
    BadFile("header length of all ones", littleEndian([UInt64.max]), "at most 100000000 bytes"),
    BadFile(
      "header beyond the file", littleEndian([UInt64(9)]) + Array("{}".utf8),
      "expected 9 bytes of header, got 2"),
    BadFile(
      "another format", Array("\u{89}PNG\r\n\u{1A}\n and more of it".utf8), "is this a safetensors file?"),
    BadFile("not UTF-8", littleEndian([UInt64(3)]) + [0x7B, 0xFF, 0x7D], "UTF-8"),
    BadFile("UTF-16", littleEndian([UInt64(4)]) + [0x7B, 0, 0x7D, 0], "header byte 1: expected"),
    BadFile("empty header", header: "", "expected '{', got the header's end"),
    BadFile("an array", header: "[]", "expected '{', got '['"),
    BadFile("space before the brace", header: " {}", "header byte 0: expected '{', got ' '"),
    BadFile("unfinished object", header: #"{"a""#, "expected ':', got the header's end"),
    BadFile("unfinished string", header: #"{"a"#, #"expected '"' at the end"#),
    BadFile("string that ends in a backslash", header: #"{"a\"#, #"expected '"' at the end"#),
    BadFile("wrong escape", header: #"{"\x":1}"#, "wrong escape"),
    BadFile("half a surrogate pair", header: #"{"\ud800":1}"#, "wrong escape"),
    BadFile("control character", header: "{\"a\nb\":1}", "control characters"),
    BadFile("comma at the end", header: #"{"__metadata__":{},}"#, #"expected '"', got '}'"#),
    BadFile("text after the object", header: "{} x", "expected the header's end, got 'x'"),
    BadFile("NUL padding", header: "{}\0", "expected the header's end"),
    BadFile("tensor that is a number", header: #"{"a":1}"#, "expected '{', got '1'"),
    BadFile(
      "the same name twice",
      header:
        #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#,
      data: 2, "expected every name once, got 'a' twice"),
    BadFile(
      "the same name twice, once escaped",
      header:
        #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\u0061":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#,
      data: 2, "expected every name once, got 'a' twice"),
    BadFile("metadata twice", header: #"{"__metadata__":{},"__metadata__":{}}"#, "'__metadata__' twice"),
    BadFile("a metadata key twice", header: #"{"__metadata__":{"k":"1","k":"2"}}"#, "got 'k' twice"),
    BadFile("metadata that is no string", header: #"{"__metadata__":{"k":1}}"#, #"expected '"', got '1'"#),
    BadFile(
      "dtype twice", tensor: #""dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]"#, "'dtype' once"),
    BadFile("no dtype", tensor: #""shape":[1],"data_offsets":[0,1]"#, "expected dtype for tensor 'a'"),
    BadFile("no shape", tensor: #""dtype":"U8","data_offsets":[0,1]"#, "expected shape for tensor 'a'"),
    BadFile("no offsets", tensor: #""dtype":"U8","shape":[1]"#, "expected data_offsets for tensor 'a'"),
    BadFile("unknown field", tensor: #""dtype":"U8","stride":[1]"#, "got 'stride'"),
    BadFile("unknown dtype", tensor: #""dtype":"F33","shape":[1],"data_offsets":[0,1]"#, "got 'F33'"),
    BadFile(
      "negative size", tensor: #""dtype":"U8","shape":[-1],"data_offsets":[0,1]"#, "not negative, got '-'"),
    BadFile("fraction", tensor: #""dtype":"U8","shape":[1.0],"data_offsets":[0,1]"#, "expected ']', got '.'"),
    BadFile("exponent", tensor: #""dtype":"U8","shape":[1e0],"data_offsets":[0,1]"#, "expected ']', got 'e'"),
    BadFile(
      "leading zero", tensor: #""dtype":"U8","shape":[01],"data_offsets":[0,1]"#, "not negative, got '0'"),
    BadFile(
      "size beyond 63 bits", tensor: #""dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,1]"#,
      "below 2^63"),
    BadFile(
      "shape whose product overflows",
      tensor: #""dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]"#,
      "countable number"),
    BadFile(
      "sizes whose product overflows beside a 0",
      tensor: #""dtype":"U8","shape":[0,4294967296,4294967296],"data_offsets":[0,0]"#,
      "countable number"),
    BadFile("half a byte", tensor: #""dtype":"F4","shape":[1],"data_offsets":[0,1]"#, "whole bytes"),
    BadFile(
      "three offsets", tensor: #""dtype":"U8","shape":[1],"data_offsets":[0,1,1]"#,
      "expected two data_offsets"),
    BadFile("offsets that fall", tensor: #""dtype":"U8","shape":[1],"data_offsets":[1,0]"#, "do not fall"),
    BadFile(
      "fewer bytes than the shape", tensor: #""dtype":"F32","shape":[2],"data_offsets":[0,4]"#,
      "expected 8 bytes for tensor 'a' of F32 [2], got data_offsets [0, 4]"),
    BadFile(
      "overlap",
      header:
        #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#,
      data: 3, "'b' to start at byte 2 of the data, got 1: it overlaps another"),
    BadFile(
      "hole",
      header:
        #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}"#,
      data: 3, "'b' to start at byte 1 of the data, got 2: there is a hole before it"),
    BadFile(
      "data cut short", header: #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#, data: 1,
      "cut short"),
    BadFile("bytes after the data", header: "{}", data: 1, "something follows the last tensor"),
    BadFile(
      "checksum that is none", header: #"{"__metadata__":{"martlet.crc32c":"1234567"}}"#,
      "eight hexadecimal digits"),
    BadFile(
      "wrong checksum", header: #"{"__metadata__":{"martlet.crc32c":"00000000"}}"#, "the file is damaged"),
  ]

  /// A file with one tensor "a" of these fields and one byte of data.
  init(_ name: String, tensor: String, _ message: String) {
    self.init(name, header: #"{"a":{\#(tensor)}}"#, data: 1, message)
  }
}

@Suite struct SafetensorsBadFileTests {
  @Test(arguments: BadFile.all)
  func isRefusedWithItsReason(_ bad: BadFile) throws {
    let folder = try TemporaryFolder()
    let url = try folder.file("bad.safetensors", bad.bytes)
    let error = #expect(throws: MartletError.self) { try SafetensorsFile(contentsOf: url) }
    let text = error?.description ?? ""
    #expect(text.hasPrefix("[safetensors] "))
    #expect(text.contains("bad.safetensors: "))
    #expect(text.contains(bad.message), "\(text)")
  }

  @Test func missingFileAndFolderAreNamed() throws {
    let folder = try TemporaryFolder()
    let missing = folder.url.appendingPathComponent("none.safetensors")
    let error = #expect(throws: MartletError.self) { try SafetensorsFile(contentsOf: missing) }
    #expect(error?.message.contains("none.safetensors: cannot be read: No such file or directory") == true)
    let folderError = #expect(throws: MartletError.self) { try SafetensorsFile(contentsOf: folder.url) }
    #expect(folderError?.message.contains("cannot be read: it is a folder") == true)
  }

  @Test func unknownTensorIsNamed() throws {
    let folder = try TemporaryFolder()
    let file = try SafetensorsFile(contentsOf: folder.file("a.safetensors", safetensors("{}")))
    let error = #expect(throws: MartletError.self) { try file.bytes(of: "weight") }
    #expect(error?.message.contains("expected a tensor 'weight'") == true)
  }
}
