import Foundation
import Martlet
import MartletInterchange
import MartletKernels
import Testing

@testable import MartletData

/// A mask of `Tests/Fixtures/make_objects.py` with what scikit-image makes of it.
struct ObjectFixture {
  static let names = ["cells", "crowd", "holes", "classes", "sharp"]

  let mask: LabelMap
  private let name: String
  private let tensors: [String: Tensor]

  init(_ name: String) throws {
    let file = URL(filePath: imageFixture("")).deletingLastPathComponent()
      .appending(path: "objects.safetensors")
    tensors = try loadSafetensors(file)
    self.name = name
    let mask = try #require(tensors["\(name)/mask"])
    self.mask = LabelMap(width: mask.shape[1], height: mask.shape[0], values: try mask.scalars())
  }

  func bytes(_ key: String) throws -> [UInt8]? { try tensors["\(name)/\(key)"]?.scalars() }

  func number(_ key: String) throws -> Int {
    Int(try #require(tensors["\(name)/\(key)"]).item(Int32.self))
  }

  func real(_ key: String) throws -> Double { try #require(tensors["\(name)/\(key)"]).item() }
}

/// A map drawn as text: a digit a pixel, points for background.
func labelMap(_ rows: String...) -> LabelMap {
  LabelMap(
    width: rows[0].utf8.count, height: rows.count,
    values: rows.flatMap { $0.utf8.map { $0 == UInt8(ascii: ".") ? 0 : $0 - UInt8(ascii: "0") } })
}

/// Regions of a few classes with everything that outlines can meet: holes, holes in holes, corners that touch.
func randomMap(width: Int, height: Int, seed: UInt64, share: Int, classes: Int = 1) -> LabelMap {
  var random = PhiloxGenerator(seed: seed, stream: 5)
  return LabelMap(
    width: width, height: height,
    values: (0..<width * height).map { _ in
      Int.random(in: 0..<100, using: &random) < share
        ? UInt8.random(in: 1...UInt8(classes), using: &random) : 0
    })
}
