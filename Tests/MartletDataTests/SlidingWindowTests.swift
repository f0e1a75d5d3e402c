import Foundation
import Martlet
import MartletInterchange
import MartletKernels
import Testing

@testable import MartletData

/// Windows are laid and joined as MONAI does it. See `Tests/Fixtures/make_windows.py`.
@Suite struct SlidingWindowTests {
  private struct Case {
    var image: Image
    var layout: WindowLayout
    var scores: Tensor
  }

  private static let names = [
    "gaussian", "constant", "half", "dense", "apart", "exact", "smaller", "shorter", "narrow", "flat",
  ]

  private static func load(_ name: String) throws -> Case {
    let file = URL(filePath: imageFixture("")).deletingLastPathComponent()
      .appending(path: "windows.safetensors")
    let tensors = try loadSafetensors(file)
    func tensor(_ key: String) throws -> Tensor { try #require(tensors["\(name)/\(key)"]) }
    let pixels = try tensor("image")
    let sizes: [Int32] = try tensor("sizes").scalars()
    let isGaussian: UInt8 = try tensor("is_gaussian").item()
    return Case(
      image: Image(
        width: pixels.shape[1], height: pixels.shape[0], channels: pixels.shape[2],
        samples: .uint8(try pixels.scalars())),
      layout: WindowLayout(
        tile: TileSize(height: Int(sizes[0]), width: Int(sizes[1])), overlap: try tensor("overlap").item(),
        blend: isGaussian == 1 ? .gaussian : .constant, batchSize: Int(sizes[2])),
      scores: try tensor("scores"))
  }

  /// The script's `scores`.
  private static func scores(_ windows: Tensor) throws -> Tensor {
    let shape = windows.shape
    return try Tensor(type: TensorType([shape[0], 3, shape[2], shape[3]], .float32, .channelsLast)) {
      (results: UnsafeMutableBufferPointer<Float>) in
      try windows.withElements { (pixels: UnsafeBufferPointer<Float>) in
        for place in 0..<shape[0] * shape[2] * shape[3] {
          let i = Float(place / shape[3] % shape[2]) / 16
          let j = Float(place % shape[3]) / 16
          let (first, last) = (pixels[place * shape[1]], pixels[(place + 1) * shape[1] - 1])
          results[3 * place] = first * i
          results[3 * place + 1] = last * j + i
          results[3 * place + 2] = first - last
        }
      }
    }
  }

  /// Scores row by row, classes side by side, as they come.
  private static func predict(
    _ image: Image, _ layout: WindowLayout, classCount: Int = 3,
    network: @escaping SlidingWindow.Network = scores
  ) throws -> (scores: [Float], labels: [UInt8]) {
    var (scores, labels): ([Float], [UInt8]) = ([], [])
    let windows = try SlidingWindow(
      layout, normalization: .unit(channels: image.channels), classCount: classCount, network: network)
    try windows.predict(ImageRegions(image)) { rows in
      #expect(rows.y * image.width == labels.count && rows.width == image.width)
      scores += rows.probabilities
      labels += rows.labels
    }
    return (scores, labels)
  }

  @Test("scores that are no numbers are an error, wherever they are", arguments: [Float.nan, .infinity])
  func noNumbers(_ value: Float) throws {
    let image = Image(width: 9, height: 7, channels: 1, samples: .uint8(Array(0..<63)))
    // The whole image at once, and windows.
    for (height, width) in [(7, 9), (4, 5)] {
      for place in [0, height * width - 1] {
        let layout = WindowLayout(tile: TileSize(height: height, width: width))
        let error = #expect(throws: MartletError.self) {
          try Self.predict(image, layout, classCount: 2) { windows in
            var scores = [Float](repeating: 0.5, count: 2 * height * width)
            scores[2 * place + 1] = value
            return try Tensor(type: TensorType([1, 2, height, width], .float32, .channelsLast)) {
              _ = $0.initialize(from: scores)
            }
          }
        }
        #expect(error?.description.contains("no numbers") == true)
      }
    }
  }

  /// What a network gives for a whole image is the result to the bit; joining windows takes memory that this does not.
  @Test func wholeImages() throws {
    let image = Image(width: 6, height: 5, channels: 1, samples: .uint8((0..<30).map { UInt8($0 * 7 % 64) }))
    var layout = WindowLayout(tile: TileSize(height: 5, width: 6), overlap: 0.5)
    var given: [[Float]] = []
    let whole = try Self.predict(image, layout) { windows in
      let scores = try Self.scores(windows)
      given.append(try scores.withElements { Array($0) })
      return scores
    }
    #expect(given.count == 1 && whole.scores == given[0])
    for pixel in 0..<30 {
      let scores = whole.scores[3 * pixel..<3 * pixel + 3]
      #expect(scores[3 * pixel + Int(whole.labels[pixel])] == scores.max())
    }
    // A second window in the batch is one that nobody looks at.
    layout.batchSize = 2
    #expect(try Self.predict(image, layout).scores == whole.scores)
    layout.augmentation = .flips
    let windows = layout.byteCount(ImageRegions(image).info, classCount: 3)
    layout.augmentation = .none
    #expect(layout.byteCount(ImageRegions(image).info, classCount: 3) == windows - 30 * 4 * 4)
  }

  @Test("a network is told where its windows lie")
  func places() throws {
    let image = Image(width: 10, height: 3, channels: 1, samples: .uint8([UInt8](repeating: 1, count: 30)))
    var places: [PixelWindow] = []
    let windows = try SlidingWindow(
      WindowLayout(tile: TileSize(height: 5, width: 4), overlap: 0.25, batchSize: 2),
      normalization: .unit(channels: 1), classCount: 3,
      placedNetwork: {
        places += $1
        return try Self.scores($0)
      })
    try windows.predict(ImageRegions(image)) { _ in }
    #expect(places == [0, 3, 6].map { PixelWindow(x: $0, y: -1, width: 4, height: 5) })
  }

  @Test(arguments: names)
  func agreesWithMONAI(name: String) throws {
    let example = try Self.load(name)
    let found = try Self.predict(example.image, example.layout)
    let area = example.image.width * example.image.height
    let expected: [Float] = try example.scores.scalars()
    try #require(found.scores.count == expected.count)
    for place in 0..<area {
      let pixel = (0..<3).map { found.scores[3 * place + $0] }
      for item in 0..<3 {
        // Sums of float32 products: some units in the last place of the largest term, which is below 3.
        #expect(abs(pixel[item] - expected[item * area + place]) < 2e-6, "\(place) \(item)")
      }
      #expect(pixel.firstIndex(of: pixel.max() ?? 0) == Int(found.labels[place]))
    }
  }

  @Test(arguments: names)
  func sameBytesOnAnyThreads(name: String) throws {
    let example = try Self.load(name)
    var layout = example.layout
    layout.augmentation = .d4
    let results = try [1, 2, 5].map { threads in
      try ThreadPool.withThreadCount(threads) { try Self.predict(example.image, layout).scores }
    }
    #expect(results[0] == results[1] && results[0] == results[2])
  }

  /// The number of windows in a batch changes nothing, the last batch being filled up.
  @Test func batches() throws {
    let example = try Self.load("half")
    var layout = example.layout
    let results = try [1, 2, 7, 64].map { batchSize in
      layout.batchSize = batchSize
      var shapes: Set<[Int]> = []
      let scores = try Self.predict(example.image, layout) {
        shapes.insert($0.shape)
        return try Self.scores($0)
      }.scores
      #expect(shapes == [[batchSize, 1, 16, 16]])
      return scores
    }
    #expect(results.allSatisfy { $0 == results[0] })
  }

  /// What a network makes of a changed window is turned back to where it belongs: a network that gives each pixel its
  /// own value gives the image, and one that looks to a side gives the mean over all sides.
  @Test(arguments: [TestTimeAugmentation.none, .flips, .d4])
  func augmentation(augmentation: TestTimeAugmentation) throws {
    let image = smoothImage(width: 31, height: 22, channels: 3)
    let layout = WindowLayout(
      tile: TileSize(height: 8, width: 12), blend: .constant, augmentation: augmentation, batchSize: 3)
    var shapes: Set<[Int]> = []
    let found = try Self.predict(image, layout) {
      shapes.insert(Array($0.shape[2...]))
      return $0
    }
    let expected = image.integers.map { Float($0) * (1 / 255) }
    // Each pixel is in at most 9 windows, and each addition rounds.
    let rounding = Float(9 * augmentation.count) * Float.ulpOfOne / 2
    for (a, b) in zip(found.scores, expected) { #expect(abs(a - b) <= rounding) }
    #expect(shapes == (augmentation == .d4 ? [[8, 12], [12, 8]] : [[8, 12]]))

    // One window over all: the value of the neighbour to the right, or of the pixel itself at the edge.
    let whole = WindowLayout(
      tile: TileSize(height: 22, width: 31), blend: .constant, augmentation: augmentation)
    let grey = Image(
      width: 31, height: 22, channels: 1, samples: .uint8((0..<682).map { UInt8($0 * 37 % 251) }))
    let shifted = try Self.predict(grey, whole, classCount: 1) { windows in
      let columns = windows.shape[3]
      return try concatenated(
        [windows.sliced(axis: 3, from: 1), windows.sliced(axis: 3, from: columns - 1)], axis: 3)
    }
    let sides =
      switch augmentation {
      case .none: [(0, 1)]
      case .flips: [(0, 1), (0, -1)]
      case .d4: [(0, 1), (0, -1), (1, 0), (-1, 0)]
      }
    for y in 0..<22 {
      for x in 0..<31 {
        let values = sides.map { dy, dx -> Float in
          let place = min(max(y + dy, 0), 21) * 31 + min(max(x + dx, 0), 30)
          return Float(grey.integers[place]) / 255
        }
        let mean = values.reduce(0, +) / Float(values.count)
        #expect(abs(shifted.scores[y * 31 + x] - mean) < 1e-6, "\(y) \(x)")
      }
    }
  }

  /// The eight ways differ, and each is undone.
  @Test func symmetries() {
    let size = TileSize(height: 3, width: 5)
    var pictures: Set<[[Int]]> = []
    for symmetry in TestTimeAugmentation.d4.symmetries {
      let changed = symmetry.size(of: size)
      let picture = (0..<changed.height).map { row in
        (0..<changed.width).map { column in
          let source = symmetry.source(row: row, column: column, in: size)
          let back = symmetry.target(row: source.row, column: source.column, in: size)
          #expect(back == (row, column))
          return source.row * 5 + source.column
        }
      }
      pictures.insert(picture)
    }
    #expect(pictures.count == 8)
    #expect(TestTimeAugmentation.flips.symmetries.allSatisfy { !$0.transposes })
  }

  /// Reading goes down the image once and takes no row twice.
  @Test func readsEachRowOnce() throws {
    final class Counting: RegionReader {
      let regions: ImageRegions
      var rows: [Int] = []
      init(_ image: Image) { regions = ImageRegions(image) }
      var info: Image.Info { regions.info }
      var heldByteCount: Int { 0 }
      func image(in window: PixelWindow) throws -> Image {
        rows += window.y..<window.y + window.height
        return try regions.image(in: window)
      }
    }
    let reader = Counting(smoothImage(width: 40, height: 57, channels: 1))
    let layout = WindowLayout(tile: TileSize(height: 16, width: 16), overlap: 0.7)
    let windows = try SlidingWindow(
      layout, normalization: .unit(channels: 1), classCount: 3, network: Self.scores)
    try windows.predict(reader) { _ in }
    #expect(reader.rows == Array(0..<57))
  }

  @Test func refusals() throws {
    let tile = TileSize(height: 8, width: 8)
    for layout in [
      WindowLayout(tile: TileSize(height: 0, width: 8)), WindowLayout(tile: TileSize(height: 8, width: -8)),
      WindowLayout(tile: TileSize(height: .max, width: .max)), WindowLayout(tile: tile, overlap: 1),
      WindowLayout(tile: tile, overlap: -0.1), WindowLayout(tile: tile, overlap: .nan),
      WindowLayout(tile: tile, batchSize: 0), WindowLayout(tile: tile, batchSize: .max),
    ] {
      #expect(throws: MartletError.self) { try layout.check() }
    }
    // A network that gives something else than it said.
    #expect(throws: MartletError.self) {
      try Self.predict(
        smoothImage(width: 9, height: 9, channels: 1), WindowLayout(tile: tile), classCount: 2)
    }
  }

  @Test func tileSizes() {
    #expect(TileSize("512") == TileSize(height: 512, width: 512))
    #expect(TileSize("384x512") == TileSize(height: 384, width: 512))
    for text in ["", "x", "12x", "1x2x3", "a", "1.5"] { #expect(TileSize(text) == nil) }
  }
}
