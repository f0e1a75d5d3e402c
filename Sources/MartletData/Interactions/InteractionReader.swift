import Martlet

/// Makes a log of a file's rows as they come.
struct InteractionReader {
  private let reader: RecordReader
  private let columns: InteractionColumns
  private let header: InteractionHeader
  private var users = TokenTable()
  private var items = TokenTable()
  private var userIndices: [UInt32] = []
  private var itemIndices: [UInt32] = []
  private var times: [Double] = []
  private var reservedCount = 0

  init(path: String, columns: InteractionColumns, blockByteCount: Int = 1 << 20) throws {
    reader = try RecordReader(path: path, blockByteCount: blockByteCount)
    self.columns = columns
    guard try reader.begin() else {
      throw MartletError("interactions", "\(path): expected a header and rows, got an empty file")
    }
    header = try InteractionHeader(reader, columns)
  }

  /// Reads all rows.
  mutating func read() throws -> InteractionLog {
    var blankLine: Int?
    while try reader.readRecord(header.scanner) {
      if reader.isBlank {
        blankLine = blankLine ?? reader.line
        continue
      }
      if let blankLine {
        throw MartletError(
          "interactions", "\(reader.path), line \(blankLine): expected \(fieldsText), got a blank line")
      }
      if reader.fieldCount != header.fieldCount {
        throw reader.failure("expected \(fieldsText), got \(reader.fieldCount)")
      }
      if userIndices.count == reservedCount { try reserve() }
      userIndices.append(try Self.index(header.user, of: reader, in: &users, "a user", columns.user))
      itemIndices.append(try Self.index(header.item, of: reader, in: &items, "an item", columns.item))
      if let time = header.time { times.append(try number(time)) }
    }
    guard !userIndices.isEmpty else {
      throw MartletError("interactions", "\(reader.path): expected rows after the header, got none")
    }
    return InteractionLog(
      users: users.names, items: items.names, userIndices: userIndices, itemIndices: itemIndices, times: times
    )
  }

  private var fieldsText: String { "\(header.fieldCount) fields as in the header" }

  /// Static, since a table that is changed while the reader is at hand as a whole would be copied.
  private static func index(
    _ field: Int, of reader: RecordReader, in table: inout TokenTable, _ kind: String, _ column: String
  ) throws -> UInt32 {
    let token = reader.field(field)
    if token.isEmpty {
      throw reader.failure("expected \(kind) in the column \"\(column)\", got an empty field")
    }
    let (index, isNew) = table.insert(token)
    // A name that was seen has been checked.
    if isNew, String(validating: token, as: UTF8.self) == nil {
      throw reader.failure(
        "expected \(kind) in UTF-8 in the column \"\(column)\", got other bytes: \(quoted(token))")
    }
    return UInt32(truncatingIfNeeded: index)
  }

  private func number(_ field: Int) throws -> Double {
    let text = reader.field(field)
    guard let number = NumberField.parse(text), number.isFinite else {
      throw reader.failure(
        "expected a finite number in the column \"\(columns.time ?? "")\", got \(quoted(text))")
    }
    return number
  }

  /// Makes room for as many rows as the file will have if all are as long as those so far, and some more. What is not
  /// filled is never touched, so that it takes no memory; arrays that double would be held twice while they move.
  private mutating func reserve() throws {
    let count = userIndices.count
    if count == TokenTable.limit { throw reader.failure("expected at most \(count) rows, got more") }
    let expected = reader.byteCount.map { Double($0) / Double(max(reader.position, 1)) * Double(count) * 1.1 }
    reservedCount = min(max(Int(expected ?? 0), count + count / 2, 1 << 12), TokenTable.limit)
    userIndices.reserveCapacity(reservedCount)
    itemIndices.reserveCapacity(reservedCount)
    if header.time != nil { times.reserveCapacity(reservedCount) }
  }
}
