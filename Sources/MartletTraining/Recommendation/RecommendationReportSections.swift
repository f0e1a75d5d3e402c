import Martlet

/// How well what came next is found, by the length of the history.
struct ReportHistoryLengths: ReportSection {
  var groups: [RecommendationEvaluation.LengthGroup]

  init(_ groups: [RecommendationEvaluation.LengthGroup]) { self.groups = groups }

  var html: String {
    guard !groups.isEmpty else { return "" }
    let cutoff = RecommendationEvaluation.scoreCutoff
    let rows = groups.map { group in
      "<tr><th scope=\"row\">\(HTMLText.escaped(group.name))</th><td>\(group.metrics.count)</td>"
        + HTMLText.meter(group.metrics.ndcg(at: cutoff)) + HTMLText.meter(group.metrics.hit(at: cutoff))
        + HTMLText.meter(group.metrics.mrr(at: cutoff)) + "</tr>"
    }
    return """
      <section>
      <h2>Test examples by length of history</h2>
      <div class="card scroll"><table>
      <thead><tr><th scope="col">Items</th><th scope="col">Examples</th><th scope="col">NDCG@\(cutoff)</th>\
      <th scope="col">HIT@\(cutoff)</th><th scope="col">MRR@\(cutoff)</th></tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody>
      </table></div>
      </section>
      """
  }
}

/// Histories with what came next and what was recommended.
struct ReportHistories: ReportSection {
  struct Item: Sendable {
    var user: String
    /// Items of the whole history.
    var length: Int
    /// The last of them.
    var lastItems: [String]
    /// What came next, and its rank among all items.
    var next: String
    var rank: Int
    /// Best first; `isNext` marks what came next.
    var recommended: [(name: String, isNext: Bool)]
  }

  var histories: [Item]

  init(_ histories: [Item]) { self.histories = histories }

  var html: String {
    guard !histories.isEmpty else { return "" }
    let cards = histories.map { item in
      let isFound = item.recommended.contains(where: \.isNext)
      let cut = item.length > item.lastItems.count ? "The last \(item.lastItems.count)" : "All"
      return """
        <article class="card example">
        <h3><span class="rank \(isFound ? "best" : "worst")">Rank \(item.rank)</span> \
        <span class="name">User \(HTMLText.escaped(item.user))</span> \
        <span class="score">\(cut) of \(item.length) \(item.length == 1 ? "item" : "items")</span></h3>
        <dl class="history">
        <div><dt>History</dt><dd>\(list(item.lastItems.map { ($0, false) }))</dd></div>
        <div><dt>Came next</dt><dd>\(list([(item.next, true)]))</dd></div>
        <div><dt>Recommended</dt><dd>\(list(item.recommended))</dd></div>
        </dl>
        </article>
        """
    }
    return """
      <section>
      <h2>Histories from the test split</h2>
      <div class="examples">
      \(cards.joined(separator: "\n"))
      </div>
      <p class="note">Oldest items first, recommendations best first; what came next is marked. The histories are \
      picked at equal distances, whatever came of them.</p>
      </section>
      """
  }

  private func list(_ items: [(name: String, isNext: Bool)]) -> String {
    let entries = items.map { item in
      item.isNext
        ? "<li class=\"next\"><strong>\(HTMLText.escaped(item.name))</strong></li>"
        : "<li>\(HTMLText.escaped(item.name))</li>"
    }
    return "<ol class=\"items\">\(entries.joined())</ol>"
  }
}
