import Martlet

/// How a volume's values become a network's input.
public struct VolumeNormalization: Hashable, Sendable, Codable {
  /// Whose numbers values are scaled by: each volume's own, or those of all training volumes.
  public enum Method: String, Hashable, Sendable, Codable, CaseIterable {
    /// Each channel of each volume less its own mean, over its own standard deviation: what nnU-Net does with MR, and
    /// MONAI's `NormalizeIntensity(channel_wise=True)`. Values have no unit then.
    case zScore = "z-score"
    /// Held between the 0.5 and the 99.5 percentile of all training volumes' foreground, less the foreground's mean, over
    /// its standard deviation: nnU-Net's way with CT, whose values (Hounsfield units) mean the same in every volume.
    case ct
  }

  /// What is known of a channel's foreground.
  public struct Intensities: Hashable, Sendable, Codable {
    /// The 0.5 percentile, at which lower values are held.
    public var lowest: Float
    /// The 99.5 percentile, at which higher values are held.
    public var highest: Float
    /// Of the foreground's values, those beyond the percentiles included.
    public var mean: Float
    /// Of the same values, as a sum over n; 1 where they are all equal.
    public var standardDeviation: Float
  }

  /// How values are scaled.
  public let method: Method
  /// Channels that volumes must have.
  public let channels: Int
  /// One a channel for ``Method/ct``, none for ``Method/zScore``.
  public let intensities: [Intensities]

  /// - Parameter foreground: For each channel, values of training volumes where masks are not background.
  /// - Throws: ``MartletError`` for ``Method/ct`` without a foreground.
  public init(_ method: Method, foreground: [[Float]]) throws {
    self.method = method
    channels = foreground.count
    guard method == .ct else {
      intensities = []
      return
    }
    intensities = try foreground.map { values in
      try require(
        !values.isEmpty, "normalization",
        "ct: expected masks with a foreground to take the range of values from, got none; z-score needs none")
      let sorted = values.sorted()
      let count = Double(sorted.count)
      let mean = sorted.reduce(0) { $0 + Double($1) } / count
      let variance = sorted.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
      let deviation = Float(variance.squareRoot())
      return Intensities(
        lowest: Self.percentile(sorted, 0.005), highest: Self.percentile(sorted, 0.995), mean: Float(mean),
        standardDeviation: deviation < 1e-8 ? 1 : deviation)
    }
  }

  private enum CodingKeys: String, CodingKey { case method, channels, intensities }

  /// Reads what was written for the method and all channels.
  ///
  /// - Throws: `DecodingError` where something is missing or of another type; ``MartletError`` where intensities are
  ///   not those of the method and the number of channels, or cannot be meant.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    method = try values.decode(Method.self, forKey: .method)
    channels = try values.decode(Int.self, forKey: .channels)
    intensities = try values.decode([Intensities].self, forKey: .intensities)
    try require(
      channels > 0 && intensities.count == (method == .ct ? channels : 0)
        && intensities.allSatisfy { $0.lowest <= $0.highest && $0.standardDeviation > 0 }, "normalization",
      "expected what is known of each of \(channels) channels, got \(intensities)")
  }

  /// With values between interpolated, as NumPy does.
  private static func percentile(_ sorted: [Float], _ share: Double) -> Float {
    let place = share * Double(sorted.count - 1)
    let (low, high) = (sorted[Int(place)], sorted[min(Int(place) + 1, sorted.count - 1)])
    return Float(Double(low) + Double(high - low) * (place - place.rounded(.down)))
  }

  /// What the values of each channel of a volume become.
  ///
  /// - Throws: ``MartletError`` when the volume has another number of channels.
  func scales(of volume: Volume) throws -> [ValueScale] {
    try require(
      volume.channels == channels, "volume",
      "expected \(counted(channels, "channel")), got \(volume.channels)")
    switch method {
    case .ct:
      return intensities.map {
        ValueScale(lowest: $0.lowest, highest: $0.highest, mean: $0.mean, factor: 1 / $0.standardDeviation)
      }
    case .zScore:
      return (0..<channels).map { channel in
        let count = volume.size.count
        return volume.values.withUnsafeBufferPointer { values in
          let values = values[channel * count..<(channel + 1) * count]
          let mean = values.reduce(0) { $0 + Double($1) } / Double(count)
          let variance = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(count)
          let deviation = variance.squareRoot()
          return ValueScale(
            lowest: -.infinity, highest: .infinity, mean: Float(mean),
            factor: deviation < 1e-8 ? 1 : Float(1 / deviation))
        }
      }
    }
  }
}

/// What a value of a channel becomes.
struct ValueScale: Hashable, Sendable {
  var lowest: Float
  var highest: Float
  var mean: Float
  var factor: Float

  @inline(__always)
  func callAsFunction(_ value: Float) -> Float { (min(max(value, lowest), highest) - mean) * factor }
}
