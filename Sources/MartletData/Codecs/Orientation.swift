/// Where a stored picture's first row and first column belong, numbered as in TIFF 6.0 (field 274) and Exif.
enum Orientation: Int, CaseIterable {
  case upright = 1
  case mirrored = 2
  case halfTurn = 3
  case flipped = 4
  case transposed = 5
  case quarterTurnClockwise = 6
  case transverse = 7
  case quarterTurnCounterclockwise = 8

  /// Whether the upright picture is as wide as the stored one is high.
  var swapsSides: Bool { rawValue >= 5 }
}

extension Image {
  /// The upright picture of one stored in `orientation`.
  func upright(from orientation: Orientation) -> Image {
    guard orientation != .upright else { return self }
    switch samples {
    case .uint8(let values): return turned(values, orientation) { .uint8($0) }
    case .uint16(let values): return turned(values, orientation) { .uint16($0) }
    }
  }

  private func turned<Sample>(
    _ values: [Sample], _ orientation: Orientation, _ wrap: ([Sample]) -> Samples
  ) -> Image {
    let newWidth = orientation.swapsSides ? height : width
    let newHeight = orientation.swapsSides ? width : height
    var turned: [Sample] = []
    turned.reserveCapacity(values.count)
    for y in 0..<newHeight {
      for x in 0..<newWidth {
        let (row, column) =
          switch orientation {
          case .upright: (y, x)
          case .mirrored: (y, width - 1 - x)
          case .halfTurn: (height - 1 - y, width - 1 - x)
          case .flipped: (height - 1 - y, x)
          case .transposed: (x, y)
          case .quarterTurnClockwise: (height - 1 - x, y)
          case .transverse: (height - 1 - x, width - 1 - y)
          case .quarterTurnCounterclockwise: (x, width - 1 - y)
          }
        let start = (row * width + column) * channels
        turned.append(contentsOf: values[start..<start + channels])
      }
    }
    return Image(width: newWidth, height: newHeight, channels: channels, samples: wrap(turned))
  }
}
