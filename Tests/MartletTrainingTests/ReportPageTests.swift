import Foundation
import Martlet
import Testing

@testable import MartletData
@testable import MartletTraining

@Suite struct ReportPageTests {
  static let images = ReportImages([
    .init(
      rank: .worst, name: "a\"b'<i>.png", intersectionOverUnion: 0.25, input: smallPNG, truth: smallPNG,
      prediction: smallPNG)
  ])

  static let classes = ReportClasses([
    .init(
      name: "background", color: nil, intersectionOverUnion: 0.9, dice: 0.95, precision: 0.75, recall: 0.625,
      share: 0.8),
    .init(
      name: "<script>alert(1)</script>", color: MaskColor(255, 90, 60), intersectionOverUnion: .nan,
      dice: .nan, share: 0),
  ])

  static let lengths: ReportHistoryLengths = {
    var evaluation = RecommendationEvaluation(cutoffs: [10])
    evaluation.add(rank: 1, unseenRank: 1, length: 12)
    return ReportHistoryLengths(evaluation.groups)
  }()

  static let histories = ReportHistories([
    .init(
      user: "<b>u</b>", length: 12, lastItems: ["a<i>", "b"], next: "c&d", rank: 2,
      recommended: [("e\"", false), ("c&d", true)])
  ])

  static func data(epochs: Int = 3) -> ReportData {
    let rows = (0..<epochs).map { epoch in
      let share = 1 / Double(epoch + 1)
      return ReportData.Epoch(
        epoch: epoch, trainingLoss: share, validationLoss: epoch == 1 ? .nan : 2 * share,
        score: Double(epoch) / 4, learningRate: 0.001)
    }
    return ReportData(
      name: "nuclei <1> & \"more\"", date: Date(timeIntervalSince1970: 1_700_000_000),
      figures: [("Mean IoU", 0.84321), ("Pixel accuracy", .nan)], scoreName: "Mean IoU", epochs: rows,
      bestEpoch: epochs > 0 ? epochs - 1 : nil, sections: [images, classes, lengths, histories],
      configuration: [("base-channels", "32"), ("images", "/data/<x>&y")])
  }

  let html = ReportPage.html(data())

  @Test func fetchesNothing() {
    #expect(!html.contains("http:") && !html.contains("https:"))
    #expect(!html.contains("<link") && !html.contains("@import") && !html.contains("url("))
    #expect(html.components(separatedBy: "src=\"").count - 1 == 3)
    #expect(html.components(separatedBy: "src=\"data:image/png;base64,").count - 1 == 3)
    #expect(html.contains("default-src 'none'"))
  }

  @Test func allTextIsEscaped() {
    #expect(html.contains("<h1>nuclei &lt;1&gt; &amp; &quot;more&quot;</h1>"))
    #expect(html.contains("<title>nuclei &lt;1&gt; &amp; &quot;more&quot; – Martlet</title>"))
    #expect(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
    #expect(html.contains("alt=\"Input image a&quot;b&#39;&lt;i&gt;.png\" width=\"2\" height=\"1\""))
    #expect(html.contains("<dd>/data/&lt;x&gt;&amp;y</dd>"))
    #expect(html.contains("User &lt;b&gt;u&lt;/b&gt;"))
    #expect(html.contains("<li>a&lt;i&gt;</li>"))
    #expect(html.contains("<li class=\"next\"><strong>c&amp;d</strong></li>"))
    #expect(!html.contains("<script>alert") && !html.contains("<i>") && !html.contains("<b>"))
    #expect(HTMLText.escaped("a\u{0}b\n") == "a\u{FFFD}b\n")
  }

  /// Between the head and the script the page is written so that an XML parser can check its nesting.
  @Test func elementsAreNestedProperly() throws {
    for count in [0, 1, 3, 200] {
      let html = ReportPage.html(Self.data(epochs: count))
      let start = try #require(html.range(of: "<main>"))
      let end = try #require(html.range(of: "</main>"))
      let body = String(html[start.lowerBound..<end.upperBound])
        .replacing(/(<img [^>]*)>/) { "\($0.output.1)/>" }
      let elements = ElementCount()
      #expect(throws: Never.self, "\(count) epochs") { try XMLReader.read(body, elements) }
      #expect(elements.count > 10)
    }
  }

  @Test func showsFiguresAndMissingOnesAsDashes() {
    #expect(html.contains("<dt>Mean IoU</dt><dd>0.8432</dd>"))
    #expect(html.contains("<dt>Pixel accuracy</dt><dd>–</dd>"))
    #expect(html.contains("neither in the truth nor predicted"))
    #expect(html.contains("<th scope=\"col\">Precision</th><th scope=\"col\">Recall</th>"))
    #expect(html.contains("<span class=\"value\">0.7500</span>") && html.contains(">0.6250</span>"))
    #expect(html.contains("<time datetime=\"2023-11-14T22:13:20Z\">2023-11-14 22:13 UTC</time>"))
    #expect(html.contains("best in epoch 3"))
    #expect(!html.contains("nan"))
  }

  @Test func isMadeForEveryReader() {
    #expect(html.contains("<html lang=\"en\">"))
    #expect(html.contains("prefers-color-scheme: dark"))
    #expect(html.contains("@media print"))
    #expect(html.components(separatedBy: "scope=\"col\"").count > 5)
    #expect(html.contains("aria-label=\"Mean IoU over 3 epochs: Validation from 0.0000 to 0.5000\""))
  }

  @Test func partsThatAreEmptyAreLeftOut() {
    var data = Self.data(epochs: 0)
    data.sections = [
      ReportImages([]), ReportClasses([]), ReportHistoryLengths([]), ReportHistories([]),
    ]
    data.configuration = []
    data.figures = []
    let html = ReportPage.html(data)
    #expect(!html.contains("<section>"))
    #expect(html.contains("<h1>"))
  }

  @Test func isWrittenWhole() throws {
    let folder = try TemporaryFolder()
    let url = folder.url.appendingPathComponent("report.html")
    try ReportPage.write(Self.data(), to: url)
    #expect(try String(contentsOf: url, encoding: .utf8) == html)
    #expect(throws: MartletError.self) {
      try ReportPage.write(Self.data(), to: folder.url.appendingPathComponent("none/report.html"))
    }
  }
}

private final class ElementCount: XMLElements {
  private(set) var count = 0

  func begin(_ name: String, _ attributes: [String: String], line: Int) { count += 1 }
  func characters(_ text: String) {}
  func end(_ name: String) {}
}
