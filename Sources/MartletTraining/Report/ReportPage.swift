import Foundation
import Martlet
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
    let sections =
      [header(data), curves(data)] + data.sections.map(\.html)
      + [epochTable(data), configuration(data.configuration)]
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
    let scores = data.epochs.map(\.score)
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
        title: data.scoreName, epochs: epochs,
        series: [.init(name: "Validation", style: "b", values: scores)],
        axis: .linear(scores), markedEpoch: best),
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

  private static func epochTable(_ data: ReportData) -> String {
    guard !data.epochs.isEmpty else { return "" }
    let rows = data.epochs.map { epoch in
      let values = [epoch.trainingLoss, epoch.validationLoss, epoch.score, epoch.learningRate]
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
      <th scope="col">\(HTMLText.escaped(data.scoreName))</th><th scope="col">Learning rate</th></tr></thead>
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
      let value = pair.value.isEmpty ? "–" : HTMLText.escaped(pair.value)
      return "<div><dt>\(HTMLText.escaped(pair.key))</dt><dd>\(value)</dd></div>"
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
