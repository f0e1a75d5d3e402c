import Martlet

/// What the first line of a file of interactions says: its format, and where the columns are.
struct InteractionHeader {
  let scanner: RecordScanner
  /// The number of columns.
  let fieldCount: Int
  let user: Int
  let item: Int
  /// Absent when the order of the file is the order in time.
  let time: Int?

  /// Types of columns in atomic files. Those that hold several values a row are not read.
  private static let types = ["token", "float", "token_seq", "float_seq"]

  private struct Column {
    var name: String
    var type: String?
  }

  /// Reads the header.
  ///
  /// - Throws: ``MartletError`` naming what is wrong with it.
  init(_ reader: RecordReader, _ columns: InteractionColumns) throws {
    try require(
      columns.user != columns.item, "interactions",
      "expected a column for users and another for items, got \"\(columns.user)\" for both")
    let line = try reader.peekLine()
    let isAtomic = Self.isAtomic(line)
    scanner = isAtomic ? .atomic : .csv
    // The line that errors below are about. A blank one is a header as well, of one column without a name.
    guard try reader.readRecord(scanner) else {
      throw MartletError("interactions", "\(reader.path): expected a header, got an empty file")
    }
    guard String(validating: line, as: UTF8.self) != nil else {
      throw reader.failure("expected a header in UTF-8, got other bytes: \(quoted(line))")
    }
    fieldCount = reader.fieldCount
    let fields = (0..<fieldCount).map { String(decoding: reader.field($0), as: UTF8.self) }
    let areNumbers = fields.allSatisfy { field in
      Array(field.utf8).withUnsafeBufferPointer { NumberField.parse($0) != nil }
    }
    if areNumbers {
      throw reader.failure("expected a header with the names of the columns, got \(quoted(line))")
    }
    let found = try fields.map { isAtomic ? try Self.typedColumn($0, reader) : Column(name: $0) }

    func position(_ name: String, _ purpose: String) throws -> Int? {
      let positions = found.indices.filter { found[$0].name == name }
      if positions.count > 1 {
        throw reader.failure("expected one column \"\(name)\" for \(purpose), got \(positions.count)")
      }
      if let first = positions.first, let type = found[first].type, type.hasSuffix("_seq") {
        throw reader.failure(
          "expected one value a row for \(purpose) in the column \"\(name)\", got the type \(type)")
      }
      return positions.first
    }
    func required(_ name: String, _ purpose: String) throws -> Int {
      if let position = try position(name, purpose) { return position }
      let names = found.map(\.name)
      let others = names.filter { ![columns.user, columns.item, columns.time].contains($0) }
      let hint = nearestName(to: name, in: others).map { "; did you mean \(quoted(Array($0.utf8)))?" } ?? ""
      let list =
        names.prefix(40).map { quoted(Array($0.utf8)) }.joined(separator: ", ")
        + (names.count > 40 ? ", …" : "")
      throw reader.failure(
        "expected a column \"\(name)\" for \(purpose), got the columns \(list)\(hint)")
    }
    user = try required(columns.user, "users")
    item = try required(columns.item, "items")
    if let name = columns.time {
      time = try columns.requiresTime ? required(name, "times") : position(name, "times")
    } else {
      time = nil
    }
  }

  /// Fields between tabs make an atomic file. A comma beside them leaves it to the types.
  private static func isAtomic(_ line: [UInt8]) -> Bool {
    let fields = line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
    if fields.allSatisfy({ type(of: String(decoding: $0, as: UTF8.self)) != nil }) { return true }
    return fields.count > 1 && !line.contains(UInt8(ascii: ","))
  }

  private static func type(of field: String) -> String? {
    guard let colon = field.lastIndex(of: ":") else { return nil }
    let type = String(field[field.index(after: colon)...])
    return types.contains(type) ? type : nil
  }

  private static func typedColumn(_ field: String, _ reader: RecordReader) throws -> Column {
    guard let type = type(of: field) else {
      throw reader.failure(
        "expected columns such as user_id:token, with one of the types \(types.joined(separator: ", ")), in a "
          + "header with tabs, got \(quoted(Array(field.utf8)))")
    }
    return Column(name: String(field.dropLast(type.utf8.count + 1)), type: type)
  }
}

/// Text for an error: in quotes, not too long, and with nothing that moves a terminal's cursor.
package func quoted(_ bytes: some Collection<UInt8>) -> String {
  let text = String(decoding: bytes.prefix(80), as: UTF8.self).unicodeScalars.map { scalar in
    scalar.properties.generalCategory == .control ? scalar.escaped(asASCII: false) : String(scalar)
  }
  return "\"" + text.joined() + (bytes.count > 80 ? "…" : "") + "\""
}
