import Martlet
import MartletData

/// What `martlet predict` is asked to make of each image.
public struct SegmentationRequest: Hashable, Sendable {
  /// What windows an image is predicted in, with which test-time augmentation, in how much memory.
  public var options = PredictionOptions()
  /// What is done to the map of classes before it is written and objects are looked for in it.
  public var postProcessing = PostProcessing()
  /// For U-Net++ with deep supervision, the depth whose head gives the mask, if not the network's own.
  public var inferenceDepth: Int?
  /// Whether the image is written with its mask drawn over it, too.
  public var drawsOverlay = false
  /// How each class's probabilities are written, if they are: in 8 or 16 bits, where the largest value is 1, or as they
  /// are.
  public var probabilities: RowFormat.Sample?
  /// Whether a map of objects is written.
  public var writesInstances = false
  /// Whether objects' outlines are written.
  public var writesOutlines = false
  /// How far, in pixels, a corner of an outline may lie from a line that leaves it out.
  public var simplification = 0.0
  /// Whether files that are there are replaced.
  public var overwrites = false

  /// A mask and nothing besides.
  public init() {}

  /// Whether objects are looked for.
  var wantsInstances: Bool { writesInstances || writesOutlines }

  /// Whether the map of classes has to be held whole, and cannot be written as it is made.
  var needsWholeMap: Bool { wantsInstances || drawsOverlay || postProcessing.changesLabels }

  /// What the whole map is held for, for messages.
  var wholeMapReason: String {
    if drawsOverlay { return "an overlay" }
    return wantsInstances ? "telling objects apart" : "cleaning the mask"
  }

  /// The most bytes that the whole map of an image takes with all that is made of it.
  func mapByteCount(_ info: Image.Info) -> Int {
    guard needsWholeMap else { return 0 }
    let pixels = info.width.saturatingProduct(info.height)
    var bytesPerPixel = 1
    if postProcessing.changesLabels { bytesPerPixel = 8 }
    if wantsInstances { bytesPerPixel = max(bytesPerPixel, postProcessing.splitting == nil ? 6 : 10) }
    // The image, as it is and drawn on, and its map as the overlay reads it.
    if drawsOverlay {
      bytesPerPixel = max(bytesPerPixel, 16 + info.channels * (info.bitsPerSample > 8 ? 2 : 1))
    }
    return pixels.saturatingProduct(bytesPerPixel)
  }

  /// What is asked for that there is for images only, by the command line's names.
  var namesForImages: [String] {
    let standard = Self()
    let (processing, none) = (postProcessing, standard.postProcessing)
    let parts = [
      ("overlay", drawsOverlay), ("tile", options.tile != nil),
      ("batch-size", options.batchSize != standard.options.batchSize),
      ("tta", options.augmentation != standard.options.augmentation),
      ("probabilities", probabilities != nil), ("inference-depth", inferenceDepth != nil),
      ("min-size", processing.minimumSize != none.minimumSize),
      ("fill-holes", processing.largestHole != none.largestHole), ("instances", writesInstances),
      ("geojson", writesOutlines), ("split", processing.splitting != nil),
      ("simplify", simplification != standard.simplification),
    ]
    return parts.filter(\.1).map(\.0)
  }

  /// - Throws: ``MartletError`` naming what cannot be meant.
  public func check() throws {
    try options.check()
    try postProcessing.check()
    try require(
      postProcessing.splitting == nil || wantsInstances, "split",
      "expected --instances or --geojson with it, since masks of classes do not tell objects apart")
    try require(
      simplification == 0 || writesOutlines, "simplify", "expected --geojson with it, got none")
    try require(
      simplification >= 0 && simplification.isFinite, "simplify",
      "expected a distance of 0 pixels or more, got \(simplification)")
  }
}
