import Foundation
import Martlet

/// Settles what masks mean from everything they hold.
struct MaskEncodingDetection {
  let options: SegmentationOptions
  /// The values of all masks, as read without palettes, with their files.
  let masks: [(file: URL, content: MaskContent)]
  private var contents: [MaskContent] { masks.map(\.content) }

  /// The options with encoding and classes settled.
  ///
  /// - Throws: ``MartletError`` that says which option to set where the masks leave it open.
  func settled() throws -> SegmentationOptions {
    var settled = options
    if settled.encoding == .automatic, !contents.allSatisfy({ $0.kind == .labels }) {
      settled.encoding = try encoding()
    }
    if settled.encoding == .indices { try checkIgnored() }
    if settled.classes == nil { settled.classes = try classes(settled.encoding) }
    return settled
  }

  /// All values that occur, without the ignored one, in ascending order.
  private var values: [Int] {
    var all: Set<Int> = []
    for content in contents where content.kind == .values { all.formUnion(content.entries.keys) }
    if let ignoreIndex = options.ignoreIndex { all.remove(ignoreIndex) }
    return all.sorted()
  }

  private func encoding() throws -> MaskEncoding {
    if contents.contains(where: \.isColor) {
      if options.classes?.first?.color != nil { return .colors }
      if let picture = masks.first(where: \.content.hasMoreColors) {
        throw MartletError(
          "dataset",
          "\(picture.file.path): expected a mask, got a picture of more than \(MaskContent.largestColorCount) colours; "
            + "are images and masks the wrong way round?")
      }
      var colors: [Int: Int] = [:]
      for content in contents where content.isColor {
        for (color, entry) in content.entries { colors[color, default: 0] += entry.count }
      }
      let most = colors.sorted { ($0.value, $1.key) > ($1.value, $0.key) }.prefix(6)
      let list = most.map { "\(MaskColor(packed: UInt32($0.key)))" }.joined(separator: ", ")
      throw MartletError(
        "dataset",
        "expected a class table with colours (`--classes FILE`), since masks are colour images; they hold "
          + "\(counted(colors.count, "colour")), most often \(list)"
          + (masks.first(where: \.content.isColor).map { "; the first is \($0.file.path)" } ?? "")
      )
    }
    let values = values
    if isBinary(values), options.classes.map({ $0.count == 2 }) ?? true { return .extremes }
    if let classes = options.classes {
      // A value out of range is reported later with its file and place.
      if let largest = values.last, largest >= classes.count, !looksLikeIndices(values) {
        throw ambiguous(values)
      }
      return .indices
    }
    guard looksLikeIndices(values) else { throw ambiguous(values) }
    return .indices
  }

  /// The largest value of a mask is a usual number for both the foreground and what is ignored: with the second, masks of
  /// the first would be all background.
  private func checkIgnored() throws {
    guard let ignored = options.ignoreIndex, values.allSatisfy({ $0 == 0 }) else { return }
    for (file, content) in masks where content.kind == .values {
      guard content.largestPossible == ignored, let entry = content.entries[ignored] else { continue }
      throw MartletError(
        "dataset",
        "expected class indices, got masks with nothing but 0 and the ignored \(ignored), first in \(file.path) at "
          + "\(content.place(entry.firstPixel)): if that is the foreground, it must not be ignored")
    }
  }

  private func isBinary(_ values: [Int]) -> Bool {
    let ranges = Set(contents.filter { $0.largestValue > 0 }.map(\.largestPossible))
    guard let range = ranges.first, ranges.count == 1 else { return false }
    return values == [0, range] || values == [range]
  }

  private func looksLikeIndices(_ values: [Int]) -> Bool {
    guard let largest = values.last, largest < LabelMap.largestClassCount else { return false }
    return values.count * 2 >= largest + 1
  }

  private func classes(_ encoding: MaskEncoding) throws -> [SegmentationClass] {
    if encoding.hasTwoClasses {
      return [SegmentationClass("background"), SegmentationClass("foreground")]
    }
    let largest = values.last ?? 0
    try require(
      largest < LabelMap.largestClassCount, "dataset",
      "expected at most \(LabelMap.largestClassCount) classes, got the class index \(largest)\(example(of: largest))"
    )
    try require(
      largest > 0, "dataset",
      "expected two classes or more, got masks that hold nothing but 0; "
        + "give `--classes FILE` if some occur in no mask"
    )
    return (0...largest).map { SegmentationClass("class \($0)") }
  }

  /// The value that keeps the masks from being binary and is in the fewest of them.
  private var oddValue: Int? {
    var fileCounts: [Int: Int] = [:]
    for content in contents where content.kind == .values {
      for value in content.entries.keys
      where value != 0 && value != content.largestPossible && value != options.ignoreIndex {
        fileCounts[value, default: 0] += 1
      }
    }
    return fileCounts.min { ($0.value, $0.key) < ($1.value, $1.key) }?.key
  }

  /// The first mask that holds a value, and where in it.
  private func example(of value: Int) -> String {
    for (file, content) in masks where content.kind == .values {
      if let entry = content.entries[value] {
        return " in \(file.path) at \(content.place(entry.firstPixel))"
      }
    }
    return ""
  }

  private func ambiguous(_ values: [Int]) -> MartletError {
    let list = values.prefix(8).map(String.init).joined(separator: ", ") + (values.count > 8 ? ", …" : "")
    let held = values.isEmpty ? "nothing but ignored pixels" : "\(counted(values.count, "value")): \(list)"
    var hints = [
      "`--mask-encoding indices` and `--classes FILE` if values are class indices",
      "`--mask-encoding binary` if everything from half of the range on is foreground (JPEG changes values)",
      "`--mask-encoding nonzero` if everything above 0 is (a number an object)",
    ]
    if values.last == 255 { hints.append("`--ignore-index 255` if 255 marks pixels that do not count") }
    let odd = oddValue.map { ", such as \($0)\(example(of: $0))" } ?? ""
    return MartletError(
      "dataset",
      "expected masks of class indices or of 0 and 255, got masks with \(held)\(odd); "
        + "give \(hints.joined(separator: ", or "))"
    )
  }
}
