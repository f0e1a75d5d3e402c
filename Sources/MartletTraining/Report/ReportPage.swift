import Foundation
import Martlet
import MartletData
import MartletFiles

/// Makes the page that shows a run: one HTML file that fetches nothing.
public enum ReportPage {
  /// Writes the page, replacing an old one in one step.
  ///
  /// - Throws: ``MartletError`` that names the file if it cannot be written.
  public static func write(_ data: ReportData, to url: URL) throws {
    try AtomicFile.write(html(data), to: url.relativePath)
  }

  /// The page as text.
  public static func html(_ data: ReportData) -> String {
    let sections = [
      header(data), curves(data), examples(data.examples), classes(data.classes), epochTable(data),
      configuration(data.configuration),
    ]
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
      style-src 'unsafe-inline'; script-src 'unsafe-inline'">
      <title>\(HTMLText.escaped(data.name)) – Martlet</title>
      <style>\(ReportAssets.style)</style>
      </head>
      <body>
      <main>
      \(sections.filter { !$0.isEmpty }.joined(separator: "\n"))
      </main>
      <script>\(ReportAssets.script)</script>
      </body>
      </html>

      """
  }

  private static func header(_ data: ReportData) -> String {
    // 2026-11-23T10:20:05Z reads better without the letters.
    let stamp = data.date.formatted(.iso8601)
    let day = "\(stamp.prefix(10)) \(stamp.dropFirst(11).prefix(5)) UTC"
    var facts = ["<time datetime=\"\(stamp)\">\(day)</time>"]
    facts.append("\(data.epochs.count) \(data.epochs.count == 1 ? "epoch" : "epochs")")
    if let best = data.bestEpoch { facts.append("best in epoch \(best + 1)") }
    let figures = data.figures.map { figure in
      "<div class=\"card figure\"><dt>\(HTMLText.escaped(figure.name))</dt>"
        + "<dd>\(HTMLText.number(figure.value))</dd></div>"
    }
    return """
      <header>
      <p class="eyebrow">Martlet training report</p>
      <h1>\(HTMLText.escaped(data.name))</h1>
      <p class="facts">\(facts.joined(separator: " <span aria-hidden=\"true\">·</span> "))</p>
      </header>
      \(figures.isEmpty ? "" : "<dl class=\"figures\">\(figures.joined())</dl>")
      """
  }

  private static func curves(_ data: ReportData) -> String {
    guard !data.epochs.isEmpty else { return "" }
    let epochs = data.epochs.map { $0.epoch + 1 }
    let losses = data.epochs.flatMap { [$0.trainingLoss, $0.validationLoss] }.filter(\.isFinite)
    // Losses that fall by far would leave nothing to see of their end.
    let isWide = (losses.min() ?? 0) > 0 && (losses.max() ?? 0) > 30 * (losses.min() ?? 0)
    let overlaps = data.epochs.map(\.meanIntersectionOverUnion)
    let rates = data.epochs.map(\.learningRate)
    // One epoch needs no mark to be found.
    let best = epochs.count > 1 ? data.bestEpoch.map { $0 + 1 } : nil
    let charts = [
      LineChart(
        title: isWide ? "Loss (logarithmic)" : "Loss", epochs: epochs,
        series: [
          .init(name: "Training", style: "a", values: data.epochs.map(\.trainingLoss)),
          .init(name: "Validation", style: "b", values: data.epochs.map(\.validationLoss)),
        ], axis: isWide ? .logarithmic(losses) : .linear(losses, startingAtZero: true), markedEpoch: best),
      LineChart(
        title: "Mean IoU", epochs: epochs, series: [.init(name: "Validation", style: "b", values: overlaps)],
        axis: .linear(overlaps), markedEpoch: best),
      LineChart(
        title: "Learning rate", epochs: epochs,
        series: [.init(name: "End of epoch", style: "c", values: rates)],
        axis: .linear(rates, startingAtZero: true), markedEpoch: nil),
    ]
    let note = best == nil ? "" : "<p class=\"note\">The dashed line marks the best epoch.</p>"
    return """
      <section>
      <h2>Curves</h2>
      <div class="charts">
      \(charts.map { $0.html() }.joined(separator: "\n"))
      </div>
      \(note)
      </section>
      """
  }

  private static func examples(_ examples: [ReportData.Example]) -> String {
    guard !examples.isEmpty else { return "" }
    let cards = examples.map { example in
      let name = HTMLText.escaped(example.name)
      let images = [
        ("Input", "Input image \(name)", example.input),
        ("Truth", "True classes over \(name)", example.truth),
        ("Prediction", "Predicted classes over \(name)", example.prediction),
      ]
      let figures = images.map { title, description, png in
        "<figure>\(image(png, description))<figcaption>\(title)</figcaption></figure>"
      }
      return """
        <article class="card example">
        <h3><span class="rank \(example.rank.rawValue.lowercased())">\(example.rank.rawValue)</span> \
        <span class="name">\(name)</span> \
        <span class="score">IoU \(HTMLText.number(example.intersectionOverUnion))</span></h3>
        <div class="triple">\(figures.joined())</div>
        </article>
        """
    }
    return """
      <section>
      <h2>Validation images</h2>
      <div class="examples">
      \(cards.joined(separator: "\n"))
      </div>
      </section>
      """
  }

  /// - Parameter description: Escaped text.
  private static func image(_ png: [UInt8], _ description: String) -> String {
    // The sizes in a PNG file's first chunk let the page be laid out before the image is decoded.
    var size = ""
    if png.count >= 24 {
      let sizes = [16, 20].map { start in png[start..<(start + 4)].reduce(0) { $0 << 8 | Int($1) } }
      size = " width=\"\(sizes[0])\" height=\"\(sizes[1])\""
    }
    return
      "<img src=\"data:image/png;base64,\(Data(png).base64EncodedString())\" alt=\"\(description)\"\(size)>"
  }

  private static func classes(_ classes: [ReportData.ClassScore]) -> String {
    guard !classes.isEmpty else { return "" }
    let rows = classes.map { item in
      let swatch = item.color.map {
        "<span class=\"swatch\" style=\"background:rgb(\($0.red) \($0.green) \($0.blue))\"></span>"
      }
      return "<tr><th scope=\"row\">\(swatch ?? "")\(HTMLText.escaped(item.name))</th>"
        + meter(item.intersectionOverUnion) + meter(item.dice)
        + "<td>\(HTMLText.percent(item.share))</td></tr>"
    }
    let hasAbsent = classes.contains { $0.intersectionOverUnion.isNaN }
    let note =
      hasAbsent ? "<p class=\"note\">– : neither in the truth nor predicted; left out of means.</p>" : ""
    return """
      <section>
      <h2>Classes</h2>
      <div class="card scroll"><table>
      <thead><tr><th scope="col">Class</th><th scope="col">IoU</th><th scope="col">Dice</th>\
      <th scope="col">Share of pixels</th></tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody>
      </table></div>
      \(note)
      </section>
      """
  }

  /// A table cell with a number and a bar as long as it is large.
  private static func meter(_ value: Double) -> String {
    let share = value.isFinite ? min(max(value, 0), 1) : 0
    return "<td class=\"meter\"><span class=\"value\">\(HTMLText.number(value))</span>"
      + "<span class=\"track\" aria-hidden=\"true\"><span style=\"width:\(HTMLText.coordinate(share * 100))%\">"
      + "</span></span></td>"
  }

  private static func epochTable(_ data: ReportData) -> String {
    guard !data.epochs.isEmpty else { return "" }
    let rows = data.epochs.map { epoch in
      let values = [
        epoch.trainingLoss, epoch.validationLoss, epoch.meanIntersectionOverUnion, epoch.learningRate,
      ]
      let isBest = epoch.epoch == data.bestEpoch
      return "<tr\(isBest ? " class=\"best\"" : "")><th scope=\"row\">\(epoch.epoch + 1)"
        + (isBest ? " <span class=\"rank best\">best</span>" : "") + "</th>"
        + values.map { "<td>\(HTMLText.number($0))</td>" }.joined() + "</tr>"
    }
    return """
      <section>
      <details>
      <summary><h2>All epochs</h2></summary>
      <div class="card scroll"><table>
      <thead><tr><th scope="col">Epoch</th><th scope="col">Training loss</th><th scope="col">Validation loss</th>\
      <th scope="col">Mean IoU</th><th scope="col">Learning rate</th></tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody>
      </table></div>
      </details>
      </section>
      """
  }

  private static func configuration(_ values: [(key: String, value: String)]) -> String {
    guard !values.isEmpty else { return "" }
    let rows = values.map { pair in
      "<div><dt>\(HTMLText.escaped(pair.key))</dt><dd>\(HTMLText.escaped(pair.value))</dd></div>"
    }
    return """
      <section>
      <h2>Configuration</h2>
      <dl class="card configuration">
      \(rows.joined(separator: "\n"))
      </dl>
      </section>
      """
  }
}
