import Foundation
import MartletKernels

/// Normally distributed numbers from random bits by a table of quantiles.
///
/// 4096 equally likely values reach to 3.7 standard deviations: enough for images of 8 or 16 bits, and a
/// number costs one look-up. The same bits give the same number on every machine.
struct GaussianTable: Sendable {
  static let shared = GaussianTable()

  private static let bits = 12
  private let quantiles: [Float]

  private init() {
    let count = 1 << Self.bits
    var quantiles = [Float](repeating: 0, count: count)
    // The upper half by Newton's method on the normal distribution function, each from its neighbour; the
    // lower half is its mirror image.
    var x = 0.0
    for index in (count / 2)..<count {
      let probability = (Double(index) + 0.5) / Double(count)
      for _ in 0..<12 {
        let tail = 0.5 * erfc(x / 2.0.squareRoot())
        let density = exp(-0.5 * x * x) / (2 * Double.pi).squareRoot()
        x += (tail - (1 - probability)) / density
      }
      quantiles[index] = Float(x)
      quantiles[count - 1 - index] = -Float(x)
    }
    self.quantiles = quantiles
  }

  /// Calls `body` with `count` numbers of mean 0 and variance 1.
  @inline(__always)
  func forEach(_ count: Int, _ generator: inout PhiloxGenerator, _ body: (Int, Float) -> Void) {
    quantiles.withUnsafeBufferPointer { quantiles in
      let mask = quantiles.count - 1
      var index = 0
      while index < count {
        let bits = generator.nextUInt32()
        body(index, quantiles[Int(bits) & mask])
        if index + 1 < count { body(index + 1, quantiles[Int(bits >> 16) & mask]) }
        index += 2
      }
    }
  }
}
