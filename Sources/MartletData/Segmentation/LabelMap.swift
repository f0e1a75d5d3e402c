/// The class of each pixel of an image, rows from the top.
public struct LabelMap: Hashable, Sendable {
  /// The label of pixels that count in no loss and no metric.
  public static let ignored: UInt8 = 255
  /// Labels are bytes, and one value is ``ignored``.
  public static let largestClassCount = 255

  /// In pixels.
  public let width: Int
  /// In pixels.
  public let height: Int
  /// width × height class indices, or ``ignored``.
  public let values: [UInt8]

  /// - Precondition: there are width × height values.
  public init(width: Int, height: Int, values: [UInt8]) {
    precondition(values.count == width * height, "a label map's values must fill it")
    self.width = width
    self.height = height
    self.values = values
  }
}

/// A decoded sample: the image, with the dataset's number of channels, and the class of each of its pixels.
public struct LabeledImage: Hashable, Sendable {
  /// Of 1 or 3 channels where it comes from a dataset.
  public let image: Image
  /// Of the image's size.
  public let labels: LabelMap

  /// - Precondition: both are of one size.
  public init(image: Image, labels: LabelMap) {
    precondition(
      image.width == labels.width && image.height == labels.height,
      "an image and its labels must be of one size")
    self.image = image
    self.labels = labels
  }

  /// Bytes that the decoded sample holds.
  var byteCount: Int {
    let sampleBytes =
      switch image.samples {
      case .uint8: 1
      case .uint16: 2
      }
    return image.samples.count * sampleBytes + labels.values.count
  }
}
