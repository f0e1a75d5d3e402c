import Foundation

extension DatasetReport {
  /// Everything as JSON, in snake case.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// The figures, problems and notes as a table for a terminal. Long lists are cut off and say so.
  public var table: String {
    let (sampleName, pixelName) = axes == 3 ? ("volumes", "voxels") : ("images", "pixels")
    var lines = [
      row("format", format.rawValue),
      row(
        sampleName, usableImages == images ? "\(images)" : "\(images), of which \(usableImages) can be used"),
      row("masks", maskText),
      row("sizes", list(sizes.map { "\(sizeText($0)) (\($0.images))" })),
      row("channels", list(depths.map { "\($0.channels) of \($0.bits) bits (\($0.images))" })),
    ]
    if !classes.isEmpty {
      let width = max(10, classes.map(\.name.count).max() ?? 0)
      func line(_ name: String, _ pixels: String, _ share: String, _ images: String) -> String {
        left(name, width) + right(pixels, 16) + right(share, 10) + right(images, 9)
      }
      lines += ["", line("class", pixelName, "share", sampleName)]
      lines += classes.map {
        line(
          $0.name, "\($0.pixels)", $0.images == 0 ? "–" : String(format: "%.2f %%", 100 * $0.share),
          "\($0.images)")
      }
      if ignoredPixels > 0 { lines.append(line("(ignored)", "\(ignoredPixels)", "", "")) }
    }
    let figures = (volumes ?? []).map { item in
      let size = item.size.map(String.init).joined(separator: "×")
      let spacing = item.spacing.map(spacingText).joined(separator: "×")
      return "\(item.name): \(size) voxels of \(spacing), \(item.orientation), \(item.sample)"
    }
    for (title, entries) in [
      ("volumes", figures), ("empty masks", emptyMasks), ("problems", problems), ("notes", notes),
    ] where !entries.isEmpty {
      lines += ["", "\(title): \(entries.count)"]
      lines += entries.prefix(Self.shown).map { "  - \($0)" }
      if entries.count > Self.shown { lines.append("  and \(entries.count - Self.shown) more") }
    }
    return lines.joined(separator: "\n")
  }

  private static let shown = 20

  private var maskText: String {
    if encoding != .automatic { return encoding.rawValue }
    return classes.isEmpty ? "unclear" : "drawn"
  }

  private func sizeText(_ size: SizeCount) -> String {
    // Images are width × height as cameras have it, volumes depth × height × width as sizes are given.
    size.depth.map { "\($0)×\(size.height)×\(size.width)" } ?? "\(size.width)×\(size.height)"
  }

  private func row(_ name: String, _ value: String) -> String { left(name, 10) + value }

  private func list(_ parts: [String]) -> String {
    parts.prefix(6).joined(separator: ", ") + (parts.count > 6 ? " and \(parts.count - 6) more" : "")
  }

  private func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(width - text.count, 0))
  }

  private func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(width - text.count, 0)) + text
  }
}
