import Martlet
import MartletFiles
import MartletKernels
import Testing

@testable import MartletData

/// Damaged files throw or decode; they never crash, and a file that was cut short never passes for whole.
@Suite struct CodecFuzzTests {
  static let files: [(name: String, bytes: [UInt8])] = {
    let small = smoothImage(width: 40, height: 30, channels: 3)
    let grey = smoothImage(width: 40, height: 30, channels: 1)
    let colors = (0..<256).map { Image.Color(red: UInt8($0), green: 0, blue: UInt8($0)) }
    let fixtures = ["progressive.jpg", "orientation6.jpg", "grey1.tif", "grey16.tif", "translucent.png"]
    do {
      return try [
        ("rgb.png", small.encoded(as: .png)),
        ("interlaced.png", PNGWriter(name: "x", isInterlaced: true).encode(grey)),
        ("indexed.png", grey.encoded(as: .indexedPNG(palette: colors))),
        ("rgb.jpg", small.encoded(as: .jpeg(quality: 80))),
        ("strips.tif", small.encoded(as: .tiff(compressed: true))),
        ("plain.tif", grey.encoded(as: .tiff(compressed: false))),
        ("tiles.tif", TIFFWriter(name: "x", tile: (16, 16), isInPlanes: true).encode(small)),
        ("palette.tif", TIFFWriter(name: "x", palette: colors).encode(grey)),
      ] + fixtures.map { ($0, try ReadableFile.read(imageFixture($0), operation: "test").bytes) }
    } catch {
      return []
    }
  }()

  private func attempt(_ bytes: [UInt8], _ name: String) -> Bool {
    var decoded = false
    // A low limit keeps a damaged size from taking time and memory.
    let limits = Image.Limits(maximumPixels: 1 << 20)
    for reading in [Image.Reading.picture, .indices] {
      do {
        let image = try Image(decoding: bytes, name: name, as: reading, limits: limits)
        #expect(image.samples.count == image.width * image.height * image.channels)
        decoded = true
      } catch let error as MartletError {
        #expect(error.message.hasPrefix("\(name): "))
      } catch {
        Issue.record("expected a MartletError, got \(error)")
      }
    }
    return decoded
  }

  @Test func thereAreFiles() {
    #expect(Self.files.count == 13)
    for file in Self.files { #expect(attempt(file.bytes, file.name)) }
  }

  @Test(arguments: files.indices)
  func cutShort(index: Int) {
    let file = Self.files[index]
    let step = max(file.bytes.count / 400, 1)
    var decoded: [Int] = []
    for length in stride(from: 0, to: file.bytes.count, by: step)
    where attempt(Array(file.bytes[..<length]), file.name) {
      decoded.append(length)
    }
    // What a TIFF holds after its last needed byte may go; a JPEG may lose its end marker.
    if file.name.hasSuffix("png") { #expect(decoded.isEmpty) }
    if file.name.hasSuffix("jpg") { #expect(decoded.allSatisfy { $0 >= file.bytes.count - 2 }) }
    if file.name.hasSuffix("tif") { #expect(decoded.count <= 40) }
  }

  @Test(arguments: files.indices)
  func changedBytes(index: Int) {
    let file = Self.files[index]
    var random = PhiloxGenerator(seed: 20, stream: UInt64(index))
    var refused = 0
    for variant in 0..<500 {
      var bytes = file.bytes
      // The first part is where sizes and tables stand, so half the changes go there.
      let reach = variant % 2 == 0 ? bytes.count : min(bytes.count, 200)
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: 0..<reach, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      if !attempt(bytes, file.name) { refused += 1 }
    }
    #expect(refused > 50)
  }
}
