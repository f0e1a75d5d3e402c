import Martlet

/// Pictures with their masks drawn over them, in a grid with a line of text below each.
public struct ContactSheet: Sendable {
  /// One picture of the sheet.
  public struct Cell: Sendable {
    /// Any picture. It is shown as 8-bit RGB.
    public var image: Image
    /// Of the picture's size.
    public var labels: LabelMap
    /// One line below the picture, of ASCII letters, digits and some signs; other characters are shown as boxes. What
    /// is too long for the width of a cell loses its middle.
    public var caption: String

    public init(image: Image, labels: LabelMap, caption: String) {
      self.image = image
      self.labels = labels
      self.caption = caption
    }
  }

  /// From left to right and from the top down.
  public var cells: [Cell]
  /// Cells beside each other, 1 to 1000; fewer where there are not so many cells.
  public var columns: Int
  /// The colours in which classes are drawn.
  public var palette: ClassPalette

  public init(cells: [Cell], columns: Int, palette: ClassPalette) {
    self.cells = cells
    self.columns = columns
    self.palette = palette
  }

  private static let gap = 6
  private static let captionHeight = BitmapFont.height + 6
  private static let background: UInt8 = 32

  /// Draws the sheet. Each class but the background is tinted and outlined in its colour; pixels that count in no loss
  /// are hatched. All cells are as large as the largest picture.
  ///
  /// - Returns: An 8-bit RGB picture.
  /// - Throws: ``MartletError`` without cells or columns, where an image and its labels differ in size, or where the
  ///   sheet would have more pixels than ``Image/Limits`` allows.
  public func drawn() throws -> Image {
    try require(!cells.isEmpty, "contact sheet", "expected pictures, got none")
    try require(
      (1...1000).contains(columns), "contact sheet", "expected 1 to 1000 columns, got \(columns)")
    let cellWidth = cells.map(\.image.width).max() ?? 0
    let cellHeight = (cells.map(\.image.height).max() ?? 0) + Self.captionHeight
    let columnCount = min(columns, cells.count)
    let rowCount = (cells.count + columnCount - 1) / columnCount
    let width = columnCount * (cellWidth + Self.gap) + Self.gap
    let height = rowCount * (cellHeight + Self.gap) + Self.gap
    let (area, overflow) = width.multipliedReportingOverflow(by: height)
    try require(
      !overflow && area <= Image.Limits.standard.maximumPixels, "contact sheet",
      "expected at most \(Image.Limits.standard.maximumPixels) pixels, got \(width)×\(height); show fewer pictures"
    )
    var samples = [UInt8](repeating: Self.background, count: width * height * 3)
    for (index, cell) in cells.enumerated() {
      let x = Self.gap + index % columnCount * (cellWidth + Self.gap)
      let y = Self.gap + index / columnCount * (cellHeight + Self.gap)
      let picture = try drawn(cell)
      guard case .uint8(let values) = picture.samples else { continue }
      let rowBytes = picture.width * 3
      for row in 0..<picture.height {
        let start = ((y + row) * width + x) * 3
        samples.replaceSubrange(start..<start + rowBytes, with: values[row * rowBytes..<(row + 1) * rowBytes])
      }
      let caption = shortened(cell.caption, to: cellWidth / BitmapFont.advance)
      draw(caption, x: x, y: y + picture.height + 4, width, &samples)
    }
    return Image(width: width, height: height, channels: 3, samples: .uint8(samples))
  }

  private func drawn(_ cell: Cell) throws -> Image {
    let mask = Image(
      width: cell.labels.width, height: cell.labels.height, channels: 1, samples: .uint8(cell.labels.values))
    let picture = try overlay(
      cell.image, mask: mask, palette: palette, opacity: 0.25, ignoredIndex: Int(LabelMap.ignored))
    var canvas = Canvas(picture)
    for (pixel, label) in cell.labels.values.enumerated() where label == LabelMap.ignored {
      if (pixel % cell.labels.width + pixel / cell.labels.width) % 6 < 2 {
        canvas.blend(Image.Color(red: 255, green: 255, blue: 255), into: pixel, opacity: 0.6)
      }
    }
    return canvas.image
  }

  /// A text without its middle where it is too long: names of files differ at their ends.
  private func shortened(_ text: String, to count: Int) -> String {
    if text.count <= count { return text }
    let rest = max(count - 2, 0)
    return String(text.prefix(rest / 2)) + ".." + String(text.suffix(rest - rest / 2))
  }

  private func draw(_ text: String, x: Int, y: Int, _ width: Int, _ samples: inout [UInt8]) {
    for (position, character) in text.enumerated() {
      for row in 0..<BitmapFont.height {
        for column in 0..<BitmapFont.advance - 1
        where BitmapFont.isSet(character, x: column, y: row) {
          let place = x + position * BitmapFont.advance + column
          if place >= width { continue }
          for channel in 0..<3 { samples[((y + row) * width + place) * 3 + channel] = 220 }
        }
      }
    }
  }
}
