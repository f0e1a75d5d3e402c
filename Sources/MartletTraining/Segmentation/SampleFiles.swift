import Foundation
import MartletData
import MartletFiles

/// Where a sample is.
struct SampleFiles {
  var image: URL
  /// A file, a folder, or a file with the annotations of several images.
  var mask: URL
  /// The image's path within the dataset.
  var name: String
}

extension SampleFiles {
  /// A sentence's end that says how many validation samples are trained on too; empty where none is.
  static func note(onSharing training: [SampleFiles], _ validation: [SampleFiles]) -> String {
    let trained = Set(training.map { FilePlace.of($0.image.path) })
    let count = validation.count { trained.contains(FilePlace.of($0.image.path)) }
    if count == 0 { return "" }
    return count == validation.count
      ? " (which the network is trained on too)" : " (of which the network is trained on \(count) too)"
  }
}

extension SegmentationDataset {
  var sampleFiles: [SampleFiles] {
    samples.map { SampleFiles(image: $0.image, mask: $0.mask, name: $0.fileName) }
  }
}

extension VolumeDataset {
  var sampleFiles: [SampleFiles] {
    samples.map { SampleFiles(image: $0.image, mask: $0.mask, name: $0.fileName) }
  }
}
