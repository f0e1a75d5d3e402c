import Martlet

extension Image {
  /// The image as a network takes it: float32 [1, C, H, W], with the normalization's channels, continued by
  /// reflection at the right and at the bottom until both sides are multiples of a number.
  ///
  /// It is what ``BatchLoader`` makes of the image with ``SampleFrame/whole(multipleOf:)``. Crop what comes
  /// out of the network to the image's size.
  ///
  /// - Throws: ``MartletError`` for a normalization of other than 1 or 3 channels, or a multiple outside 1 to 32,768.
  public func networkInput(_ normalization: Normalization, multipleOf multiple: Int = 1) throws -> Tensor {
    let channels = normalization.channels
    try require(
      channels == 1 || channels == 3, "image", "expected a normalization of 1 or 3 channels, got \(channels)")
    let frame = SampleFrame.whole(multipleOf: multiple)
    try frame.check()
    let (frameWidth, frameHeight) = frame.size(imageWidth: width, imageHeight: height)
    let sample = LabeledImage(
      image: withChannels(channels),
      labels: LabelMap(width: width, height: height, values: Array(repeating: 0, count: width * height)))
    var labels = [UInt8](repeating: 0, count: frameWidth * frameHeight)
    return try Tensor(type: TensorType([1, channels, frameHeight, frameWidth], .float32, .channelsLast)) {
      (pixels: UnsafeMutableBufferPointer<Float>) in
      try labels.withUnsafeMutableBufferPointer { labels in
        try AugmentationPipeline.none.write(
          .init(count: 1) { _ in sample }, AugmentationDraws(seed: 0, epoch: 0, sampleIndex: 0), frame,
          normalization,
          WindowPixels(pixels, width: frameWidth, height: frameHeight, channels: channels), labels)
      }
    }
  }
}
