import Martlet

/// How pixel values become a network's input: scaled to [0, 1], less a mean, over a standard deviation, for
/// each channel.
public struct Normalization: Hashable, Sendable, Codable {
  /// Of values in [0, 1], one for each channel.
  public var mean: [Float]
  /// Of values in [0, 1], one for each channel, above 0.
  public var standardDeviation: [Float]

  /// - Throws: ``MartletError`` unless there are as many means as deviations and at least one, all of them are finite
  ///   and all deviations are above 0.
  public init(mean: [Float], standardDeviation: [Float]) throws {
    try require(
      mean.count == standardDeviation.count && !mean.isEmpty, "normalization",
      "expected a mean and a standard deviation for each channel, "
        + "got \(mean.count) and \(standardDeviation.count)"
    )
    try require(
      mean.allSatisfy(\.isFinite) && standardDeviation.allSatisfy { $0.isFinite && $0 > 0 }, "normalization",
      "expected finite means and deviations above 0, got \(mean) and \(standardDeviation)")
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  private enum CodingKeys: String, CodingKey { case mean, standardDeviation }

  /// Reads `mean` and `standardDeviation`.
  ///
  /// - Throws: `DecodingError` where one is missing or no list of numbers; ``MartletError`` as
  ///   ``init(mean:standardDeviation:)``.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      mean: values.decode([Float].self, forKey: .mean),
      standardDeviation: values.decode([Float].self, forKey: .standardDeviation))
  }

  /// Values in [0, 1] and nothing else.
  public static func unit(channels: Int) -> Normalization {
    Normalization(unchecked: Array(repeating: 0, count: channels), Array(repeating: 1, count: channels))
  }

  /// The means and deviations of ImageNet's training images that published backbones were trained with.
  public static let imageNet = Normalization(unchecked: [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])

  /// Channels of the images that it is for, as many as there are means.
  public var channels: Int { mean.count }

  /// Means and deviations over all pixels (of the population, as a sum over n). A channel that is the same
  /// everywhere keeps a deviation of 1.
  init(_ statistics: ChannelStatistics) {
    let count = Double(max(statistics.pixels, 1))
    let means = statistics.sums.map { $0 / count }
    let deviations = zip(statistics.squareSums, means).map { squareSum, mean in
      max(squareSum / count - mean * mean, 0).squareRoot()
    }
    self.init(unchecked: means.map { Float($0) }, deviations.map { $0 < 1e-6 ? 1 : Float($0) })
  }

  private init(unchecked mean: [Float], _ standardDeviation: [Float]) {
    self.mean = mean
    self.standardDeviation = standardDeviation
  }
}
