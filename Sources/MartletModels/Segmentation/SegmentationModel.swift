import Martlet

/// A network that gives each pixel a score for each class.
public protocol SegmentationModel: Layer {
  /// Channels of the images that the network reads.
  var inputChannels: Int { get }
  /// Channels of the logits.
  var classCount: Int { get }
  /// What has to be put around an image of a size so that the network can take it and its output covers the image.
  func fit(height: Int, width: Int) -> InputFit
}

/// How an image is brought to a size that a network can take, and where the image is in the network's output.
public struct InputFit: Hashable, Sendable {
  /// Rows and columns to put before and after the image.
  public var top = 0
  public var bottom = 0
  public var left = 0
  public var right = 0
  /// Where the image's first row and column are in the output.
  public var outputTop = 0
  public var outputLeft = 0

  public init(
    top: Int = 0, bottom: Int = 0, left: Int = 0, right: Int = 0, outputTop: Int = 0, outputLeft: Int = 0
  ) {
    self.top = top
    self.bottom = bottom
    self.left = left
    self.right = right
    self.outputTop = outputTop
    self.outputLeft = outputLeft
  }
}

extension SegmentationModel {
  /// Logits for images of any size: the images are continued at their borders by reflection to what the network
  /// needs, and the output is cut back to the images' size.
  ///
  /// - Parameter images: [N, inputChannels, H, W].
  /// - Returns: Logits [N, classCount, H, W].
  /// - Throws: ``MartletError`` when the number of channels is another.
  public func logits(_ images: Tensor) throws -> Tensor {
    try require(
      images.rank == 4 && images.shape[1] == inputChannels, "segmentation",
      "expected images [N, \(inputChannels), H, W], got \(images.shape)")
    let height = images.shape[2]
    let width = images.shape[3]
    let fit = fit(height: height, width: width)
    let padded = try images.paddedByReflection(
      top: fit.top, bottom: fit.bottom, left: fit.left, right: fit.right)
    return try self(padded).cropped(
      top: fit.outputTop, left: fit.outputLeft, height: height, width: width)
  }
}
