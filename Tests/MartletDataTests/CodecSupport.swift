import Foundation

@testable import MartletData

/// A folder that goes when its owner does.
final class TemporaryFolder {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("martlet-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }

  func file(_ name: String, holding bytes: [UInt8]) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    return file(name)
  }

  var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }
}

/// A file that `Tests/Fixtures/make_images.py` wrote.
func imageFixture(_ name: String) -> String {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/images/\(name)").path
}

/// The samples of the fixtures: (17 x + 31 y + 53 c + 7) · scale modulo a range, 13 × 7 pixels.
func fixtureValues(channels: Int, modulo: Int = 256, scale: Int = 1) -> [Int] {
  (0..<7).flatMap { y in
    (0..<13).flatMap { x in (0..<channels).map { c in (17 * x + 31 * y + 53 * c + 7) * scale % modulo } }
  }
}

func fixtureImage(channels: Int, sixteenBits: Bool = false) -> Image {
  let samples: Image.Samples =
    sixteenBits
    ? .uint16(fixtureValues(channels: channels, modulo: 65536, scale: 263).map { UInt16($0) })
    : .uint8(fixtureValues(channels: channels).map { UInt8($0) })
  return Image(width: 13, height: 7, channels: channels, samples: samples)
}

/// A picture of slow waves, which JPEG keeps well, wide enough for several strips and tiles.
func smoothImage(width: Int, height: Int, channels: Int) -> Image {
  var samples: [UInt8] = []
  for y in 0..<height {
    for x in 0..<width {
      for c in 0..<channels {
        let value = 127 + 60 * sin(Double(x) / 9 + Double(c)) + 60 * cos(Double(y) / 11)
        samples.append(UInt8(value))
      }
    }
  }
  return Image(width: width, height: height, channels: channels, samples: .uint8(samples))
}

extension Image {
  /// The samples as integers, whatever their depth.
  var integers: [Int] {
    switch samples {
    case .uint8(let values): values.map { Int($0) }
    case .uint16(let values): values.map { Int($0) }
    }
  }
}
