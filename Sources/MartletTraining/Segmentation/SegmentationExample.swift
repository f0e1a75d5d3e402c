import Martlet
import MartletData

/// One image with truth and prediction drawn over it, as PNG files.
struct SegmentationExample {
  var input: [UInt8]
  var truth: [UInt8]
  var prediction: [UInt8]
}

extension SegmentationExample {
  /// - Parameter index: The image's position in the dataset.
  init(_ data: SegmentationDataset, _ index: Int, _ predictor: SegmentationPredictor, side: Int = 512) throws
  {
    let sample = try data.load(index)
    let palette = ClassPalette(data.classes)
    let image = sample.image.convertedToRGB().convertedTo8Bits()
    func drawn(_ labels: LabelMap) throws -> [UInt8] {
      try overlay(image, mask: labels.image, palette: palette, ignoredIndex: Int(LabelMap.ignored))
        .thumbnail(side: side).encoded(as: .png)
    }
    self.init(
      input: try image.thumbnail(side: side).encoded(as: .png), truth: try drawn(sample.labels),
      prediction: try drawn(predictor.fittingLabels(of: sample.image)))
  }
}

extension SegmentationPredictor {
  /// The class of each pixel of an image, which is predicted in windows where it takes too much memory whole.
  fileprivate func fittingLabels(of image: Image) throws -> LabelMap {
    let regions = ImageRegions(image)
    var labels: [UInt8] = []
    try predict(regions, fittingPlan(for: regions)) { labels += $0.labels }
    return LabelMap(width: image.width, height: image.height, values: labels)
  }
}

extension SegmentationPredictor {
  /// A plan with the usual limit of memory, or with as little more as an image that is already held takes.
  private func fittingPlan(for regions: any RegionReader) throws -> PredictionPlan {
    var options = PredictionOptions()
    while options.memoryLimit < 1 << 40 {
      if let plan = try? plan(for: regions, options) { return plan }
      options.memoryLimit *= 2
    }
    return try plan(for: regions, options)
  }
}

extension LabelMap {
  /// The classes as a picture of one channel.
  public var image: Image { Image(width: width, height: height, channels: 1, samples: .uint8(values)) }
}

extension ClassPalette {
  /// The colours of a class table, or the standard ones.
  public init(_ classes: [SegmentationClass]) {
    let own = classes.compactMap(\.color).map { Image.Color(red: $0.red, green: $0.green, blue: $0.blue) }
    self = own.count == classes.count ? ClassPalette(colors: own) : ClassPalette(count: classes.count)
  }
}
