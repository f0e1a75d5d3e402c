import Foundation
import Martlet
import MartletInterchange
import Testing

@testable import MartletData

/// What `Tests/Fixtures/make_augmentation.py` computed.
struct AugmentationReference {
  struct Picture {
    let width: Int
    let height: Int
    let channels: Int
    let values: [Float]
  }

  private let tensors: [String: Tensor]

  init() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    tensors = try loadSafetensors(folder.appending(path: "Fixtures/augmentation.safetensors"))
  }

  func picture(_ name: String) throws -> Picture {
    let tensor = try #require(tensors[name], "\(name)")
    return Picture(
      width: tensor.shape[1], height: tensor.shape[0], channels: tensor.shape[2],
      values: try tensor.scalars())
  }

  /// A picture of the fixtures after a change in place.
  func changed(_ name: String, _ change: (WindowPixels) -> Void) throws -> [Float] {
    let picture = try picture(name)
    var values = picture.values
    values.withUnsafeMutableBufferPointer {
      change(WindowPixels($0, width: picture.width, height: picture.height, channels: picture.channels))
    }
    return values
  }

  /// An image of 8 bits whose values in [0, 1] are the picture's.
  func sample(_ name: String) throws -> LabeledImage {
    let picture = try picture(name)
    let samples = picture.values.map { UInt8(($0 * 255).rounded()) }
    return LabeledImage(
      image: Image(
        width: picture.width, height: picture.height, channels: picture.channels, samples: .uint8(samples)),
      labels: LabelMap(
        width: picture.width, height: picture.height,
        values: stride(from: 0, to: samples.count, by: picture.channels).map { samples[$0] >= 128 ? 1 : 0 }))
  }
}

/// Expects numbers to agree one by one.
func expectNear(
  _ got: [Float], _ expected: [Float], within tolerance: Float, _ name: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(got.count == expected.count, "\(name)", sourceLocation: sourceLocation)
  // Infinite where a difference is not finite: `max()` passes over NaN.
  let largest = zip(got, expected).reduce(Float(0)) { worst, pair in
    let difference = abs(pair.0 - pair.1)
    return difference.isFinite ? max(worst, difference) : .infinity
  }
  #expect(largest <= tolerance, "\(name) differs by \(largest)", sourceLocation: sourceLocation)
}
