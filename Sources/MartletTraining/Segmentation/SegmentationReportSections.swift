import Foundation
import MartletData

/// How well each class is found.
public struct ReportClasses: ReportSection {
  /// How well one class is found.
  public struct Item: Hashable, Sendable {
    public var name: String
    /// The colour that marks the class in the examples.
    public var color: MaskColor?
    /// `nan` for a class that is neither in the truth nor predicted.
    public var intersectionOverUnion: Double
    /// `nan` for a class that is neither in the truth nor predicted.
    public var dice: Double
    /// `nan` for a class that was not predicted.
    public var precision: Double
    /// `nan` for a class that is not in the truth.
    public var recall: Double
    /// Share of the pixels that are of this class in truth.
    public var share: Double

    public init(
      name: String, color: MaskColor?, intersectionOverUnion: Double, dice: Double, precision: Double = .nan,
      recall: Double = .nan, share: Double
    ) {
      self.name = name
      self.color = color
      self.intersectionOverUnion = intersectionOverUnion
      self.dice = dice
      self.precision = precision
      self.recall = recall
      self.share = share
    }
  }

  /// A row of the table each, in the order of the classes' indices.
  public var classes: [Item]

  public init(_ classes: [Item]) { self.classes = classes }

  public var html: String {
    guard !classes.isEmpty else { return "" }
    let rows = classes.map { item in
      let swatch = item.color.map {
        "<span class=\"swatch\" style=\"background:rgb(\($0.red) \($0.green) \($0.blue))\"></span>"
      }
      return "<tr><th scope=\"row\">\(swatch ?? "")\(HTMLText.escaped(item.name))</th>"
        + HTMLText.meter(item.intersectionOverUnion) + HTMLText.meter(item.dice)
        + HTMLText.meter(item.precision) + HTMLText.meter(item.recall)
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
      <th scope="col">Precision</th><th scope="col">Recall</th>\
      <th scope="col">Share of pixels</th></tr></thead>
      <tbody>
      \(rows.joined(separator: "\n"))
      </tbody>
      </table></div>
      \(note)
      </section>
      """
  }
}

/// Validation images with truth and prediction drawn over them.
public struct ReportImages: ReportSection {
  /// One validation image with truth and prediction drawn over it.
  public struct Item: Hashable, Sendable {
    /// What makes an image an example: where its score stands among all.
    public enum Rank: String, Sendable {
      case best = "Best"
      case median = "Median"
      case worst = "Worst"
    }

    /// Shown in front of the name.
    public var rank: Rank
    /// The image's file name.
    public var name: String
    /// Mean over the image's classes.
    public var intersectionOverUnion: Double
    /// Whole PNG files.
    public var input: [UInt8]
    /// The true classes drawn over the image, as a PNG file.
    public var truth: [UInt8]
    /// The predicted classes drawn over the image, as a PNG file.
    public var prediction: [UInt8]

    public init(
      rank: Rank, name: String, intersectionOverUnion: Double, input: [UInt8], truth: [UInt8],
      prediction: [UInt8]
    ) {
      self.rank = rank
      self.name = name
      self.intersectionOverUnion = intersectionOverUnion
      self.input = input
      self.truth = truth
      self.prediction = prediction
    }
  }

  /// In the order in which they are shown.
  public var examples: [Item]

  public init(_ examples: [Item]) { self.examples = examples }

  public var html: String {
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
  private func image(_ png: [UInt8], _ description: String) -> String {
    // The sizes in a PNG file's first chunk let the page be laid out before the image is decoded.
    var size = ""
    if png.count >= 24 {
      let sizes = [16, 20].map { start in png[start..<(start + 4)].reduce(0) { $0 << 8 | Int($1) } }
      size = " width=\"\(sizes[0])\" height=\"\(sizes[1])\""
    }
    return
      "<img src=\"data:image/png;base64,\(Data(png).base64EncodedString())\" alt=\"\(description)\"\(size)>"
  }
}
