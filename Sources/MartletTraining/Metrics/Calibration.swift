import Martlet

/// Whether a network is as sure as it is right: pixels sorted into bins by the probability of the class that was chosen.
///
/// Guo et al., "On calibration of modern neural networks", 2017. Only sums are kept, whatever the number of pixels.
public struct Calibration: Hashable, Sendable {
  /// The pixels whose confidence is above a bound and up to the next.
  public struct Bin: Hashable, Sendable {
    /// Pixels in the bin.
    public var count = 0
    /// Those of them whose chosen class is the true one.
    public var correct = 0
    var confidenceSum = 0.0

    /// Share of the pixels that are right; `nan` without pixels.
    public var accuracy: Double { Double(correct) / Double(count) }
    /// Mean probability of the chosen classes; `nan` without pixels.
    public var confidence: Double { confidenceSum / Double(count) }
  }

  /// Equally wide, from 0 to 1.
  public private(set) var bins: [Bin]

  /// - Precondition: There is at least one bin.
  public init(binCount: Int = 15) {
    precondition(binCount > 0, "calibration needs a bin")
    bins = [Bin](repeating: Bin(), count: binCount)
  }

  /// Counts the pixels of an image.
  ///
  /// - Parameters:
  ///   - confidences: The probability of each pixel's chosen class, from 0 to 1.
  ///   - ignored: The true class of pixels that do not count.
  /// - Throws: ``MartletError`` if the numbers of pixels differ or a confidence is no probability; nothing is counted
  ///   then.
  public mutating func add(
    truth: [UInt8], prediction: [UInt8], confidences: [Float], ignored: UInt8? = nil
  ) throws {
    try require(
      truth.count == prediction.count && truth.count == confidences.count, "metrics",
      "expected predictions and confidences for \(truth.count) pixels, got \(prediction.count) and "
        + "\(confidences.count)")
    var bins = bins
    for index in truth.indices where truth[index] != ignored {
      let confidence = Double(confidences[index])
      // Rounding can lift a probability a little above 1.
      guard confidence >= 0, confidence <= 1.001 else {
        throw MartletError("metrics", "expected confidences from 0 to 1, got \(confidence) at pixel \(index)")
      }
      let place = Int((confidence * Double(bins.count)).rounded(.up)) - 1
      let bin = min(max(place, 0), bins.count - 1)
      bins[bin].count += 1
      bins[bin].confidenceSum += confidence
      if truth[index] == prediction[index] { bins[bin].correct += 1 }
    }
    self.bins = bins
  }

  /// The expected calibration error: the mean over pixels of |accuracy − confidence| of their bin; `nan` without pixels.
  public var expectedError: Double {
    let total = bins.reduce(0) { $0 + $1.count }
    let sum = bins.reduce(0.0) { $0 + ($1.count == 0 ? 0 : abs(Double($1.correct) - $1.confidenceSum)) }
    return total == 0 ? .nan : sum / Double(total)
  }

  /// The largest |accuracy − confidence| of a bin; `nan` without pixels.
  public var maximumError: Double {
    bins.filter { $0.count > 0 }.map { abs($0.accuracy - $0.confidence) }.max() ?? .nan
  }
}
