import Martlet

/// What is done to a predicted map of classes, and to the objects in it: first holes are filled, then small objects
/// removed, then touching ones told apart.
public struct PostProcessing: Hashable, Sendable {
  /// Objects of fewer pixels become background, and parts of objects that splitting leaves with fewer are no objects.
  public var minimumSize = 0
  /// Holes of up to this number of pixels are filled.
  public var largestHole = 0
  /// How touching objects are told apart, if they are.
  public var splitting: ObjectSplitting?

  /// Nothing is done until a property is set.
  public init() {}

  /// Whether the map of classes is changed.
  public var changesLabels: Bool { minimumSize > 1 || largestHole > 0 }

  /// - Throws: ``MartletError`` naming what cannot be meant.
  public func check() throws {
    try require(minimumSize >= 0, "min-size", "expected 0 pixels or more, got \(minimumSize)")
    try require(largestHole >= 0, "fill-holes", "expected 0 pixels or more, got \(largestHole)")
    try splitting?.check()
  }

  /// The map without small holes and small objects.
  ///
  /// - Throws: ``MartletError`` for a map of more than ``InstanceMap/largestPixelCount`` pixels.
  public func cleaned(_ labels: LabelMap) throws -> LabelMap {
    guard changesLabels else { return labels }
    try require(
      labels.values.count <= InstanceMap.largestPixelCount, "post-processing",
      "expected at most \(InstanceMap.largestPixelCount) pixels, got \(labels.width)×\(labels.height)")
    return labels.fillingHoles(upTo: largestHole).removingObjects(smallerThan: minimumSize)
  }

  /// The objects of a map that is clean.
  public func instances(of labels: LabelMap) throws -> InstanceMap {
    let map = try InstanceMap(labels)
    guard let splitting else { return map }
    return try map.splitting(splitting).removingObjects(smallerThan: minimumSize)
  }
}
