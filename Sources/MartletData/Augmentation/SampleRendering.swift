import Martlet

/// What part of an image a network is given.
public enum SampleFrame: Hashable, Sendable {
  /// A window of a fixed size: a random part of larger images, smaller ones are continued by reflection.
  case window(width: Int, height: Int)
  /// The whole image, continued by reflection at the right and at the bottom until both sides are multiples
  /// of a number. Labels are ``LabelMap/ignored`` there.
  case whole(multipleOf: Int)

  /// The frame's size for an image.
  ///
  /// - Precondition: A multiple is 1 or more.
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
  /// The frame's, in pixels; see ``SampleFrame/size(imageWidth:imageHeight:)``.
  public let width: Int
  /// The frame's, in pixels.
  public let height: Int
  /// Normalised values, rows from the top, channels interleaved.
  public let pixels: [Float]
  /// The class of each pixel, or ``LabelMap/ignored``.
  public let labels: [UInt8]
}

extension AugmentationPipeline {
  /// A sample as training sees it in an epoch: the same for the same seed, epoch and index, always.
  ///
  /// With ``SampleFrame/whole(multipleOf:)`` nothing is drawn and nothing changed. A sample on its own is mixed with no
  /// other: for that see ``BatchLoader``.
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
      [1, 3].contains(sample.image.channels), "augmentation",
      "expected an image of 1 or 3 channels, got \(sample.image.channels)")
    try require(
      normalization.channels == sample.image.channels, "augmentation",
      "expected a normalization of \(sample.image.channels) channels, got \(normalization.channels)")
    let (width, height) = frame.size(imageWidth: sample.image.width, imageHeight: sample.image.height)
    let draws = AugmentationDraws(seed: seed, epoch: epoch, sampleIndex: sampleIndex)
    var labels = [UInt8](repeating: 0, count: width * height)
    var pixels = [Float](repeating: 0, count: width * height * sample.image.channels)
    try pixels.withUnsafeMutableBufferPointer { pixels in
      try labels.withUnsafeMutableBufferPointer { labels in
        try write(
          .init(count: 1) { _ in sample }, draws, frame, normalization,
          WindowPixels(pixels, width: width, height: height, channels: sample.image.channels), labels)
      }
    }
    return RenderedSample(width: width, height: height, pixels: pixels, labels: labels)
  }

  /// Where samples come from, for windows that hold parts of several.
  struct Samples {
    let count: Int
    let load: (Int) throws -> LabeledImage
  }

  /// Writes a sample into memory of the frame's size, all arguments checked.
  func write(
    _ samples: Samples, _ draws: AugmentationDraws, _ frame: SampleFrame, _ normalization: Normalization,
    _ window: WindowPixels, _ labels: UnsafeMutableBufferPointer<UInt8>
  ) throws {
    switch frame {
    case .window:
      let mixed = MixedWindow(
        self, draws, sampleCount: samples.count, width: window.width, height: window.height)
      for part in mixed.parts { try write(part, samples, window, labels) }
      CutOutRegions(cutOut, draws, width: window.width, height: window.height)?
        .cover(window, labels, color: normalization.mean)
    case .whole:
      let geometry = WindowGeometry(paddedWidth: window.width, paddedHeight: window.height)
      geometry.sample(
        try samples.load(draws.sampleIndex), fill: .ignore, pixels: window.values, labels: labels)
    }
    normalization.apply(window.values)
  }

  /// Writes one part of a window, which is a window of its own.
  private func write(
    _ part: MixedWindow.Part, _ samples: Samples, _ window: WindowPixels,
    _ labels: UnsafeMutableBufferPointer<UInt8>
  ) throws {
    let sample = try samples.load(part.sampleIndex)
    let region = part.region
    if region.width == window.width && region.height == window.height {
      return render(sample, part.draws, window, labels)
    }
    let channels = window.channels
    var partValues = [Float](repeating: 0, count: region.width * region.height * channels)
    var partLabels = [UInt8](repeating: 0, count: region.width * region.height)
    partValues.withUnsafeMutableBufferPointer { values in
      partLabels.withUnsafeMutableBufferPointer { labels in
        render(
          sample, part.draws,
          WindowPixels(values, width: region.width, height: region.height, channels: channels), labels)
      }
    }
    for row in 0..<region.height {
      for column in 0..<region.width {
        let from = row * region.width + column
        let to = (region.y + row) * window.width + region.x + column
        labels[to] = partLabels[from]
        for channel in 0..<channels {
          window.values[to * channels + channel] = partValues[from * channels + channel]
        }
      }
    }
  }

  /// Crops and changes one sample.
  private func render(
    _ sample: LabeledImage, _ draws: AugmentationDraws, _ window: WindowPixels,
    _ labels: UnsafeMutableBufferPointer<UInt8>
  ) {
    var transform = SampleTransform(self, draws)
    transform.aim(at: sample.labels, cropClass)
    let geometry = WindowGeometry(
      width: window.width, height: window.height, imageWidth: sample.image.width,
      imageHeight: sample.image.height, transform)
    geometry.sample(sample, fill: fill, pixels: window.values, labels: labels)
    transform.changeValues(window)
  }
}
