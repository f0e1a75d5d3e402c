/// Finds the fields of a record, which is a line unless quoted fields hold line breaks.
struct RecordScanner {
  /// Where a field's text lies, without quotes around it.
  struct Field {
    var start: Int
    var end: Int
    /// Whether the text holds quotes that are written twice.
    var hasDoubledQuotes = false
  }

  enum Outcome {
    /// The record goes on beyond the bytes that are there.
    case incomplete
    /// The record's end, its number of fields, and the line breaks in it, with the one at its end.
    case record(next: Int, fieldCount: Int, lineBreaks: Int)
    /// Quotes were opened and not closed before the end.
    case openQuote(lineBreaks: Int)
    /// Text follows quotes that were closed.
    case textAfterQuote(lineBreaks: Int)
  }

  let separator: UInt8
  let allowsQuotes: Bool

  static let atomic = RecordScanner(separator: UInt8(ascii: "\t"), allowsQuotes: false)
  static let csv = RecordScanner(separator: UInt8(ascii: ","), allowsQuotes: true)

  /// Reads a record.
  ///
  /// - Parameters:
  ///   - range: The bytes from the record's first on, as far as they have been read.
  ///   - isLast: Whether the file ends with the range.
  ///   - fields: Room for fields. Those beyond it are counted only.
  @inline(__always)
  func scan(
    _ bytes: UnsafePointer<UInt8>, _ range: Range<Int>, isLast: Bool,
    fields: UnsafeMutableBufferPointer<Field>
  ) -> Outcome {
    let end = range.upperBound
    var at = range.lowerBound
    var fieldStart = at
    var fieldCount = 0
    var lineBreaks = 0
    while true {
      if at == end {
        if !isLast { return .incomplete }
        put(bytes, fieldStart, at, endsLine: true, &fieldCount, fields)
        return .record(next: end, fieldCount: fieldCount, lineBreaks: lineBreaks)
      }
      let byte = bytes[at]
      if byte == separator {
        put(bytes, fieldStart, at, endsLine: false, &fieldCount, fields)
        at += 1
        fieldStart = at
      } else if byte == UInt8(ascii: "\n") {
        put(bytes, fieldStart, at, endsLine: true, &fieldCount, fields)
        return .record(next: at + 1, fieldCount: fieldCount, lineBreaks: lineBreaks + 1)
      } else if byte == UInt8(ascii: "\""), at == fieldStart, allowsQuotes {
        var field = Field(start: at + 1, end: 0)
        at += 1
        while true {
          // Two quotes can only be told from a closing one when the byte after it is there.
          if at == end || (at + 1 == end && !isLast) {
            return isLast ? .openQuote(lineBreaks: lineBreaks) : .incomplete
          }
          if bytes[at] == UInt8(ascii: "\"") {
            if at + 1 == end || bytes[at + 1] != UInt8(ascii: "\"") { break }
            field.hasDoubledQuotes = true
            at += 1
          } else if bytes[at] == UInt8(ascii: "\n") {
            lineBreaks += 1
          }
          at += 1
        }
        field.end = at
        at += 1
        if fieldCount < fields.count { fields[fieldCount] = field }
        fieldCount += 1
        // A carriage return belongs to the end of the line when a line feed or the end follows.
        if at < end, bytes[at] == UInt8(ascii: "\r") {
          if at + 1 == end && !isLast { return .incomplete }
          if at + 1 == end || bytes[at + 1] == UInt8(ascii: "\n") { at += 1 }
        }
        if at == end {
          return isLast ? .record(next: end, fieldCount: fieldCount, lineBreaks: lineBreaks) : .incomplete
        }
        if bytes[at] == UInt8(ascii: "\n") {
          return .record(next: at + 1, fieldCount: fieldCount, lineBreaks: lineBreaks + 1)
        }
        if bytes[at] != separator { return .textAfterQuote(lineBreaks: lineBreaks) }
        at += 1
        fieldStart = at
      } else {
        at += 1
      }
    }
  }

  @inline(__always)
  private func put(
    _ bytes: UnsafePointer<UInt8>, _ start: Int, _ end: Int, endsLine: Bool, _ fieldCount: inout Int,
    _ fields: UnsafeMutableBufferPointer<Field>
  ) {
    var field = Field(start: start, end: end)
    if endsLine, end > start, bytes[end - 1] == UInt8(ascii: "\r") { field.end -= 1 }
    if fieldCount < fields.count { fields[fieldCount] = field }
    fieldCount += 1
  }
}
