import ArgumentParser
import Martlet
import MartletModels

/// The size of the U-Net and of its batch.
struct Workload: ParsableArguments {
  @Option(help: "Channels of the first level.") var base = 64
  @Option(help: "Images in a batch.") var batch = 4
  @Option(help: "Height and width of the images.") var size = 256

  func network() throws -> UNet {
    var configuration = UNet.Configuration()
    configuration.baseChannels = base
    return try withSeed(0) { try UNet(configuration) }
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
}
