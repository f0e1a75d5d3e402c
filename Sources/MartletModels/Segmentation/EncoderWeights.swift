import Martlet

extension SegmentationModel {
  /// Replaces the encoder's parameters and statistics by those of a classification network, or of another network with
  /// the same encoder.
  ///
  /// - Parameters:
  ///   - state: By the names of torchvision or segmentation_models.pytorch. Of a state with names that begin with
  ///     `encoder.` or `backbone.` those are taken; of others all but the classifier.
  ///   - source: What to call the state's origin in errors.
  ///   - adaptInputChannels: Whether the first convolution may read another number of channels than the state's.
  /// - Throws: ``MartletError`` when the network has no encoder of its own, or listing every missing, unexpected and
  ///   mis-shaped name.
  public func loadEncoderStateDict(
    _ state: [String: Tensor], source: String = "state", adaptInputChannels: Bool = false
  ) throws {
    let names = ["encoder", "backbone"]
    guard let encoder = modules.first(where: { names.contains($0.name) })?.module else {
      throw MartletError("load", "the network has no encoder that weights could be for: choose one")
    }
    var own = state.filter { entry in !classifiers.contains { entry.key.hasPrefix($0 + ".") } }
    for prefix in names.map({ $0 + "." }) where state.keys.contains(where: { $0.hasPrefix(prefix) }) {
      own = Dictionary(
        uniqueKeysWithValues: state.filter { $0.key.hasPrefix(prefix) }
          .map { (String($0.key.dropFirst(prefix.count)), $0.value) })
    }
    try encoder.loadStateDict(own, source: source, adaptInputChannels: adaptInputChannels)
  }
}

/// What the encoders' classifiers are called where the encoders come from.
private let classifiers = ["fc", "classifier", "_fc"]
