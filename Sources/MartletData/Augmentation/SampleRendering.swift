import Martlet

/// What part of an image a network is given.
public enum SampleFrame: Hashable, Sendable {
  /// A window of a fixed size: a random part of larger images, smaller ones are continued by reflection.
  case window(width: Int, height: Int)
  /// The whole image, continued by reflection at the right and at the bottom until both sides are multiples
  /// of a number. Labels are ``LabelMap/ignored`` there.
  case whole(multipleOf: Int)

  /// The frame's size for an image.
  public func size(imageWidth: Int, imageHeight: Int) -> (width: Int, height: Int) {
    switch self {
    case .window(let width, let height): return (width, height)
    case .whole(let multiple):
      return (
        (imageWidth + multiple - 1) / multiple * multiple, (imageHeight + multiple - 1) / multiple * multiple
      )
    }
  }

  func check() throws {
    switch self {
    case .window(let width, let height):
      try require(
        width > 0 && height > 0 && width <= 1 << 15 && height <= 1 << 15, "augmentation",
        "expected a window from 1×1 to 32768×32768, got \(width)×\(height)")
    case .whole(let multiple):
      try require(
        multiple > 0 && multiple <= 1 << 15, "augmentation",
        "expected a multiple from 1 to 32768, got \(multiple)")
    }
  }
}

/// A sample as a network takes it.
public struct RenderedSample: Hashable, Sendable {
  public let width: Int
  public let height: Int
  /// Normalised values, rows from the top, channels interleaved.
  public let pixels: [Float]
  /// The class of each pixel, or ``LabelMap/ignored``.
  public let labels: [UInt8]
}

extension AugmentationPipeline {
  /// A sample as training sees it in an epoch: the same for the same seed, epoch and index, always.
  ///
  /// With ``SampleFrame/whole(multipleOf:)`` nothing is drawn and nothing changed.
  ///
  /// - Throws: ``MartletError`` where the pipeline, the frame or the normalisation's channels cannot be
  ///   meant.
  public func render(
    _ sample: LabeledImage, frame: SampleFrame, normalization: Normalization, seed: UInt64, epoch: Int,
    sampleIndex: Int
  ) throws -> RenderedSample {
    try check()
    try frame.check()
    try require(
      normalization.channels == sample.image.channels, "augmentation",
      "expected a normalization of \(sample.image.channels) channels, got \(normalization.channels)")
    let (width, height) = frame.size(imageWidth: sample.image.width, imageHeight: sample.image.height)
    var labels: [UInt8] = []
    let pixels = [Float](unsafeUninitializedCapacity: width * height * sample.image.channels) {
      pixels, count in
      count = width * height * sample.image.channels
      labels = [UInt8](unsafeUninitializedCapacity: width * height) { labels, labelCount in
        labelCount = width * height
        write(
          sample, frame, normalization, seed, epoch, sampleIndex,
          pixels: UnsafeMutableBufferPointer(rebasing: pixels[..<count]),
          labels: UnsafeMutableBufferPointer(rebasing: labels[..<labelCount]))
      }
    }
    return RenderedSample(width: width, height: height, pixels: pixels, labels: labels)
  }

  /// Writes a sample into memory of the frame's size, all arguments checked.
  func write(
    _ sample: LabeledImage, _ frame: SampleFrame, _ normalization: Normalization, _ seed: UInt64,
    _ epoch: Int,
    _ sampleIndex: Int, pixels: UnsafeMutableBufferPointer<Float>, labels: UnsafeMutableBufferPointer<UInt8>
  ) {
    let image = sample.image
    let (width, height) = frame.size(imageWidth: image.width, imageHeight: image.height)
    switch frame {
    case .window:
      let transform = SampleTransform(self, seed: seed, epoch: epoch, sampleIndex: sampleIndex)
      let geometry = WindowGeometry(
        width: width, height: height, imageWidth: image.width, imageHeight: image.height, transform)
      geometry.sample(sample, fill: fill, pixels: pixels, labels: labels)
      transform.changeValues(pixels)
    case .whole:
      let geometry = WindowGeometry(paddedWidth: width, paddedHeight: height)
      geometry.sample(sample, fill: .ignore, pixels: pixels, labels: labels)
    }
    normalization.apply(pixels)
  }
}
