import Martlet

/// Draws a mask over a picture: each class but the background tinted in its colour, with a crisp line in the full
/// colour along its borders.
///
/// - Parameters:
///   - image: Any picture. It is shown as 8-bit RGB.
///   - mask: Class indices, one channel, the picture's size. Index 0 is left clear.
///   - opacity: How much of the tint is laid over areas, 0 to 1.
///   - ignoredIndex: A class that is left clear too, such as 255 for "unlabelled".
/// - Returns: An 8-bit RGB picture of the same size.
/// - Throws: ``MartletError`` when the mask has another size or several channels.
public func overlay(
  _ image: Image, mask: Image, palette: ClassPalette = ClassPalette(count: 8), opacity: Double = 0.4,
  ignoredIndex: Int? = nil
) throws -> Image {
  let map = try ClassMap(mask, for: image, called: "mask", operation: "overlay")
  try require((0...1).contains(opacity), "overlay", "expected an opacity of 0 to 1, got \(opacity)")
  var canvas = Canvas(image)
  let reach = map.outlineWidth
  for y in 0..<map.height {
    for x in 0..<map.width {
      let pixel = y * map.width + x
      let index = map.classes[pixel]
      guard index != 0, index != ignoredIndex else { continue }
      let isBorder = map.isBorder(x: x, y: y, reach: reach)
      canvas.blend(palette[index], into: pixel, opacity: isBorder ? 0.95 : Float(opacity))
    }
  }
  return canvas.image
}

/// The colours in which ``comparison(_:truth:prediction:ignoredIndex:)`` shows what a prediction got right and
/// wrong, for legends. They differ in lightness as well as in hue.
public enum ComparisonColor: CaseIterable, Hashable, Sendable {
  /// Truth and prediction agree on a class other than the background.
  case agreement
  /// Predicted where the truth is background.
  case falsePositive
  /// Missed: background where the truth is not.
  case falseNegative
  /// One class taken for another.
  case confusion

  /// Green for agreement, orange for false positives, light blue for false negatives, yellow for confusion.
  public var color: Image.Color {
    switch self {
    case .agreement: Image.Color(red: 0, green: 158, blue: 115)
    case .falsePositive: Image.Color(red: 230, green: 75, blue: 0)
    case .falseNegative: Image.Color(red: 86, green: 180, blue: 255)
    case .confusion: Image.Color(red: 240, green: 228, blue: 66)
    }
  }
}

/// Draws how a prediction differs from the truth over a picture that is taken back to grey: agreement, false
/// positives, false negatives and confused classes each in a colour of ``ComparisonColor``, and the truth's borders
/// as a fine white line.
///
/// - Parameters:
///   - truth: Class indices, one channel, the picture's size.
///   - prediction: Class indices likewise.
///   - ignoredIndex: A class of the truth that is not judged.
/// - Returns: An 8-bit RGB picture of the same size.
/// - Throws: ``MartletError`` when a mask has another size or several channels.
public func comparison(
  _ image: Image, truth: Image, prediction: Image, ignoredIndex: Int? = nil
) throws -> Image {
  let expected = try ClassMap(truth, for: image, called: "true mask", operation: "comparison")
  let predicted = try ClassMap(prediction, for: image, called: "predicted mask", operation: "comparison")
  var canvas = Canvas(image)
  canvas.desaturate(by: 0.85)
  let reach = expected.outlineWidth
  for y in 0..<expected.height {
    for x in 0..<expected.width {
      let pixel = y * expected.width + x
      let truth = expected.classes[pixel]
      let guess = predicted.classes[pixel]
      if truth == ignoredIndex { continue }
      if truth == guess {
        if truth != 0 { canvas.blend(ComparisonColor.agreement.color, into: pixel, opacity: 0.42) }
      } else {
        let kind: ComparisonColor = truth == 0 ? .falsePositive : guess == 0 ? .falseNegative : .confusion
        canvas.blend(kind.color, into: pixel, opacity: 0.85)
      }
      if truth != 0, expected.isBorder(x: x, y: y, reach: reach) {
        canvas.blend(Image.Color(red: 255, green: 255, blue: 255), into: pixel, opacity: 0.6)
      }
    }
  }
  return canvas.image
}
