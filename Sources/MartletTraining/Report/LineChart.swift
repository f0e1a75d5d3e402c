/// Curves over epochs, drawn as SVG.
struct LineChart {
  struct Series {
    var name: String
    /// The class that gives the colour: `a`, `b`, `c` or `d`.
    var style: String
    /// One value an epoch; a gap where it is not finite.
    var values: [Double]
  }

  var title: String
  /// As they are shown, from 1.
  var epochs: [Int]
  var series: [Series]
  var axis: ChartAxis
  /// The epoch that is marked as the best, as it is shown.
  var markedEpoch: Int?

  private static let width = 400.0
  private static let height = 240.0
  private static let left = 46.0
  private static let right = 12.0
  private static let top = 12.0
  private static let bottom = 30.0

  /// The drawing with its heading and legend.
  func html() -> String {
    let legend = series.map { item in
      "<li><span class=\"key \(item.style)\"></span>\(HTMLText.escaped(item.name))</li>"
    }
    return """
      <figure class="card chart">
      <figcaption><h3>\(HTMLText.escaped(title))</h3><ul class="legend">\(legend.joined())</ul></figcaption>
      <div class="plot">\(svg())</div>
      </figure>
      """
  }

  private func svg() -> String {
    let horizontal = ChartAxis.steps(epochs)
    func x(_ epoch: Int) -> Double {
      Self.left + horizontal.position(Double(epoch)) * (Self.width - Self.left - Self.right)
    }
    func y(_ value: Double) -> Double {
      Self.height - Self.bottom - axis.position(value) * (Self.height - Self.top - Self.bottom)
    }
    let format = HTMLText.coordinate
    var parts: [String] = []
    for mark in axis.marks {
      let at = y(mark)
      parts.append(
        "<line class=\"grid\" x1=\"\(format(Self.left))\" x2=\"\(format(Self.width - Self.right))\" "
          + "y1=\"\(format(at))\" y2=\"\(format(at))\"/>"
          + "<text x=\"\(format(Self.left - 8))\" y=\"\(format(at + 4))\" text-anchor=\"end\">\(axis.label(mark))</text>"
      )
    }
    for mark in horizontal.marks {
      parts.append(
        "<text x=\"\(format(x(Int(mark))))\" y=\"\(format(Self.height - 10))\" text-anchor=\"middle\">\(Int(mark))</text>"
      )
    }
    if let markedEpoch, epochs.contains(markedEpoch) {
      let at = format(x(markedEpoch))
      parts.append(
        "<line class=\"best\" x1=\"\(at)\" x2=\"\(at)\" y1=\"\(format(Self.top))\" "
          + "y2=\"\(format(Self.height - Self.bottom))\"/>")
    }
    for item in series { parts.append(curve(item, x, y)) }
    parts.append(
      "<line class=\"rule\" y1=\"\(format(Self.top))\" y2=\"\(format(Self.height - Self.bottom))\"/>")
    let xs = epochs.map { format(x($0)) }.joined(separator: " ")
    return """
      <svg viewBox="0 0 \(Int(Self.width)) \(Int(Self.height))" role="img" tabindex="0" \
      aria-label="\(HTMLText.escaped(summary))" data-epochs="\(epochs.map(String.init).joined(separator: " "))" \
      data-x="\(xs)">\(parts.joined())</svg>
      """
  }

  /// A line through the values that are there, and dots where a line alone would not be seen.
  private func curve(_ item: Series, _ x: (Int) -> Double, _ y: (Double) -> Double) -> String {
    let format = HTMLText.coordinate
    var runs: [[String]] = [[]]
    var heights: [String] = []
    for (epoch, value) in zip(epochs, item.values) {
      guard value.isFinite else {
        runs.append([])
        heights.append("-")
        continue
      }
      heights.append(format(y(value)))
      runs[runs.count - 1].append("\(format(x(epoch))),\(format(y(value)))")
    }
    let drawings = runs.filter { !$0.isEmpty }.map { run in
      if run.count > 1 { return "<polyline points=\"\(run.joined(separator: " "))\"/>" }
      let point = run[0].split(separator: ",")
      return "<circle class=\"dot\" cx=\"\(point[0])\" cy=\"\(point[1])\" r=\"3\"/>"
    }
    return "<g class=\"series \(item.style)\" data-name=\"\(HTMLText.escaped(item.name))\" "
      + "data-y=\"\(heights.joined(separator: " "))\" "
      + "data-values=\"\(item.values.map(HTMLText.number).joined(separator: " "))\">"
      + drawings.joined() + "<circle class=\"mark\" r=\"4\"/></g>"
  }

  /// What the drawing says, for those who cannot see it.
  private var summary: String {
    let courses = series.map { item in
      let values = item.values.filter(\.isFinite)
      guard let first = values.first, let last = values.last else { return "\(item.name): no values" }
      return "\(item.name) from \(HTMLText.number(first)) to \(HTMLText.number(last))"
    }
    return "\(title) over \(epochs.count) epochs: \(courses.joined(separator: "; "))"
  }
}
