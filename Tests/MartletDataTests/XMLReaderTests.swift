import Testing

@testable import MartletData

/// What came, one thing a line.
private final class Listing: XMLElements {
  private(set) var lines: [String] = []
  private(set) var text = ""

  func begin(_ name: String, _ attributes: [String: String], line: Int) {
    let values = attributes.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
    lines.append("\(line): \(name)\(values)")
  }

  func characters(_ text: String) { self.text += text }
  func end(_ name: String) { lines.append("/\(name)") }
}

@Suite struct XMLReaderTests {
  @Test func elementsComeInTheirOrder() throws {
    let listing = Listing()
    try XMLReader.read(
      """
      <?xml version="1.0" encoding="ISO-8859-1"?>
      <!-- none -->
      <a x="1&quot;" é="&#228;"
         y="">one &amp; two<b/>
        <ns:c><![CDATA[<d>]]></ns:c></a>
      """, listing)
    #expect(listing.lines == ["3: a x=1\" y= é=ä", "4: b", "/b", "5: ns:c", "/ns:c", "/a"])
    #expect(listing.text == "one & two\n  <d>")
  }

  /// Longer than what expat is given at once, with characters of two bytes across the cuts.
  @Test func longTextsComeWhole() throws {
    let listing = Listing()
    let text = String(repeating: "é", count: 1 << 20)
    try XMLReader.read("<a>\(text)</a>", listing)
    #expect(listing.text == text)
    #expect(listing.lines == ["1: a", "/a"])
  }

  @Test(arguments: [
    ("", 1), ("text", 1), ("<a>", 1), ("<a>\n<b></a>", 2), ("<a/>\n\n<b/>", 3), ("<a>\n&none;</a>", 2),
    ("<a x='1' x='2'/>", 1), ("<a>\u{0}</a>", 1),
  ])
  func whatIsNotXMLIsFoundWithItsLine(text: String, line: Int) {
    let error = #expect(throws: XMLReader.SyntaxError.self) { try XMLReader.read(text, Listing()) }
    #expect(error?.line == line)
  }
}
