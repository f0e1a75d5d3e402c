import Martlet

@testable import MartletData

/// Samples that are easy to follow: every pixel's value tells where it was.
enum AugmentationSample {
  /// Grey values from 0 up, row by row, and labels equal to them.
  static func numbered(_ width: Int, _ height: Int) -> LabeledImage {
    let values = (0..<width * height).map { UInt8($0) }
    return LabeledImage(
      image: Image(width: width, height: height, channels: 1, samples: .uint8(values)),
      labels: LabelMap(width: width, height: height, values: values))
  }

  /// A smooth RGB image with labels that follow its red channel.
  static func smooth(_ width: Int, _ height: Int) -> LabeledImage {
    var samples: [UInt8] = []
    var labels: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        let red = 255 * x / (width - 1)
        samples += [UInt8(red), UInt8(255 * y / (height - 1)), UInt8((x * y) % 256)]
        labels.append(red >= 128 ? 1 : 0)
      }
    }
    return LabeledImage(
      image: Image(width: width, height: height, channels: 3, samples: .uint8(samples)),
      labels: LabelMap(width: width, height: height, values: labels))
  }
}

/// A window as drawn: values in 0…255 and labels.
func augmentationWindow(
  _ sample: LabeledImage, _ width: Int, _ height: Int, _ transform: SampleTransform,
  fill: AugmentationFill = .reflect
) -> (values: [Float], labels: [UInt8]) {
  let geometry = WindowGeometry(
    width: width, height: height, imageWidth: sample.image.width, imageHeight: sample.image.height, transform)
  var values = [Float](repeating: -1, count: width * height * sample.image.channels)
  var labels = [UInt8](repeating: 77, count: width * height)
  values.withUnsafeMutableBufferPointer { values in
    labels.withUnsafeMutableBufferPointer { labels in
      geometry.sample(sample, fill: fill, pixels: values, labels: labels)
    }
  }
  return (values.map { $0 * 255 }, labels)
}
