import Martlet
import MartletData

/// Where the mean and deviation of the network's input come from.
public enum NormalizationChoice: String, Hashable, Sendable, Codable, CaseIterable {
  /// The training images' own.
  case dataset
  /// Those of ImageNet, which published encoders were trained with.
  case imagenet
  /// None: values from 0 to 1.
  case none

  /// - Throws: ``MartletError`` for ImageNet's with images that are not RGB.
  func normalization(of data: SegmentationDataset) throws -> Normalization {
    switch self {
    case .dataset: return data.normalization()
    case .none: return .unit(channels: data.channels)
    case .imagenet:
      try require(
        data.channels == 3, "normalization",
        "expected images of 3 channels for imagenet, got \(data.channels)")
      return .imageNet
    }
  }
}
