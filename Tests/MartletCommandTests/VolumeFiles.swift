import Foundation

/// Synthetic volumes: a sphere of each of two classes, brighter than what is around. The files are laid out here and not
/// by what is tested.
enum VolumeFiles {
  static let shape = [12, 16, 14]
  private static let geometry: [Float] = [-0.8, 0, 0, 10, 0, -0.7, 0, 20, 0, 0, 2, -30]

  /// A NIfTI-1 file.
  ///
  /// - Parameter code: Its number for `Value`.
  static func bytes<Value>(_ values: [Value], code: Int16) -> Data {
    var header = [UInt8](repeating: 0, count: 352)
    func put<Number>(_ number: Number, _ offset: Int) {
      withUnsafeBytes(of: number) { header.replaceSubrange(offset..<offset + $0.count, with: $0) }
    }
    put(Int32(348), 0)
    for (index, length) in ([3] + shape.reversed() + [1, 1, 1, 1]).enumerated() {
      put(Int16(length), 40 + 2 * index)
    }
    put(code, 70)
    put(Int16(MemoryLayout<Value>.size * 8), 72)
    for (index, length) in [1, 0.8, 0.7, 2, 1, 1, 1, 1].enumerated() { put(Float(length), 76 + 4 * index) }
    put(Float(352), 108)
    put(UInt8(2), 123)
    put(Int16(1), 254)
    for (index, number) in geometry.enumerated() { put(number, 280 + 4 * index) }
    put(UInt32(bigEndian: 0x6E2B_3100), 344)
    return Data(header) + values.withUnsafeBytes { Data($0) }
  }

  /// Volumes in `images/` and their masks in `masks/`.
  static func write(_ count: Int, to scratch: Scratch) throws {
    for folder in ["images", "masks"] {
      try FileManager.default.createDirectory(
        atPath: scratch.path(folder), withIntermediateDirectories: true)
    }
    for number in 0..<count {
      var state = UInt32(number + 1)
      func random(_ range: Int) -> Int {
        state = state &* 1_664_525 &+ 1_013_904_223
        return Int(state >> 16) % range
      }
      let centres = (1...2).map { item in (item, 3 + random(6), 4 + random(8), 4 + random(6)) }
      var labels: [UInt8] = []
      for z in 0..<shape[0] {
        for y in 0..<shape[1] {
          for x in 0..<shape[2] {
            let inside = centres.last { item in
              let (dz, dy, dx) = (z - item.1, y - item.2, x - item.3)
              return dz * dz + dy * dy + dx * dx < 12
            }
            labels.append(UInt8(inside?.0 ?? 0))
          }
        }
      }
      let values = labels.map { Int16(Int($0) * 100 + random(60) - 500) }
      try bytes(values, code: 4).write(to: scratch.url.appending(path: "images/case\(number).nii"))
      try bytes(labels, code: 2).write(to: scratch.url.appending(path: "masks/case\(number).nii"))
    }
  }
}

extension Scratch {
  func volumeArguments(_ run: String, epochs: Int = 4) -> [String] {
    [
      "train", "segmentation", "--axes", "3", "--images", path("images"), "--masks", path("masks"),
      "--base-channels", "4", "--depth", "1", "--size", "8x8x8", "--patches", "3", "--batch-size", "2",
      "--epochs", "\(epochs)", "--learning-rate", "0.01", "--augmentation", "strong", "--output", path(run),
    ]
  }
}
