import Martlet
import MartletFiles

/// A colour of a mask, 8 bits a channel.
public struct MaskColor: Hashable, Sendable, Codable, CustomStringConvertible {
  public var red: UInt8
  public var green: UInt8
  public var blue: UInt8

  public init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// Reads `#rrggbb`, with or without the `#`.
  public init?(hexadecimal text: some StringProtocol) {
    let digits = text.hasPrefix("#") ? text.dropFirst() : text[...]
    guard digits.utf8.count == 6, digits.allSatisfy(\.isHexDigit), let value = UInt32(digits, radix: 16)
    else {
      return nil
    }
    self.init(UInt8(value >> 16), UInt8(value >> 8 & 255), UInt8(value & 255))
  }

  /// The channels in one number, 0xRRGGBB: what masks are looked up by.
  var packed: UInt32 { UInt32(red) << 16 | UInt32(green) << 8 | UInt32(blue) }

  init(packed: UInt32) {
    self.init(UInt8(packed >> 16 & 255), UInt8(packed >> 8 & 255), UInt8(packed & 255))
  }

  public var description: String { "(\(red), \(green), \(blue))" }
}

/// One class of a segmentation: its name and, where masks are colour images, the colour that marks it.
///
/// A class's index is its position in the list of classes.
public struct SegmentationClass: Hashable, Sendable, Codable {
  /// Not empty; no two classes of a list have the same.
  public var name: String
  /// In a list of classes either all have one, each its own, or none has.
  public var color: MaskColor?

  public init(_ name: String, color: MaskColor? = nil) {
    self.name = name
    self.color = color
  }
}

extension SegmentationClass {
  /// Reads a file that holds a ``table(_:)``.
  ///
  /// - Throws: ``MartletError`` naming the file that cannot be read, or the line.
  public static func table(contentsOf path: String) throws -> [SegmentationClass] {
    try table(ReadableFile.text(path, operation: "classes", limit: 1 << 24))
  }

  /// The lines with something in them of a file that holds a ``table(_:)``.
  ///
  /// - Throws: ``MartletError`` naming the file that cannot be read, or holds no line.
  public static func lines(contentsOf path: String) throws -> [String] {
    let text = try ReadableFile.text(path, operation: "classes", limit: 1 << 24)
    let lines = text.split(whereSeparator: \.isNewline).filter { !$0.trimmed.isEmpty }.map(String.init)
    try require(!lines.isEmpty, "classes", "\(path): expected classes, one a line, got none")
    return lines
  }

  /// Reads a table of classes, one a line, in the order of their indices.
  ///
  /// A line is a name; a name and a colour as three numbers from 0 to 255 or as `#rrggbb`; or three numbers
  /// and a name, as CamVid writes it. Fields are separated by blanks, tabs or commas. Empty lines, lines that
  /// start with `//` or `# `, and a heading such as `name,r,g,b` are skipped.
  ///
  /// - Throws: ``MartletError`` naming the line that cannot be read, a name given twice or a colour given
  ///   twice.
  public static func table(_ text: String) throws -> [SegmentationClass] {
    var classes: [SegmentationClass] = []
    for (index, rawLine) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    {
      let line = rawLine.trimmed
      if line.isEmpty || line == "#" || line.hasPrefix("# ") || line.hasPrefix("//") { continue }
      guard let parsed = parse(line) else {
        throw MartletError(
          "classes",
          "expected a name and a colour such as `road 128 64 128` in line \(index + 1), got `\(line)`")
      }
      if classes.isEmpty, parsed.color == nil, isHeading(line) { continue }
      classes.append(parsed)
    }
    try check(classes)
    return classes
  }

  /// Checks that names and colours tell the classes apart, and that either all classes have a colour or none.
  static func check(_ classes: [SegmentationClass]) throws {
    var names: Set<String> = []
    var colors: [MaskColor: String] = [:]
    for item in classes {
      try require(!item.name.isEmpty, "classes", "expected a name for each class, got an empty one")
      try require(
        names.insert(item.name).inserted, "classes", "expected each name once, got `\(item.name)` twice")
      guard let color = item.color else { continue }
      if let other = colors.updateValue(item.name, forKey: color) {
        throw MartletError(
          "classes",
          "expected a colour of its own for each class, got \(color) for `\(other)` and `\(item.name)`")
      }
    }
    try require(
      colors.isEmpty || colors.count == classes.count, "classes",
      "expected a colour for every class or for none, "
        + "got \(colors.count) colours for \(classes.count) classes"
    )
  }

  private static func parse(_ line: Substring) -> SegmentationClass? {
    let fields = line.split { $0 == "," || $0 == ";" || $0 == "\t" || $0 == " " }
    if fields.count >= 4 {
      if let color = color(fields.suffix(3)) {
        return SegmentationClass(fields.dropLast(3).joined(separator: " "), color: color)
      }
      if let color = color(fields.prefix(3)) {
        return SegmentationClass(fields.dropFirst(3).joined(separator: " "), color: color)
      }
    }
    if fields.count >= 2, let last = fields.last, last.hasPrefix("#") {
      guard let color = MaskColor(hexadecimal: last) else { return nil }
      return SegmentationClass(fields.dropLast().joined(separator: " "), color: color)
    }
    // Two numbers, or one above 255, are a colour gone wrong rather than a part of a name.
    let numbers = fields.compactMap { Int($0) }
    if fields.isEmpty || numbers.count > 1 || numbers.contains(where: { $0 > 255 }) { return nil }
    return SegmentationClass(fields.joined(separator: " "))
  }

  private static func color(_ fields: some Collection<Substring>) -> MaskColor? {
    let values = fields.compactMap { UInt8($0) }
    return values.count == 3 ? MaskColor(values[0], values[1], values[2]) : nil
  }

  private static func isHeading(_ line: Substring) -> Bool {
    let fields = line.lowercased().split { $0 == "," || $0 == ";" || $0 == "\t" || $0 == " " }
    return ["name", "class", "label"].contains(fields.first) && fields.contains("r") && fields.contains("b")
  }
}

extension Substring {
  var trimmed: Substring {
    var text = self.drop(while: \.isWhitespace)
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }
}
