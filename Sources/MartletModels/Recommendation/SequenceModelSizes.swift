import Martlet

/// The sizes and rates that all sequence models have.
public struct SequenceModelSizes: Hashable, Sendable, Codable {
  /// Items, the padding item 0 not counted.
  public var itemCount = 1
  /// Length of the histories, the filling included.
  public var maximumLength = 200
  /// Size of an item's vector.
  public var hiddenSize = 64
  /// Size between the two linear layers of a feed-forward block.
  public var innerSize = 256
  /// Layers of attention and a feed-forward block, from 1 to 64.
  public var layers = 2
  /// Heads of attention; they divide the hidden size.
  public var heads = 2
  /// Dropout probability of vectors: the embedded items, and what attention and feed-forward blocks add to them.
  public var hiddenDropout = 0.2
  /// Dropout probability of attention's weights; in PAUP not of its attention by position.
  public var attentionDropout = 0.2
  /// ε of layer normalisation.
  public var epsilon = 1e-12

  /// Defaults for everything but the number of items.
  ///
  /// - Parameter itemCount: The padding item 0 not counted.
  public init(itemCount: Int = 1) { self.itemCount = itemCount }

  /// - Throws: ``MartletError`` when a size or a rate cannot be.
  public func check(_ name: String) throws {
    try require(
      (1..<Int(Int32.max)).contains(itemCount), name,
      "expected 1 to \(Int32.max - 1) items, got \(itemCount)")
    try require(
      (1...8192).contains(maximumLength), name,
      "expected a maximum length of 1 to 8192, got \(maximumLength)")
    try require(
      (1...65536).contains(hiddenSize) && (1...65536).contains(innerSize), name,
      "expected a hidden and an inner size of 1 to 65536, got \(hiddenSize) and \(innerSize)")
    try require((1...64).contains(layers), name, "expected 1 to 64 layers, got \(layers)")
    try require(
      heads >= 1 && hiddenSize % heads == 0, name,
      "expected heads that divide the hidden size \(hiddenSize), got \(heads)")
    for dropout in [hiddenDropout, attentionDropout] {
      try require(
        (0..<1).contains(dropout), name, "expected dropout of 0 or more and below 1, got \(dropout)")
    }
    try require(epsilon > 0 && epsilon.isFinite, name, "expected a positive epsilon, got \(epsilon)")
  }
}
