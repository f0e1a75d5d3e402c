import Foundation
import Martlet

/// Turns a mask's values or colours into labels, by options in which everything is settled.
struct MaskDecoder: Sendable {
  let encoding: MaskEncoding
  let classCount: Int
  let ignoreIndex: Int?
  private let labelOfColor: [UInt32: UInt8]

  /// - Precondition: `options` come from ``SegmentationDataset/options``, so the classes are there, and the encoding is
  ///   automatic for drawn masks alone.
  init(_ options: SegmentationOptions) {
    precondition(options.classes != nil, "options must be settled")
    encoding = options.encoding
    ignoreIndex = options.ignoreIndex
    let classes = options.classes ?? []
    classCount = classes.count
    var labels: [UInt32: UInt8] = [:]
    for (index, item) in classes.enumerated() {
      if let color = item.color { labels[color.packed] = UInt8(index) }
    }
    if let color = options.ignoreColor { labels[color.packed] = LabelMap.ignored }
    labelOfColor = labels
  }

  /// Whether files are to be read as colours.
  var readsColors: Bool { encoding == .colors }

  /// A mask's labels.
  ///
  /// - Throws: ``MartletError`` naming the file, the first pixel and the value that has no class.
  func labels(of raster: MaskRaster, from url: URL) throws -> LabelMap {
    let content = MaskContent(raster)
    if let problem = problem(in: content) {
      throw MartletError("dataset", "\(url.path): \(problem)")
    }
    let label = labeling(of: content)
    switch raster.pixels {
    case .labels(let labels): return LabelMap(width: raster.width, height: raster.height, values: labels)
    case .values(let values, _):
      var table = [UInt8](repeating: 0, count: content.largestValue + 1)
      for value in content.entries.keys { table[value] = label(value) ?? LabelMap.ignored }
      return LabelMap(width: raster.width, height: raster.height, values: values.map { table[Int($0)] })
    case .colors(let colors):
      var last = colors.first ?? 0
      var lastLabel = labelOfColor[last] ?? LabelMap.ignored
      let values = colors.map { color in
        if color != last {
          last = color
          lastLabel = labelOfColor[color] ?? LabelMap.ignored
        }
        return lastLabel
      }
      return LabelMap(width: raster.width, height: raster.height, values: values)
    }
  }

  /// What of a mask has no class, in words; `nil` where everything has.
  func problem(in content: MaskContent) -> String? {
    if content.kind != .labels, content.isColor != readsColors {
      return "expected grey or palette \(encoding.rawValue) in this mask, got colours"
    }
    if encoding == .binary, content.kind == .values {
      let largest = largestValue(in: content)
      let half = (content.largestPossible + 1) / 2
      // Few levels of grey near 0 are no foreground, and no mask that went through JPEG either.
      if largest > 1, largest < half {
        return "expected foreground from \(half) on, got values up to \(largest) alone; "
          + "`--mask-encoding nonzero` takes all above 0 for foreground"
      }
    }
    let label = labeling(of: content)
    let wrong = content.entries.filter { label($0.key) == nil }
    guard let first = wrong.min(by: { $0.value.firstPixel < $1.value.firstPixel }) else { return nil }
    let pixels = wrong.values.reduce(0) { $0 + $1.count }
    let place = content.place(first.value.firstPixel)
    if content.hasMoreColors {
      return
        "expected colours of the class table, got \(MaskColor(packed: UInt32(first.key))) at \(place) and more "
        + "than \(MaskContent.largestColorCount) colours in all: is it a photograph?"
    }
    let rest =
      pixels > 1 ? " (\(pixels) such pixels, \(counted(wrong.count, readsColors ? "colour" : "value")))" : ""
    if readsColors {
      let color = MaskColor(packed: UInt32(first.key))
      return "expected colours of the class table, got \(color) at \(place)\(rest)"
    }
    let expected =
      encoding == .extremes
      ? "nothing but 0 and \(content.largestPossible)" : "class indices below \(classCount)"
    return "expected \(expected), got \(first.key) at \(place)\(rest)"
  }

  /// Pixels of each class and ignored pixels. Values without a class are left out.
  func pixelCounts(in content: MaskContent) -> (classes: [Int], ignored: Int) {
    var classes = [Int](repeating: 0, count: classCount)
    var ignored = 0
    let label = labeling(of: content)
    for (value, entry) in content.entries {
      guard let label = label(value) else { continue }
      if label == LabelMap.ignored { ignored += entry.count } else { classes[Int(label)] += entry.count }
    }
    return (classes, ignored)
  }

  /// The largest value that is not ignored.
  private func largestValue(in content: MaskContent) -> Int {
    content.entries.keys.filter { $0 != ignoreIndex }.max() ?? 0
  }

  /// What the values of one mask are labelled, `nil` for those that have no class.
  private func labeling(of content: MaskContent) -> (Int) -> UInt8? {
    if content.kind == .labels {
      return { $0 < classCount || $0 == LabelMap.ignored ? UInt8($0) : nil }
    }
    let classOfValue: (Int) -> UInt8?
    switch encoding {
    case .automatic: preconditionFailure("options must be settled")
    case .colors: return { labelOfColor[UInt32($0)] }
    case .indices: classOfValue = { $0 < classCount ? UInt8($0) : nil }
    case .binary:
      let threshold = largestValue(in: content) <= 1 ? 1 : (content.largestPossible + 1) / 2
      classOfValue = { $0 >= threshold ? 1 : 0 }
    case .nonzero: classOfValue = { $0 == 0 ? 0 : 1 }
    case .extremes: classOfValue = { $0 == 0 ? 0 : $0 == content.largestPossible ? 1 : nil }
    }
    return { $0 == ignoreIndex ? LabelMap.ignored : classOfValue($0) }
  }
}
