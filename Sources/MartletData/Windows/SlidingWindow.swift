import Martlet
import MartletKernels

/// What windows are laid over an image and how what they give is joined.
public struct WindowLayout: Hashable, Sendable {
  /// The size of windows, in pixels.
  public var tile: TileSize
  /// The share of a window's height and width that the next one has too: 0 up to, but without, 1.
  public var overlap: Double
  /// How much each pixel of a window counts where windows overlap.
  public var blend: WindowBlend
  /// Which changed copies of windows are predicted too.
  public var augmentation: TestTimeAugmentation
  /// Windows that the network is given at once.
  public var batchSize: Int

  public init(
    tile: TileSize, overlap: Double = 0.25, blend: WindowBlend = .gaussian,
    augmentation: TestTimeAugmentation = .none, batchSize: Int = 1
  ) {
    self.tile = tile
    self.overlap = overlap
    self.blend = blend
    self.augmentation = augmentation
    self.batchSize = batchSize
  }

  /// - Throws: ``MartletError`` naming what cannot be meant.
  public func check() throws {
    let largest = Int(Int32.max)
    try require(
      (1...largest).contains(tile.height) && (1...largest).contains(tile.width)
        && tile.height <= largest / tile.width, "tile",
      "expected a height and a width of 1 or more and no more than \(largest) pixels, got \(tile)")
    try require(
      overlap >= 0 && overlap < 1, "overlap", "expected a number from 0 up to, but without, 1, got \(overlap)"
    )
    try BatchLoader.check(batchSize: batchSize, "batch-size")
  }

  /// Whether an image is predicted once and whole, so that there is nothing to join.
  func isOneWindow(of info: Image.Info) -> Bool {
    tile == TileSize(height: info.height, width: info.width) && augmentation == .none
  }

  /// Bytes that joining windows takes for an image, besides what the network and the reader take.
  public func byteCount(_ info: Image.Info, classCount: Int) -> Int {
    // The image's rows, and as many again while they are read; sums of scores and weights, and labels.
    let channels = max(info.channels, 3)
    let sums = isOneWindow(of: info) ? 0 : 4 * classCount + 4
    let perPixel = 2 * channels * (info.bitsPerSample > 8 ? 2 : 1) + sums + 1
    return min(tile.height, info.height).saturatingProduct(info.width).saturatingProduct(perPixel)
  }
}

/// Rows of a prediction that no further window changes.
public struct PredictedRows {
  /// The first row's number in the image.
  public let y: Int
  /// How many rows these are.
  public let height: Int
  /// The image's, in pixels.
  public let width: Int
  /// Numbers of a pixel in ``probabilities``.
  public let classCount: Int
  /// Each pixel's share of each class, classes side by side.
  public let probabilities: UnsafeBufferPointer<Float>
  /// Each pixel's likeliest class, the first of equals.
  public let labels: UnsafeBufferPointer<UInt8>
}

/// Predicts an image of any size window by window, and joins the windows as
/// `monai.inferers.sliding_window_inference` does: the mean of what all windows over a pixel give it, weighted by the
/// ``WindowBlend``.
///
/// What is joined are probabilities; with test-time augmentation a window's are the mean over its changed copies.
/// Windows go row by row, and a row of the image is passed on as soon as the last window over it is done, so that
/// memory holds as many rows as a window has. Sums are taken in the windows' order: the same bytes on any number of
/// threads.
public struct SlidingWindow {
  /// From windows [N, C, H, W], in which channels lie last, to probabilities [N, classes, H, W].
  public typealias Network = (Tensor) throws -> Tensor

  /// The same, told what parts of the image the windows are; they reach beyond an image that is smaller. The last ones
  /// of a row can be fewer than N: what comes out of the network for others is not looked at.
  public typealias PlacedNetwork = (Tensor, _ places: [PixelWindow]) throws -> Tensor

  /// What windows are laid over images, and how what they give is joined.
  public let layout: WindowLayout
  /// Classes that the network tells apart, 1 to 255.
  public let classCount: Int
  private let normalization: Normalization
  private let network: PlacedNetwork

  /// - Parameter network: Given ``WindowLayout/batchSize`` windows of the tile's size, or of its transpose with
  ///   ``TestTimeAugmentation/d4``; never anything else.
  /// - Throws: ``MartletError`` when the layout cannot be meant.
  public init(
    _ layout: WindowLayout, normalization: Normalization, classCount: Int, network: @escaping Network
  ) throws {
    try self.init(
      layout, normalization: normalization, classCount: classCount,
      placedNetwork: { windows, _ in try network(windows) })
  }

  /// - Parameter placedNetwork: As the network of ``init(_:normalization:classCount:network:)``.
  /// - Throws: ``MartletError`` when the layout cannot be meant.
  public init(
    _ layout: WindowLayout, normalization: Normalization, classCount: Int,
    placedNetwork: @escaping PlacedNetwork
  ) throws {
    try layout.check()
    try require(
      normalization.channels == 1 || normalization.channels == 3, "image",
      "expected a normalization of 1 or 3 channels, got \(normalization.channels)")
    try require(
      (1...LabelMap.largestClassCount).contains(classCount), "classes",
      "expected 1 to \(LabelMap.largestClassCount) classes, got \(classCount)")
    self.layout = layout
    self.normalization = normalization
    self.classCount = classCount
    network = placedNetwork
  }

  /// Predicts an image and passes on its rows from the top down.
  ///
  /// - Throws: ``MartletError`` when a part cannot be read; whatever the network and `body` throw.
  public func predict(_ regions: any RegionReader, _ body: (PredictedRows) throws -> Void) throws {
    let (info, tile) = (regions.info, layout.tile)
    let band = ImageBand(regions, normalization, tileHeight: tile.height)
    if layout.isOneWindow(of: info) { return try predictWhole(band, body) }
    let rows = WindowPositions(length: info.height, size: tile.height, overlap: layout.overlap).starts
    let columns = WindowPositions(length: info.width, size: tile.width, overlap: layout.overlap).starts
    let sums = ScoreBand(
      width: info.width, imageHeight: info.height, classCount: classCount,
      weights: layout.blend.weights(tile), tile: tile)
    for (index, y) in rows.enumerated() {
      try band.move(top: y)
      try predictRow(y, columns, band, sums)
      let end = index + 1 < rows.count ? rows[index + 1] : info.height
      try sums.finish(max(y, 0)..<end, body)
    }
  }

  /// An image of the window's size, whose scores are the result.
  private func predictWhole(_ band: ImageBand, _ body: (PredictedRows) throws -> Void) throws {
    let (height, width) = (layout.tile.height, layout.tile.width)
    try band.move(top: 0)
    let scores = try scores(of: [WindowCopy(x: 0, symmetry: PlaneSymmetry())], y: 0, band)
    try scores.withElements { (scores: UnsafeBufferPointer<Float>) in
      let scores = UnsafeBufferPointer(rebasing: scores[..<(height * width * classCount)])
      let labels = try [UInt8](unsafeUninitializedCapacity: height * width) { labels, count in
        try LikeliestClass.find(in: scores, rows: height, width: width, classCount: classCount, to: labels)
        count = height * width
      }
      try labels.withUnsafeBufferPointer { labels in
        try body(
          PredictedRows(
            y: 0, height: height, width: width, classCount: classCount, probabilities: scores, labels: labels)
        )
      }
    }
  }

  /// One row of windows: all copies that lie the same way go through the network together, batch by batch.
  private func predictRow(_ y: Int, _ columns: [Int], _ band: ImageBand, _ sums: ScoreBand) throws {
    let symmetries = layout.augmentation.symmetries
    let copies = columns.flatMap { x in symmetries.map { WindowCopy(x: x, symmetry: $0) } }
    for transposes in [false, true] {
      let lying = copies.filter { $0.symmetry.transposes == transposes }
      for start in stride(from: 0, to: lying.count, by: layout.batchSize) {
        let batch = Array(lying[start..<min(start + layout.batchSize, lying.count)])
        try scores(of: batch, y: y, band).withElements { (scores: UnsafeBufferPointer<Float>) in
          guard let scores = scores.baseAddress else { return }
          for (place, copy) in batch.enumerated() {
            sums.add(
              scores + place * layout.tile.height * layout.tile.width * classCount, x: copy.x, y: y,
              copy.symmetry, share: 1 / Float(symmetries.count))
          }
        }
      }
    }
  }

  /// A window of a row, changed or not.
  private struct WindowCopy {
    var x: Int
    var symmetry: PlaneSymmetry
  }

  /// What the network gives for windows that lie the same way, classes side by side.
  private func scores(of batch: [WindowCopy], y: Int, _ band: ImageBand) throws -> Tensor {
    let size = batch.first?.symmetry.size(of: layout.tile) ?? layout.tile
    let windowCount = size.height * size.width * normalization.channels
    let type = TensorType(
      [layout.batchSize, normalization.channels, size.height, size.width], .float32, .channelsLast)
    let windows = try Tensor(type: type) { (pixels: UnsafeMutableBufferPointer<Float>) in
      // The last batch is filled up, so that all have one size and with it one plan.
      pixels[(batch.count * windowCount)...].initialize(repeating: 0)
      guard let pixels = pixels.baseAddress else { return }
      for (place, copy) in batch.enumerated() {
        band.write(x: copy.x, y: y, size: layout.tile, copy.symmetry, to: pixels + place * windowCount)
      }
    }
    let scores = try network(
      windows, batch.map { PixelWindow(x: $0.x, y: y, width: size.width, height: size.height) })
    let expected = TensorType(
      [layout.batchSize, classCount, size.height, size.width], .float32, .channelsLast)
    try require(
      scores.type == expected, "sliding window", "expected scores \(expected), got \(scores.type)")
    return scores
  }
}
