/// Numbers from the bytes of a field.
enum NumberField {
  /// The number that a field's text is, in the usual decimal notation: `881250949`, `-0.5`, `1.2e9`.
  ///
  /// Spaces around it do not matter. What is too large for a `Double` is infinite.
  ///
  /// - Returns: `nil` for other text; `nan`, `inf` and hexadecimal numbers are other text.
  static func parse(_ field: UnsafeBufferPointer<UInt8>) -> Double? {
    var text = field[...]
    while text.first == UInt8(ascii: " ") { text.removeFirst() }
    while text.last == UInt8(ascii: " ") { text.removeLast() }
    return simple(text) ?? general(text)
  }

  /// Digits with at most a sign before and a point among them, few enough that both the digits and the power of ten
  /// are exact, so that their quotient is the nearest `Double`. That is nearly every time stamp.
  private static func simple(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Double? {
    var digits = 0
    var value: UInt64 = 0
    var decimals: Int?
    var isNegative = false
    for (position, byte) in text.enumerated() {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        value = value &* 10 &+ UInt64(byte &- UInt8(ascii: "0"))
        digits += 1
        if decimals != nil { decimals! += 1 }
      case UInt8(ascii: ".") where decimals == nil: decimals = 0
      case UInt8(ascii: "-") where position == 0: isNegative = true
      default: return nil
      }
      if digits > 18 { return nil }
    }
    guard digits > 0, value < 1 << 53 else { return nil }
    let magnitude = Double(value) / powersOfTen[decimals ?? 0]
    return isNegative ? -magnitude : magnitude
  }

  private static func general(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Double? {
    let isDecimal = text.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "e"), UInt8(ascii: "E"):
        true
      default: false
      }
    }
    return isDecimal ? Double(String(decoding: text, as: UTF8.self)) : nil
  }

  private static let powersOfTen: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
  ]
}
