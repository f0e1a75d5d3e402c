/// The colours that classes are drawn in.
///
/// Class 0 is the background: black in masks, clear in overlays. The next seven are those of Okabe and Ito ("Color
/// Universal Design", 2008), which people with any kind of colour vision tell apart; further ones go round the
/// colour circle by the golden angle in three lightnesses.
public struct ClassPalette: Hashable, Sendable {
  /// One colour a class, from class 0 on.
  public var colors: [Image.Color]

  /// A palette of the standard colours for `count` classes, the background among them.
  public init(count: Int) { colors = (0..<max(count, 0)).map { ClassPalette.standardColor($0) } }

  /// A palette of given colours, such as those of a class table.
  public init(colors: [Image.Color]) { self.colors = colors }

  /// The colour of a class. Classes past the palette's end have their standard colour.
  public subscript(index: Int) -> Image.Color {
    colors.indices.contains(index) ? colors[index] : ClassPalette.standardColor(index)
  }

  private static let first: [(UInt8, UInt8, UInt8)] = [
    (0, 0, 0),
    (230, 159, 0),  // orange
    (86, 180, 233),  // sky blue
    (0, 158, 115),  // bluish green
    (213, 94, 0),  // vermilion
    (204, 121, 167),  // reddish purple
    (0, 114, 178),  // blue
    (240, 228, 66),  // yellow
  ]

  private static func standardColor(_ index: Int) -> Image.Color {
    if first.indices.contains(index) {
      let (red, green, blue) = first[index]
      return Image.Color(red: red, green: green, blue: blue)
    }
    let number = Double(abs(index) - first.count)
    let turn = number * 0.618_033_988_75 + 0.13
    let lightness = [0.55, 0.38, 0.72][abs(index) % 3]
    return color(hue: turn - turn.rounded(.down), saturation: 0.72, lightness: lightness)
  }

  private static func color(hue: Double, saturation: Double, lightness: Double) -> Image.Color {
    let spread = saturation * min(lightness, 1 - lightness)
    func part(_ offset: Double) -> UInt8 {
      let k = (offset + hue * 12).truncatingRemainder(dividingBy: 12)
      return UInt8((lightness - spread * max(-1, min(k - 3, 9 - k, 1))) * 255 + 0.5)
    }
    return Image.Color(red: part(0), green: part(8), blue: part(4))
  }
}
