import ArgumentParser
import Martlet
import MartletModels

/// A network, its images and how many of them.
struct Workload: ParsableArguments, Sendable {
  @Option(help: "The network: unet, unet++ or deeplabv3.") var network = "unet"
  @Option(help: "Its encoder, such as resnet34; the U-Net has one of its own without.") var encoder: String?
  @Option(help: "Channels of that U-Net's first level.") var base = 64
  @Option(help: "Images in a batch.") var batch = 4
  @Option(help: "Height and width of the images.") var size = 256

  func makeNetwork() throws -> any SegmentationModel {
    var options = NetworkOptions()
    if let encoder {
      options.encoder = EncoderName(rawValue: encoder)
      try require(options.encoder != nil, "encoder", "there is no \(encoder)")
    } else {
      options.baseChannels = base
    }
    return try withSeed(0) { try Architecture.named(network, options).make(channels: 3, classes: 2, options) }
  }

  var imageType: TensorType { TensorType([batch, 3, size, size], .float32, .channelsLast) }

  /// Labels 0 and 1 that look like noise.
  func targets() throws -> Tensor {
    try Tensor(type: TensorType([batch, size, size], .uint8)) { (labels: UnsafeMutableBufferPointer<UInt8>) in
      for index in labels.indices {
        labels[index] = UInt8(truncatingIfNeeded: (index &* 2_654_435_761) >> 16) & 1
      }
    }
  }

  func images() throws -> Tensor {
    try .normal(imageType, mean: 0, standardDeviation: 1, seed: 1, stream: 1)
  }

  /// - Parameter network: Of ``makeNetwork()``.
  func predictor(
    _ network: sending any SegmentationModel, _ precision: Precision, withoutPasses: [String] = []
  ) throws -> Predictor {
    let ranges =
      precision == .int8
      ? try predictor(makeNetwork(), inferencePasses).activationRanges(on: [[images()]]) : nil
    let passes = try withPrecision(precision, calibration: ranges) { Precision.current.inferencePasses }
    return predictor(network, try passes.without(withoutPasses))
  }

  /// For these images alone, as peers compile their models for one size.
  private func predictor(_ network: sending any SegmentationModel, _ passes: [any GraphPass]) -> Predictor {
    Predictor(only: [imageType], passes: passes) { [try network.logits($0[0])] }
  }
}
