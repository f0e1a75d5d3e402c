import Martlet

/// How a mask's pixels name their classes.
public enum MaskEncoding: String, Hashable, Sendable, Codable, CaseIterable {
  /// Found from the masks, see ``SegmentationOptions``.
  case automatic = "auto"
  /// The value of a pixel, or its index where the file has a palette, is the class's index.
  case indices
  /// Two classes. A pixel is foreground from half of the full range on (128 of 8 bits, 32768 of 16), so that
  /// masks which went through JPEG work; in a file with no value above 1, 1 is foreground. A file with larger values,
  /// none of them so large, is an error.
  case binary
  /// Two classes. 0 is background and the largest value of the file's depth (255 of 8 bits, 65535 of 16)
  /// foreground; any other value is an error. This is what ``automatic`` finds in such masks.
  case extremes
  /// Two classes. Everything above 0 is foreground, such as objects' numbers.
  case nonzero
  /// A pixel's colour is looked up in the class table.
  case colors
}

extension MaskEncoding {
  /// Whether there is one foreground, which has no number.
  var hasTwoClasses: Bool { self == .binary || self == .extremes || self == .nonzero }
}

/// What is to be known about a folder of images and masks besides the files.
///
/// With everything left at its default the masks themselves say what they are:
/// - All are grey or have a palette and hold no values but 0 and 255 (65535 with 16 bits): two classes,
///   `background` and `foreground` (``MaskEncoding/extremes``).
/// - All are grey or have a palette, and at least half of the numbers from 0 to the largest value occur:
///   class indices, as many classes as the largest value plus one.
/// - Some hold colours or have a palette, and the class table has colours: colours.
///
/// Anything else is an error that says which option to set. A dataset's ``SegmentationDataset/options`` have
/// all of it settled; give them to the validation set and store them with a model, so that both read masks in
/// the same way. The one exception are masks that annotations or objects' files are drawn to: these leave nothing to be
/// settled, so that the encoding stays ``MaskEncoding/automatic`` and is found for files of masks that come later.
public struct SegmentationOptions: Hashable, Sendable, Codable {
  /// How the pixels of masks name their classes.
  public var encoding: MaskEncoding
  /// The classes in the order of their indices; `nil` takes the number from the masks.
  public var classes: [SegmentationClass]?
  /// The mask value that marks pixels which count in no loss and no metric. Labels hold
  /// ``LabelMap/ignored`` there, whatever this value is.
  public var ignoreIndex: Int?
  /// The same for masks of colours.
  public var ignoreColor: MaskColor?
  /// Channels that images are given with, 1 or 3; `nil` takes 3 if any image has colour, else 1. Grey is
  /// repeated to make colour, colour is weighted to grey as in BT.601, alpha is dropped.
  public var channels: Int?

  public init(
    encoding: MaskEncoding = .automatic, classes: [SegmentationClass]? = nil, ignoreIndex: Int? = nil,
    ignoreColor: MaskColor? = nil, channels: Int? = nil
  ) {
    self.encoding = encoding
    self.classes = classes
    self.ignoreIndex = ignoreIndex
    self.ignoreColor = ignoreColor
    self.channels = channels
  }

  /// Checks what can be checked without files.
  func check() throws {
    if let classes {
      try require(
        (2...LabelMap.largestClassCount).contains(classes.count), "classes",
        "expected 2 to \(LabelMap.largestClassCount) classes, got \(classes.count)")
      try SegmentationClass.check(classes)
      if encoding.hasTwoClasses {
        try require(
          classes.count == 2, "classes", "expected 2 classes for binary masks, got \(classes.count)")
      }
    }
    if encoding == .colors {
      try require(
        classes?.first?.color != nil, "classes",
        "expected a class table with colours, since the masks are colours")
    }
    if let channels {
      try require(
        channels == 1 || channels == 3, "dataset", "expected 1 or 3 image channels, got \(channels)")
    }
    if let ignoreIndex {
      try require(
        (0...65535).contains(ignoreIndex), "dataset",
        "expected an ignore index from 0 to 65535, got \(ignoreIndex)")
    }
    if let ignoreColor, let taken = classes?.first(where: { $0.color == ignoreColor }) {
      throw MartletError(
        "classes", "expected an ignored colour that no class has, got \(ignoreColor) of `\(taken.name)`")
    }
  }
}
