/// Contrast limited adaptive histogram equalization.
///
/// The window is cut into tiles (continued by reflection until they are of one size). Each tile's histogram of 256
/// steps is cut at a limit, what was cut off is spread over all steps, and its sums make a map of values. A pixel
/// goes through the maps of the four tiles around it, interpolated between their middles. This is what OpenCV's
/// `createCLAHE` computes for 8 bits, save that the result is not rounded to 8 bits and that values between two of
/// the 256 steps are interpolated, so that 16-bit images keep their depth.
///
/// In colour images the lightness CIE L* of sRGB is equalised, with a* and b* kept.
struct ContrastEqualization: Hashable, Sendable {
  /// How many times a step may be as frequent as in a flat histogram.
  let clipLimit: Double
  /// Along each side.
  let tiles: Int

  func apply(to window: WindowPixels) {
    guard window.channels == 3 else {
      let levels = window.values.map { $0 * 255 }
      let equalized = equalize(levels, window.width, window.height)
      for index in window.values.indices { window.values[index] = WindowPixels.cut(equalized[index] / 255) }
      return
    }
    var colors: [LabColor] = []
    colors.reserveCapacity(window.width * window.height)
    for first in stride(from: 0, to: window.values.count, by: 3) {
      colors.append(
        LabColor(red: window.values[first], green: window.values[first + 1], blue: window.values[first + 2]))
    }
    let levels = colors.map { min(max($0.lightness * 2.55, 0), 255) }
    let equalized = equalize(levels, window.width, window.height)
    for (pixel, level) in equalized.enumerated() {
      colors[pixel].lightness = level / 2.55
      let color = colors[pixel].rgb
      for channel in 0..<3 { window.values[3 * pixel + channel] = WindowPixels.cut(color[channel]) }
    }
  }

  /// Equalises levels from 0 to 255.
  func equalize(_ levels: [Float], _ width: Int, _ height: Int) -> [Float] {
    // As OpenCV has it: where either side has to be continued both are, by a whole row of tiles if need be.
    let isEven = width % tiles == 0 && height % tiles == 0
    let tileWidth = (width + (isEven ? 0 : tiles - width % tiles)) / tiles
    let tileHeight = (height + (isEven ? 0 : tiles - height % tiles)) / tiles
    let steps = levels.map { UInt8(min(max($0 + 0.5, 0), 255)) }

    var maps = [Float](repeating: 0, count: tiles * tiles * 256)
    for tile in 0..<tiles * tiles {
      var histogram = [Int](repeating: 0, count: 256)
      let (left, top) = (tile % tiles * tileWidth, tile / tiles * tileHeight)
      for y in top..<top + tileHeight {
        let row = reflected(y, height) * width
        for x in left..<left + tileWidth { histogram[Int(steps[row + reflected(x, width)])] += 1 }
      }
      clip(&histogram, tileWidth * tileHeight)
      var sum = 0
      let unit = 255 / Float(tileWidth * tileHeight)
      for step in 0..<256 {
        sum += histogram[step]
        maps[tile * 256 + step] = min((Float(sum) * unit).rounded(.toNearestOrEven), 255)
      }
    }

    let across = TileBlend.places(width, tileWidth, tiles)
    let down = TileBlend.places(height, tileHeight, tiles)
    var result: [Float] = []
    result.reserveCapacity(levels.count)
    for y in 0..<height {
      let row = down[y]
      for x in 0..<width {
        let column = across[x]
        let level = min(max(levels[y * width + x], 0), 255)
        let step = min(Int(level), 254)
        let between = level - Float(step)
        func mapped(_ tile: Int) -> Float {
          let below = maps[tile * 256 + step]
          return below + (maps[tile * 256 + step + 1] - below) * between
        }
        let upper = row.first * tiles
        let lower = row.second * tiles
        let above =
          mapped(upper + column.first) * (1 - column.share) + mapped(upper + column.second) * column.share
        let below =
          mapped(lower + column.first) * (1 - column.share) + mapped(lower + column.second) * column.share
        result.append(above * (1 - row.share) + below * row.share)
      }
    }
    return result
  }

  /// Cuts a tile's histogram at the limit and spreads what was cut off.
  private func clip(_ histogram: inout [Int], _ area: Int) {
    let limit = max(Int(clipLimit * Double(area) / 256), 1)
    var excess = 0
    for step in 0..<256 where histogram[step] > limit {
      excess += histogram[step] - limit
      histogram[step] = limit
    }
    let share = excess / 256
    for step in 0..<256 { histogram[step] += share }
    var rest = excess - share * 256
    if rest == 0 { return }
    for step in stride(from: 0, to: 256, by: max(256 / rest, 1)) where rest > 0 {
      histogram[step] += 1
      rest -= 1
    }
  }

  /// The two tiles whose maps a row or column of pixels takes, and how much of the second.
  private struct TileBlend {
    let first: Int
    let second: Int
    let share: Float

    static func places(_ count: Int, _ tileSize: Int, _ tiles: Int) -> [TileBlend] {
      let inverse = 1 / Float(tileSize)
      return (0..<count).map { pixel in
        let place = Float(pixel) * inverse - 0.5
        let tile = place.rounded(.down)
        return TileBlend(
          first: max(Int(tile), 0), second: min(Int(tile) + 1, tiles - 1), share: place - tile)
      }
    }
  }
}
