import Martlet

/// Samples for one step.
public struct SegmentationBatch: Sendable {
  /// The epoch that the batch is of, as it was asked for.
  public let epoch: Int
  /// The batch's position in its epoch.
  public let index: Int
  /// Where the samples are in the dataset.
  public let sampleIndices: [Int]
  /// Normalised pixels, float32 [N, C, H, W], channels last in memory.
  public let images: Tensor
  /// N × H × W classes, or ``LabelMap/ignored``.
  public let labels: [UInt8]

  /// The number of samples, N.
  public var count: Int { images.shape[0] }
  /// H, in pixels.
  public var height: Int { images.shape[2] }
  /// W, in pixels.
  public var width: Int { images.shape[3] }

  /// The labels as a tensor [N, H, W].
  ///
  /// - Parameter scalar: uint8, int32 or int64. Losses take int64, as PyTorch's do.
  /// - Throws: ``MartletError`` for other element types.
  public func labelTensor(_ scalar: ScalarType = .int64) throws -> Tensor {
    let type = TensorType([count, height, width], scalar)
    switch scalar {
    case .uint8: return try Tensor(type: type) { _ = $0.initialize(from: labels) }
    case .int32: return try Tensor(type: type) { _ = $0.initialize(from: labels.lazy.map { Int32($0) }) }
    case .int64: return try Tensor(type: type) { _ = $0.initialize(from: labels.lazy.map { Int64($0) }) }
    default:
      throw MartletError("labels", "expected uint8, int32 or int64 labels, got \(scalar.rawValue)")
    }
  }
}
