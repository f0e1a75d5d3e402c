import Martlet
import MartletData
import MartletModels

/// Gives each pixel of an image its class.
public final class SegmentationPredictor {
  public let description: SegmentationModelDescription
  /// Classes that there are probabilities of.
  public var classCount: Int { network.classCount }
  private let network: any SegmentationModel
  private let recordedClasses: RecordedNetwork
  private let recordedProbabilities: RecordedNetwork

  /// - Parameter isFrozen: Whether the network stays as it is: its weights are then prepared once, and it has the task's
  ///   ``Precision``.
  public init(
    network: any SegmentationModel, description: SegmentationModelDescription, numerics: Numerics = .current,
    isFrozen: Bool = false
  ) {
    self.network = network
    self.description = description
    recordedClasses = RecordedNetwork(isFrozen: isFrozen, numerics: numerics) {
      [try network.logits($0[0]).argmax(axis: 1).cast(to: .uint8)]
    }
    recordedProbabilities = RecordedNetwork(isFrozen: isFrozen, numerics: numerics) {
      [try network.logits($0[0]).softmax(axis: 1).converted(to: .channelsLast)]
    }
  }

  /// The class of each pixel of an image that is predicted whole.
  ///
  /// - Throws: ``MartletError`` when memory is short.
  public func labels(of image: Image) throws -> LabelMap {
    let input = try image.networkInput(description.normalization)
    let values = try recordedClasses([input])[0].scalars(UInt8.self)
    return LabelMap(width: image.width, height: image.height, values: values)
  }

  /// The probabilities of an image that is predicted whole, pixels of one class after those of the other.
  ///
  /// - Throws: ``MartletError`` when memory is short.
  func probabilities(of image: Image) throws -> [Float] {
    try recordedProbabilities([image.networkInput(description.normalization)])[0].scalars()
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
        layout.byteCount(info, classCount: network.classCount))
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
      plan.layout, normalization: description.normalization, classCount: network.classCount
    ) { [self] in try recordedProbabilities([$0])[0] }
    try windows.predict(regions, body)
  }

  /// Bytes that the network takes for a batch of windows: values between, the windows and the probabilities.
  private func networkByteCount(_ layout: WindowLayout) throws -> Int {
    let (tile, batch) = (layout.tile, layout.batchSize)
    let channels = description.normalization.channels
    let type = TensorType([batch, channels, tile.height, tile.width], .float32, .channelsLast)
    let pixels = batch * tile.height * tile.width
    return try recordedProbabilities.plan(for: [type]).arenaByteCount + pixels * 4
      * (channels + network.classCount)
  }
}

/// How an image is predicted.
public struct PredictionPlan: Hashable, Sendable {
  public var layout: WindowLayout
  /// Bytes that it takes, besides the network's weights.
  public var byteCount: Int
  /// Whether one window holds the whole image.
  public var isWhole: Bool
}
