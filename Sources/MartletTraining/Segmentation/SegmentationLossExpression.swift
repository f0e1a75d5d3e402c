import Martlet

/// A weighted sum of losses as it is written: `0.5*cross-entropy + 0.5*tversky(alpha=0.3, beta=0.7)`.
///
/// Names can be written with underscores too.
struct SegmentationLossExpression: Sendable {
  struct Part: Sendable {
    var weight: Double
    var term: SegmentationLossTerm
    var parameters: [String: Double]
  }

  let parts: [Part]

  /// - Throws: ``MartletError`` that names what cannot be read, and what could stand there.
  init(_ text: String) throws {
    parts = try Self.split(text, at: "+").map(Self.part)
    try require(
      parts.contains { $0.weight > 0 }, "loss", "expected a number above 0 in front of a loss, got \(text)")
  }

  private static func part(_ text: String) throws -> Part {
    var rest = trimmed(text)
    var weight = 1.0
    // A factor stands in front of the first star.
    if let star = rest.firstIndex(of: "*"), !rest[..<star].contains("(") {
      let factor = trimmed(rest[..<star])
      rest = trimmed(rest[rest.index(after: star)...])
      guard let number = Double(factor), number.isFinite, number >= 0 else {
        throw MartletError("loss", "expected a number of 0 or more in front of *\(rest), got \(factor)")
      }
      weight = number
    }
    var arguments: String?
    if let open = rest.firstIndex(of: "(") {
      try require(rest.last == ")", "loss", "expected a closing parenthesis behind \(rest)")
      arguments = String(rest[rest.index(after: open)...].dropLast())
      rest = trimmed(rest[..<open])
    }
    let term = try named(rest, in: text)
    return Part(weight: weight, term: term, parameters: try parameters(arguments, of: term))
  }

  private static func named(_ text: String, in part: String) throws -> SegmentationLossTerm {
    let name = canonical(text)
    if let term = SegmentationLossTerm.all.first(where: { $0.name == name }) { return term }
    let names = SegmentationLossTerm.all.map(\.name)
    let hint = name.isEmpty ? nil : nearestName(to: name, in: names)
    throw MartletError(
      "loss",
      "expected \(names.joined(separator: ", ")) or a sum such as 0.5*cross-entropy+0.5*dice, got "
        + (trimmed(part).isEmpty ? "nothing" : "\"\(trimmed(part))\"")
        + (hint.map { "; did you mean \($0)?" } ?? ""))
  }

  /// The values of all parameters that have one.
  private static func parameters(
    _ arguments: String?, of term: SegmentationLossTerm
  ) throws -> [String: Double] {
    var values: [String: Double] = [:]
    for parameter in term.parameters { values[parameter.name] = parameter.defaultValue }
    guard let arguments, !trimmed(arguments).isEmpty else { return values }
    var given: Set<String> = []
    for argument in split(arguments, at: ",") {
      let sides = split(argument, at: "=")
      guard sides.count == 2 else {
        throw MartletError(
          "loss", "expected a parameter of \(term.signature) as name=value, got \"\(trimmed(argument))\"")
      }
      let name = canonical(sides[0])
      guard let parameter = term.parameters.first(where: { $0.name == name }) else {
        let hint = nearestName(to: name, in: term.parameters.map(\.name))
        throw MartletError(
          "loss",
          "expected a parameter of \(term.signature), got \"\(name)\""
            + (hint.map { "; did you mean \($0)?" } ?? ""))
      }
      guard given.insert(name).inserted else {
        throw MartletError("loss", "expected \(name) of \(term.name) once, got it twice")
      }
      guard let value = parameter.range.value(trimmed(sides[1])) else {
        throw MartletError(
          "loss",
          "expected \(parameter.range.description) for \(name) of \(term.name), got \"\(trimmed(sides[1]))\"")
      }
      values[name] = value
    }
    return values
  }

  /// The parts between separators that stand in no parentheses and in no number such as 1e+3.
  private static func split(_ text: String, at separator: Character) -> [String] {
    var parts = [""]
    var depth = 0
    for character in text {
      if character == "(" { depth += 1 }
      if character == ")" { depth -= 1 }
      if character == separator, depth == 0, !(separator == "+" && endsInExponent(parts[parts.count - 1])) {
        parts.append("")
      } else {
        parts[parts.count - 1].append(character)
      }
    }
    return parts
  }

  /// Whether a text ends like 1e or 0.5E, so that a sign behind it belongs to the number.
  private static func endsInExponent(_ text: String) -> Bool {
    guard text.last == "e" || text.last == "E" else { return false }
    return text.dropLast().last.map { $0.isNumber || $0 == "." } ?? false
  }

  private static func canonical(_ text: some StringProtocol) -> String {
    trimmed(text).replacing("_", with: "-")
  }

  private static func trimmed(_ text: some StringProtocol) -> String {
    String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
