import Martlet
import MartletData

/// How a segmentation network predicts images.
public struct PredictionOptions: Hashable, Sendable {
  /// The size of windows; nil for whole images, where they fit into ``memoryLimit``, and windows of
  /// ``standardTile`` otherwise.
  public var tile: TileSize?
  /// The share of a window that the next one has too.
  public var overlap = 0.25
  /// Without effect where an image is predicted whole, as ``overlap`` and ``batchSize``.
  public var blend = WindowBlend.gaussian
  /// Of windows, and of images that are predicted whole.
  public var augmentation = TestTimeAugmentation.none
  /// Windows that the network is given at once.
  public var batchSize = 1
  /// The most bytes that predicting one image may take, the network's weights aside.
  public var memoryLimit = 2 << 30

  /// What images that are too large to be predicted whole are cut into.
  public static let standardTile = TileSize(height: 512, width: 512)

  /// Whole images where they fit into 2 GiB, without test-time augmentation.
  public init() {}

  /// The windows that an image is predicted in.
  func layout(tile: TileSize) -> WindowLayout {
    WindowLayout(
      tile: tile, overlap: overlap, blend: blend, augmentation: augmentation, batchSize: batchSize)
  }

  /// The one window that holds a whole image.
  func layout(whole info: Image.Info) -> WindowLayout {
    WindowLayout(
      tile: TileSize(height: info.height, width: info.width), overlap: 0, blend: .constant,
      augmentation: augmentation)
  }

  /// - Throws: ``MartletError`` naming what cannot be meant.
  public func check() throws {
    try layout(tile: tile ?? Self.standardTile).check()
    try require(memoryLimit > 0, "memory", "expected more than 0 bytes, got \(memoryLimit)")
  }
}
