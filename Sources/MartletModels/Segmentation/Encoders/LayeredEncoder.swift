import Martlet

/// An encoder that is a list of layers, behind some of which a feature is taken. State names `features.0`, …
class LayeredEncoder: FeatureEncoder {
  let channels: [Int]
  private let depth: Int
  private let ends: [Int]
  @Key("features") private var layers: [any Layer]

  /// - Parameters:
  ///   - channels: Of the features behind each of `ends`, of which as many are taken as the encoder is deep.
  ///   - ends: The layers behind which a feature is taken.
  init(_ configuration: EncoderConfiguration, channels: [Int], ends: [Int], layers: [any Layer]) {
    depth = configuration.depth
    self.channels = Array(([configuration.inputChannels] + channels).prefix(depth + 1))
    self.ends = ends
    self.layers = layers
  }

  func features(_ images: Tensor) throws -> [Tensor] {
    var features = [images]
    var x = images
    for (index, layer) in layers.enumerated() where features.count <= depth {
      x = try layer(x)
      if ends.contains(index) { features.append(x) }
    }
    return features
  }
}
