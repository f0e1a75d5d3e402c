import Martlet
import MartletData

extension SegmentationExample {
  /// A slice of a volume with truth and prediction drawn over it: the slice with the most foreground, or the middle one
  /// where there is none.
  ///
  /// - Parameter index: The volume's position in the dataset.
  init(_ data: VolumeDataset, _ index: Int, _ predictor: VolumePredictor, side: Int = 512) throws {
    let sample = try data.load(index)
    let size = sample.volume.size
    let counts = (0..<size.depth).map { z in
      sample.labels[z * size.area..<(z + 1) * size.area].count { $0 != 0 && $0 != LabelMap.ignored }
    }
    let most = counts.max() ?? 0
    let slice = most == 0 ? size.depth / 2 : counts.firstIndex(of: most) ?? 0
    let voxels = slice * size.area..<(slice + 1) * size.area
    let palette = ClassPalette(data.classes)
    let image = sample.volume.picture(ofSlice: slice).convertedToRGB()
    func drawn(_ labels: [UInt8]) throws -> [UInt8] {
      let map = LabelMap(width: size.width, height: size.height, values: Array(labels[voxels]))
      return try overlay(image, mask: map.image, palette: palette, ignoredIndex: Int(LabelMap.ignored))
        .thumbnail(side: side).encoded(as: .png)
    }
    self.init(
      input: try image.thumbnail(side: side).encoded(as: .png), truth: try drawn(sample.labels),
      prediction: try drawn(predictor.labels(of: sample.volume)))
  }
}

extension Volume {
  /// A slice's first channel in grey, from the volume's 0.5 to its 99.5 percentile.
  func picture(ofSlice slice: Int) -> Image {
    let step = max(size.count / 10_000, 1)
    let sorted = stride(from: 0, to: size.count, by: step).map { values[$0] }.sorted()
    let low = sorted[sorted.count / 200]
    let range = max(sorted[sorted.count - 1 - sorted.count / 200] - low, .leastNormalMagnitude)
    let samples = values[slice * size.area..<(slice + 1) * size.area].map {
      UInt8(min(max(($0 - low) / range, 0), 1) * 255 + 0.5)
    }
    return Image(width: size.width, height: size.height, channels: 1, samples: .uint8(samples))
  }
}
