import Martlet
import MartletData
import MartletInterchange
import MartletModels

/// Gives each pixel of an image its class.
public final class SegmentationPredictor: Sendable {
  /// The network's configuration, its classes, and how pixels become its input.
  public let description: SegmentationModelDescription
  /// Classes that there are probabilities of.
  public let classCount: Int
  /// From images to logits.
  let logits: Predictor

  /// Freezes a network, which from now on is the predictor's: see ``Predictor``.
  public init(
    network: sending any SegmentationModel, description: SegmentationModelDescription,
    numerics: Numerics = .current, tuning: Tuning = .modelled
  ) {
    self.description = description
    classCount = network.classCount
    logits = Predictor(numerics: numerics, tuning: tuning) { [try network.logits($0[0])] }
  }

  /// Starts from a file that ``packedModel(for:source:)`` was written to.
  ///
  /// - Throws: ``MartletError`` when the file is for no network for images, or its constants are not those that this
  ///   program would make.
  public init(packed: PackedModel, numerics: Numerics = .current, tuning: Tuning = .modelled) throws {
    let description = try SegmentationModelDescription(packed: packed)
    let network = try withoutInitialValues { try description.makeNetwork() }
    self.description = description
    classCount = network.classCount
    logits = try Predictor(packed: packed.constants, numerics: numerics, tuning: tuning) {
      [try network.logits($0[0])]
    }
  }

  /// For a network that somebody else goes on using, and that does not change while it is predicted with.
  init(
    borrowing network: any SegmentationModel, description: SegmentationModelDescription,
    numerics: Numerics = .current
  ) {
    self.description = description
    classCount = network.classCount
    logits = .borrowing(numerics: numerics) { [try network.logits($0[0])] }
  }

  /// Has the memory for windows of a layout made while something else is done.
  func prepare(_ layout: WindowLayout) throws { try logits.prepareMemory(for: [inputType(layout)]) }

  /// The class of each pixel of an image that is predicted whole.
  ///
  /// - Throws: ``MartletError`` when memory is short.
  public func labels(of image: Image) throws -> LabelMap {
    let input = try image.networkInput(description.normalization)
    let classes = try logits(input).argmax(axis: 1).cast(to: .uint8).scalars(UInt8.self)
    return LabelMap(width: image.width, height: image.height, values: classes)
  }

  /// The probabilities of an image that is predicted whole, pixels of one class after those of the other.
  ///
  /// - Throws: ``MartletError`` when memory is short.
  func probabilities(of image: Image) throws -> [Float] {
    try logits(image.networkInput(description.normalization)).softmax(axis: 1).scalars()
  }

  /// The windows that an image is to be predicted in, and what that takes.
  ///
  /// - Throws: ``MartletError`` when the options cannot be meant, or the image takes more than their memory however
  ///   it is cut.
  public func plan(for regions: any RegionReader, _ options: PredictionOptions) throws -> PredictionPlan {
    try options.check()
    let (info, limit) = (regions.info, options.memoryLimit)
    // Where pixels alone are too many nothing is planned for them.
    func byteCount(_ layout: WindowLayout) throws -> Int {
      let pixels = regions.heldByteCount.saturatingSum(
        layout.byteCount(info, classCount: classCount))
      return pixels > limit ? pixels : pixels.saturatingSum(try networkByteCount(layout))
    }
    if options.tile == nil {
      let whole = options.layout(whole: info)
      let byteCount = try byteCount(whole)
      if byteCount <= limit { return PredictionPlan(layout: whole, byteCount: byteCount, isWhole: true) }
    }
    let layout = options.layout(tile: options.tile ?? PredictionOptions.standardTile)
    let needed = try byteCount(layout)
    try require(
      needed <= limit, "predict",
      "\(info.width)×\(info.height) pixels in windows of \(layout.tile) take \(byteText(needed)), more than the limit "
        + "of \(byteText(limit)): take smaller windows or allow more")
    return PredictionPlan(layout: layout, byteCount: needed, isWhole: false)
  }

  /// Predicts an image window by window and passes on its rows from the top down.
  ///
  /// - Throws: ``MartletError`` when a part of the image cannot be read or memory is short; whatever `body` throws.
  public func predict(
    _ regions: any RegionReader, _ plan: PredictionPlan, _ body: (PredictedRows) throws -> Void
  ) throws {
    let windows = try SlidingWindow(
      plan.layout, normalization: description.normalization, classCount: classCount
    ) { [logits] in try logits($0).softmax(axis: 1).converted(to: .channelsLast) }
    try windows.predict(regions, body)
  }

  /// Bytes that the network takes for a batch of windows: values between, the windows, logits and probabilities, and
  /// what these are brought into another order in.
  private func networkByteCount(_ layout: WindowLayout) throws -> Int {
    let pixels = layout.batchSize * layout.tile.height * layout.tile.width
    return try logits.prepare(for: [inputType(layout)]).arenaByteCount
      + pixels * 4 * (description.normalization.channels + 3 * classCount)
  }

  /// Of a batch of windows.
  func inputType(_ layout: WindowLayout) -> TensorType {
    TensorType(
      [layout.batchSize, description.normalization.channels, layout.tile.height, layout.tile.width], .float32,
      .channelsLast)
  }
}

/// How an image is predicted.
public struct PredictionPlan: Hashable, Sendable {
  /// One window of the image's size where ``isWhole``.
  public var layout: WindowLayout
  /// Bytes that it takes, besides the network's weights.
  public var byteCount: Int
  /// Whether one window holds the whole image.
  public var isWhole: Bool
}
