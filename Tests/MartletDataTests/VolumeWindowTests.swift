import Foundation
import Martlet
import MartletInterchange
import Testing

@testable import MartletData

/// Volumes are normalised, and windows laid and joined, as MONAI does it. See `Tests/Fixtures/make_volume_windows.py`.
@Suite struct VolumeWindowTests {
  private static func tensors() throws -> [String: Tensor] {
    try loadSafetensors(
      VolumeFixture.folder.deletingLastPathComponent().appending(path: "volume_windows.safetensors"))
  }

  /// The script's `scores`.
  private static func scores(_ windows: Tensor, _: [Int]) throws -> Tensor {
    let shape = windows.shape
    return try Tensor(type: TensorType([1, 2] + shape[2...], .float32, .channelsLast)) {
      (results: UnsafeMutableBufferPointer<Float>) in
      try windows.withElements { (values: UnsafeBufferPointer<Float>) in
        for place in 0..<shape[2] * shape[3] * shape[4] {
          let k = Float(place / (shape[3] * shape[4])) / 16
          let i = Float(place / shape[4] % shape[3]) / 16
          let j = Float(place % shape[4]) / 16
          let (first, last) = (values[place * shape[1]], values[(place + 1) * shape[1] - 1])
          results[2 * place] = first * i + k
          results[2 * place + 1] = last * j - first * k
        }
      }
    }
  }

  @Test("scores that are no numbers are an error")
  func noNumbers() throws {
    let size = VolumeSize(depth: 8, height: 8, width: 8)
    let windows = try VolumeWindows(
      window: size, normalization: VolumeNormalization(.zScore, foreground: [[]]), classCount: 2)
    for place in [0, size.count - 1] {
      let error = #expect(throws: MartletError.self) {
        try windows.predict(Volume(size: size, values: (0..<size.count).map { Float($0) })) { _, _ in
          var scores = [Float](repeating: 0.5, count: 2 * size.count)
          scores[2 * place] = .nan
          return try Tensor(type: TensorType([1, 2] + size.lengths, .float32, .channelsLast)) {
            _ = $0.initialize(from: scores)
          }
        } _: { _ in
        }
      }
      #expect(error?.description.contains("no numbers") == true)
    }
  }

  @Test(arguments: ["gaussian", "constant", "smaller"])
  func asMONAI(_ name: String) throws {
    let tensors = try Self.tensors()
    func tensor(_ key: String) throws -> Tensor { try #require(tensors["\(name)/\(key)"]) }
    let volume = try tensor("volume")
    let window: [Int32] = try tensor("window").scalars()
    let isGaussian: UInt8 = try tensor("is_gaussian").item()
    let windows = try VolumeWindows(
      window: VolumeSize(window.map { Int($0) }), overlap: tensor("overlap").item(),
      blend: isGaussian == 1 ? .gaussian : .constant,
      normalization: VolumeNormalization(
        .zScore, foreground: [[Float]](repeating: [], count: volume.shape[0])),
      classCount: 2)
    let input = Volume(
      size: VolumeSize(Array(volume.shape[1...])), channels: volume.shape[0], values: try volume.scalars())
    var results: [Float] = []
    var slices: [Int] = []
    try windows.predict(input, Self.scores) {
      slices.append($0.z)
      results += $0.probabilities
      for (voxel, label) in $0.labels.enumerated() {
        #expect(label == ($0.probabilities[2 * voxel + 1] > $0.probabilities[2 * voxel] ? 1 : 0))
      }
    }
    #expect(slices == Array(0..<input.size.depth))
    let expected: [Float] = try tensor("scores").scalars()
    let count = input.size.count
    let interleaved = (0..<2 * count).map { expected[$0 % 2 * count + $0 / 2] }
    expectNear(results, interleaved, within: 2e-6)
  }

  @Test func weights() throws {
    let expected: [Float] = try #require(try Self.tensors()["weights/6x8x10"]).scalars()
    let got = WindowBlend.gaussian.weights([6, 8, 10])
    #expect(zip(got, expected).allSatisfy { abs($0 - $1) < 1e-6 } && got.count == expected.count)
  }

  @Test("ct is nnU-Net's way, by NumPy's percentiles")
  func ct() throws {
    let tensors = try Self.tensors()
    let values: [Float] = try #require(tensors["ct/values"]).scalars()
    let expected: [Float] = try #require(tensors["ct/normalized"]).scalars()
    let normalization = try VolumeNormalization(.ct, foreground: [values])
    let volume = Volume(size: VolumeSize(depth: 5, height: 10, width: 10), values: values)
    let scale = try normalization.scales(of: volume)[0]
    expectNear(values.map { scale($0) }, expected, within: 2e-6)
    #expect(throws: MartletError.self) { try VolumeNormalization(.ct, foreground: [[]]) }
    // It goes through a file as it is, and one that was changed is refused.
    let data = try JSONEncoder().encode(normalization)
    #expect(try JSONDecoder().decode(VolumeNormalization.self, from: data) == normalization)
    let text = String(decoding: data, as: UTF8.self).replacing("\"channels\":1", with: "\"channels\":2")
    #expect(throws: (any Error).self) {
      try JSONDecoder().decode(VolumeNormalization.self, from: Data(text.utf8))
    }
  }

  @Test("a volume that is the same everywhere stays finite, and other channels are refused")
  func flat() throws {
    let normalization = try VolumeNormalization(.zScore, foreground: [[]])
    let size = VolumeSize(depth: 1, height: 2, width: 2)
    let flat = Volume(size: size, values: [3, 3, 3, 3])
    #expect(try normalization.scales(of: flat)[0](3) == 0)
    let two = Volume(size: size, channels: 2, values: [Float](repeating: 0, count: 8))
    #expect(throws: MartletError.self) { try normalization.scales(of: two) }
  }
}
