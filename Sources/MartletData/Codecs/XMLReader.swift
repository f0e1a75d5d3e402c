import CSystemExpat
import Martlet

/// What takes the elements of an XML text as they come.
protocol XMLElements: AnyObject {
  /// An element begins.
  ///
  /// - Parameter line: Where its tag begins, from 1.
  func begin(_ name: String, _ attributes: [String: String], line: Int)
  /// Some of the text inside the element that began last, or after one that ended in it. Text may come in pieces.
  func characters(_ text: String)
  /// The element that began last, of those that have not ended, ends.
  func end(_ name: String)
}

/// Reads XML with expat, which fetches nothing that a text refers to and limits what its entities grow to.
enum XMLReader {
  /// Where a text stops being XML.
  struct SyntaxError: Error {
    /// From 1.
    let line: Int
  }

  /// Gives a text's elements to whoever takes them.
  ///
  /// - Throws: ``SyntaxError``, when elements before it have been given already; ``MartletError`` when memory is short.
  static func read(_ text: String, _ elements: any XMLElements) throws {
    // The text has been decoded, whatever it says of its encoding.
    guard let parser = XML_ParserCreate("UTF-8") else {
      throw MartletError("xml", "there is not enough memory for a parser")
    }
    defer { XML_ParserFree(parser) }
    let context = Context(parser, elements)
    XML_SetUserData(parser, Unmanaged.passUnretained(context).toOpaque())
    XML_SetElementHandler(parser) { context, name, attributes in
      Context.from(context)?.begin(name, attributes)
    } _: { context, name in
      Context.from(context)?.end(name)
    }
    XML_SetCharacterDataHandler(parser) { context, text, count in
      Context.from(context)?.characters(text, count)
    }
    var text = text
    try withExtendedLifetime(context) {
      try text.withUTF8 { bytes in
        var start = 0
        repeat {
          let count = min(bytes.count - start, longestPart)
          let isLast = start + count == bytes.count
          let part = bytes.baseAddress.map {
            UnsafeRawPointer($0 + start).assumingMemoryBound(to: CChar.self)
          }
          guard XML_Parse(parser, part, Int32(count), isLast ? 1 : 0) == XML_STATUS_OK else {
            throw SyntaxError(line: Int(XML_GetCurrentLineNumber(parser)))
          }
          start += count
        } while start < bytes.count
      }
    }
  }

  /// Expat counts a call's bytes in 32 bits.
  private static let longestPart = 1 << 20

  /// What expat's calls are given.
  private final class Context {
    private let parser: XML_Parser
    private let elements: any XMLElements

    init(_ parser: XML_Parser, _ elements: any XMLElements) {
      self.parser = parser
      self.elements = elements
    }

    static func from(_ pointer: UnsafeMutableRawPointer?) -> Context? {
      pointer.map { Unmanaged<Context>.fromOpaque($0).takeUnretainedValue() }
    }

    func begin(_ name: UnsafePointer<CChar>?, _ list: UnsafeMutablePointer<UnsafePointer<CChar>?>?) {
      guard let name else { return }
      // Names and values take turns, up to a null pointer.
      var attributes: [String: String] = [:]
      var next = list
      while let pair = next, let key = pair[0], let value = pair[1] {
        attributes[String(cString: key)] = String(cString: value)
        next = pair + 2
      }
      elements.begin(String(cString: name), attributes, line: Int(XML_GetCurrentLineNumber(parser)))
    }

    func characters(_ text: UnsafePointer<CChar>?, _ count: Int32) {
      let bytes = UnsafeRawBufferPointer(start: text, count: Int(count))
      elements.characters(String(decoding: bytes, as: UTF8.self))
    }

    func end(_ name: UnsafePointer<CChar>?) {
      if let name { elements.end(String(cString: name)) }
    }
  }
}
