import Martlet

/// A network that gives each pixel, or voxel, a score for each class.
public protocol SegmentationModel: Layer {
  /// Channels of the images that the network reads.
  var inputChannels: Int { get }
  /// Channels of the logits.
  var classCount: Int { get }
  /// Axes of an image: 2, or 3 for volumes.
  var axes: Int { get }

  /// The fewest images that a training step can have: 2 for networks that normalise the means of whole images.
  var smallestTrainingBatch: Int { get }

  /// What has to be put around an image of a size so that the network can take it and its output covers the image.
  ///
  /// - Parameter space: Height and width, or depth, height and width.
  func fit(_ space: [Int]) -> InputFit

  /// What training compares with the labels: the logits and, for networks with further heads, those of the heads, each
  /// with its weight in the loss.
  ///
  /// - Parameter images: [N, inputChannels, H, W] of a size that fits.
  func supervised(_ images: Tensor) throws -> [SupervisedOutput]
}

/// Logits that training compares with the labels.
public struct SupervisedOutput {
  /// [N, classCount, H, W]
  public var logits: Tensor
  /// The factor of their loss.
  public var weight: Double

  public init(_ logits: Tensor, weight: Double = 1) {
    self.logits = logits
    self.weight = weight
  }
}

/// How an image is brought to a size that a network can take, and where the image is in the network's output. One number
/// for each axis of space.
public struct InputFit: Hashable, Sendable {
  /// Rows, columns and so on to put before and after the image.
  public var before: [Int]
  /// As ``before``, on the other side.
  public var after: [Int]
  /// Where the image's first pixel is in the output.
  public var start: [Int]

  public init(before: [Int], after: [Int], start: [Int]) {
    self.before = before
    self.after = after
    self.start = start
  }

  /// For a network whose output is as large as its input.
  public init(before: [Int], after: [Int]) { self.init(before: before, after: after, start: before) }

  /// An image that is taken as it is.
  public static func exact(_ space: [Int]) -> InputFit {
    let none = [Int](repeating: 0, count: space.count)
    return InputFit(before: none, after: none)
  }

  /// Padded to multiples of a number, half of what is missing on either side.
  ///
  /// - Parameter smallest: What the padded sizes are not below.
  public static func multiple(of divisor: Int, atLeast smallest: Int = 1, _ space: [Int]) -> InputFit {
    let missing = space.map { fittingSize($0, multipleOf: divisor, atLeast: smallest) - $0 }
    return InputFit(before: missing.map { $0 / 2 }, after: missing.map { $0 - $0 / 2 })
  }
}

/// The first multiple of a number that is not below a size, nor below the smallest one.
private func fittingSize(_ size: Int, multipleOf divisor: Int, atLeast smallest: Int) -> Int {
  (max(size, smallest) + divisor - 1) / divisor * divisor
}

extension SegmentationModel {
  public var axes: Int { 2 }
  public var smallestTrainingBatch: Int { 1 }

  public func fit(_ space: [Int]) -> InputFit { .exact(space) }

  public func supervised(_ images: Tensor) throws -> [SupervisedOutput] {
    [SupervisedOutput(try self(images))]
  }

  /// Logits for images of any size: the images are continued at their borders by reflection to what the network
  /// needs, and the output is cut back to the images' size.
  ///
  /// - Parameter images: [N, inputChannels, H, W], or [N, inputChannels, D, H, W] for volumes.
  /// - Returns: Logits [N, classCount, H, W] or [N, classCount, D, H, W].
  /// - Throws: ``MartletError`` when the number of channels is another.
  public func logits(_ images: Tensor) throws -> Tensor {
    try fitted(images) { [SupervisedOutput(try self($0))] }[0].logits
  }

  /// As ``supervised(_:)``, for images of any size.
  public func supervisedLogits(_ images: Tensor) throws -> [SupervisedOutput] {
    try fitted(images) { try supervised($0) }
  }

  private func fitted(
    _ images: Tensor, _ outputs: (Tensor) throws -> [SupervisedOutput]
  ) throws -> [SupervisedOutput] {
    try checkImages(images, "segmentation")
    let space = images.space
    let fit = fit(space)
    let padded = try images.paddedByReflection(before: fit.before, after: fit.after)
    return try outputs(padded).map {
      SupervisedOutput(try $0.logits.cropped(start: fit.start, space: space), weight: $0.weight)
    }
  }

  /// Checks rank and channels.
  func checkImages(_ images: Tensor, _ operation: String) throws {
    let space = axes == 2 ? "H, W" : "D, H, W"
    try require(
      images.rank == axes + 2 && images.shape[1] == inputChannels, operation,
      "expected images [N, \(inputChannels), \(space)], got \(images.shape)")
  }

  /// Checks rank, channels and that the size is a multiple of what the network needs, and not below its smallest.
  ///
  /// - Throws: ``MartletError`` naming the size to pad to, which ``logits(_:)`` does by itself.
  func checkImages(
    _ images: Tensor, multipleOf divisor: Int, atLeast smallest: Int = 1, _ operation: String
  ) throws {
    try checkImages(images, operation)
    let fitting = images.space.map { fittingSize($0, multipleOf: divisor, atLeast: smallest) }
    let rule = divisor > 1 ? "that are multiples of \(divisor)" : "of \(smallest) or more"
    try require(
      images.space == fitting, operation,
      "expected sizes \(rule), got \(images.space): pad to \(fitting)")
  }
}
