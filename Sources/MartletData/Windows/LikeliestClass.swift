import Martlet
import MartletKernels

/// The class that a pixel most likely is of, the first of equals.
enum LikeliestClass {
  /// Finds it for some rows of an image.
  ///
  /// - Parameters:
  ///   - probabilities: [rows, width, classes].
  ///   - labels: Room for [rows, width].
  ///   - finish: Called with each row before it is looked at, to make its probabilities of what stands there.
  /// - Throws: ``MartletError`` when probabilities are no numbers.
  static func find(
    in probabilities: UnsafeBufferPointer<Float>, rows: Int, width: Int, classCount: Int,
    to labels: UnsafeMutableBufferPointer<UInt8>, finishing finish: (Int) -> Void = { _ in }
  ) throws {
    // A sum over each row, which is finite if all of the row is.
    let checks = [Float](unsafeUninitializedCapacity: rows) { checks, count in
      ThreadPool.parallelFor(rows) { row in
        finish(row)
        var check: Float = 0
        for place in row * width..<(row + 1) * width {
          var best = 0
          for item in 0..<classCount {
            let probability = probabilities[place * classCount + item]
            check += probability
            if probability > probabilities[place * classCount + best] { best = item }
          }
          labels[place] = UInt8(best)
        }
        checks[row] = check
      }
      count = rows
    }
    if !checks.allSatisfy(\.isFinite) { throw MartletError.probabilitiesAreNoNumbers }
  }
}
