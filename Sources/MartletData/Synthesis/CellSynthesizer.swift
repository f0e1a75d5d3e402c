import Martlet
import MartletKernels

/// Draws microscope-like pictures of cells whose nuclei are known exactly, for trying out a training without any
/// data at hand.
///
/// Picture `index` depends on the seed and on the index alone, and comes out the same on every machine: it is
/// drawn with a counter-based generator and with additions, multiplications, divisions and square roots only.
public struct CellSynthesizer: Sendable {
  /// What kind of microscope a picture seems to come from.
  public enum Appearance: String, Sendable, CaseIterable {
    /// Bright nuclei on a dark ground.
    case fluorescence
    /// Stained nuclei on a light ground.
    case brightfield
    /// One or the other, three in five of them fluorescence.
    case mixed
  }

  /// A picture with its truth, all of the same size.
  public struct Sample: Hashable, Sendable {
    /// The picture, 8-bit RGB.
    public var image: Image
    /// 255 on nuclei and 0 elsewhere, 8 bits.
    public var mask: Image
    /// 0 on the ground and 1, 2, … on each visible nucleus, 16 bits. Where two overlap, the upper one has it.
    public var instances: Image
  }

  /// The width and height of a picture in pixels.
  public let size: Int
  /// What pictures follow from, together with their numbers.
  public let seed: UInt64
  /// What kind of microscope pictures seem to come from.
  public let appearance: Appearance

  /// - Throws: ``MartletError`` unless `size` is between 32 and 4,096.
  public init(size: Int, seed: UInt64, appearance: Appearance = .mixed) throws {
    try require((32...4096).contains(size), "synthesize cells", "expected a size of 32 to 4096, got \(size)")
    self.size = size
    self.seed = seed
    self.appearance = appearance
  }

  /// Draws picture number `index`.
  public func sample(_ index: Int) -> Sample {
    var random = PhiloxGenerator(seed: seed, stream: UInt64(bitPattern: Int64(index)))
    let isFluorescence = random.chance(0.6)
    let cells = CellPlacement.random(&random).cells(width: size, height: size, &random)
    let colors =
      switch appearance {
      case .fluorescence: FluorescenceRenderer(cells: cells, size: size).draw(&random)
      case .brightfield: BrightfieldRenderer(cells: cells, size: size).draw(&random)
      case .mixed:
        isFluorescence
          ? FluorescenceRenderer(cells: cells, size: size).draw(&random)
          : BrightfieldRenderer(cells: cells, size: size).draw(&random)
      }
    let numbers = instanceNumbers(of: cells)
    return Sample(
      image: image(of: colors),
      mask: Image(
        width: size, height: size, channels: 1, samples: .uint8(numbers.map { $0 == 0 ? 0 : 255 })),
      instances: Image(width: size, height: size, channels: 1, samples: .uint16(numbers)))
  }

  /// Numbers the nuclei in the order they were laid down, those that can be seen without gaps.
  private func instanceNumbers(of cells: [Cell]) -> [UInt16] {
    var order = [Int](repeating: 0, count: size * size)
    for (i, cell) in cells.enumerated() {
      cell.shape.forEachPixel(width: size, height: size) { x, y, radius in
        if radius < 1 { order[y * size + x] = i + 1 }
      }
    }
    var isVisible = [Bool](repeating: false, count: cells.count + 1)
    for number in order where number > 0 { isVisible[number] = true }
    var names = [UInt16](repeating: 0, count: cells.count + 1)
    var next: UInt16 = 0
    for i in names.indices where isVisible[i] {
      // A picture of the largest size holds some 20,000 nuclei at most.
      next += 1
      names[i] = next
    }
    return order.map { names[$0] }
  }

  /// Rounds planes of light in [0, 1] to 8 bits.
  private func image(of colors: [Plane]) -> Image {
    var samples = [UInt8](repeating: 0, count: size * size * 3)
    for (c, plane) in colors.enumerated() {
      for (i, value) in plane.values.enumerated() {
        samples[3 * i + c] = UInt8(min(max(value, 0), 1) * 255 + 0.5)
      }
    }
    return Image(width: size, height: size, channels: 3, samples: .uint8(samples))
  }
}
