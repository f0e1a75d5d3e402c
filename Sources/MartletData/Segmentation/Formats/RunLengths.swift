/// A mask as the lengths of its runs, of nothing and of something in turn.
struct RunLengths: Sendable {
  /// The part of the image that the runs cover.
  var left = 0
  var top = 0
  var width: Int
  var height: Int
  /// Whether runs go down the columns, as COCO's do, or along the rows.
  var isColumnMajor: Bool
  var counts: [Int]

  func problem(imageWidth: Int?, imageHeight: Int?) -> String? {
    guard width >= 0, height >= 0, width <= 1 << 24, height <= 1 << 24 else {
      return "expected run lengths of a possible size, got \(width)×\(height)"
    }
    if left < 0 || top < 0 || left > 1 << 24 || top > 1 << 24
      || imageWidth.map({ left + width > $0 }) ?? false || imageHeight.map({ top + height > $0 }) ?? false
    {
      return "expected run lengths within the image, got \(width)×\(height) at \(left), \(top)"
    }
    var sum = 0
    for count in counts {
      let (next, overflow) = sum.addingReportingOverflow(count)
      guard count >= 0, !overflow else { return "expected run lengths of 0 or more, got \(count)" }
      sum = next
    }
    return sum == width * height
      ? nil : "expected run lengths that add up to \(width)×\(height) pixels, got \(sum)"
  }

  /// Gives the mask's pixels a label.
  ///
  /// - Precondition: there is no ``problem(imageWidth:imageHeight:)`` with the image.
  func paint(_ label: UInt8, on values: inout [UInt8], width imageWidth: Int) {
    var position = 0
    for (index, count) in counts.enumerated() {
      if index % 2 == 1 {
        for pixel in position..<position + count {
          let column = isColumnMajor ? pixel / height : pixel % width
          let row = isColumnMajor ? pixel % height : pixel / width
          values[(top + row) * imageWidth + left + column] = label
        }
      }
      position += count
    }
  }

  /// The run lengths in COCO's text: each number in groups of five bits from the lowest, 48 added to each, a sixth bit
  /// while more follow, the highest bit of the last group its sign; from the fourth number on, what is stored is the
  /// difference to the one before the last.
  ///
  /// - Returns: `nil` for text that is nothing of the kind.
  static func counts(compressed text: String) -> [Int]? {
    var counts: [Int] = []
    var value = 0
    var shift = 0
    for byte in text.utf8 {
      guard (48..<112).contains(byte), shift <= 45 else { return nil }
      let group = Int(byte) - 48
      value |= (group & 31) << shift
      shift += 5
      if group & 32 != 0 { continue }
      if group & 16 != 0 { value |= -1 << shift }
      if counts.count > 2 { value += counts[counts.count - 2] }
      guard value >= 0, value <= 1 << 50 else { return nil }
      counts.append(value)
      (value, shift) = (0, 0)
    }
    return shift == 0 ? counts : nil
  }
}
