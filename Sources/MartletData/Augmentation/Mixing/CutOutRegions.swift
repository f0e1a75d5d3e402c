import MartletKernels

/// Where a window is covered; see ``AugmentationCutOut``.
struct CutOutRegions: Hashable, Sendable {
  let regions: [WindowRegion]
  let labels: AugmentationCutOut.Labels

  /// Draws the rectangles; `nil` when the step is not made this time.
  init?(_ step: AugmentationCutOut?, _ draws: AugmentationDraws, width: Int, height: Int) {
    guard let step, var generator = draws.generator(.cutOut, step) else { return nil }
    labels = step.labels
    let count = 1 + generator.index(below: step.count)
    func side(_ length: Int) -> Int {
      min(max(Int(generator.uniform(in: step.size / 2...step.size) * Double(length) + 0.5), 1), length)
    }
    regions = (0..<count).map { _ in
      let (regionWidth, regionHeight) = (side(width), side(height))
      let x = generator.index(below: width - regionWidth + 1)
      let y = generator.index(below: height - regionHeight + 1)
      return WindowRegion(x: x, y: y, width: regionWidth, height: regionHeight)
    }
  }

  /// Covers the rectangles with one colour.
  func cover(_ window: WindowPixels, _ labels: UnsafeMutableBufferPointer<UInt8>, color: [Float]) {
    for region in regions {
      for y in region.y..<region.y + region.height {
        for pixel in y * window.width + region.x..<y * window.width + region.x + region.width {
          for channel in 0..<window.channels {
            window.values[pixel * window.channels + channel] = color[channel]
          }
          if self.labels == .ignore { labels[pixel] = LabelMap.ignored }
        }
      }
    }
  }
}
