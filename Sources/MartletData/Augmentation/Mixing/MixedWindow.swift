import MartletKernels

/// From which samples a window is put together, and where each lies.
struct MixedWindow: Hashable, Sendable {
  struct Part: Hashable, Sendable {
    /// Position in the dataset.
    var sampleIndex: Int
    var region: WindowRegion
    /// What the part's changes are drawn from.
    var draws: AugmentationDraws
  }

  /// In the order in which they are laid down. Regions are never empty.
  let parts: [Part]

  /// Draws the parts of a sample's window.
  ///
  /// - Parameter sampleCount: Samples that parts can come from; with one there is nothing to mix.
  init(
    _ pipeline: AugmentationPipeline, _ draws: AugmentationDraws, sampleCount: Int, width: Int, height: Int
  ) {
    var parts: [Part] = []
    func add(_ sampleIndex: Int, _ x: Range<Int>, _ y: Range<Int>) {
      if x.isEmpty || y.isEmpty { return }
      var own = draws
      own.part = parts.count
      parts.append(
        Part(
          sampleIndex: sampleIndex,
          region: WindowRegion(x: x.lowerBound, y: y.lowerBound, width: x.count, height: y.count), draws: own)
      )
    }
    if sampleCount > 1, var generator = draws.generator(.mosaic, pipeline.mosaic) {
      let x = Int(generator.uniform(in: 0.25...0.75) * Double(width) + 0.5)
      let y = Int(generator.uniform(in: 0.25...0.75) * Double(height) + 0.5)
      // The sample itself may lie in any corner.
      let own = generator.index(below: 4)
      for corner in 0..<4 {
        let other = generator.index(below: sampleCount)
        add(
          corner == own ? draws.sampleIndex : other, corner % 2 == 0 ? 0..<x : x..<width,
          corner < 2 ? 0..<y : y..<height)
      }
    } else {
      add(draws.sampleIndex, 0..<width, 0..<height)
    }
    if sampleCount > 1, let step = pipeline.cutMix, var generator = draws.generator(.cutMix, step) {
      let side = generator.uniform(in: step.minimum...step.maximum).squareRoot()
      let partWidth = min(Int(side * Double(width) + 0.5), width)
      let partHeight = min(Int(side * Double(height) + 0.5), height)
      let x = generator.index(below: width - partWidth + 1)
      let y = generator.index(below: height - partHeight + 1)
      let other = generator.index(below: sampleCount - 1)
      add(
        other < draws.sampleIndex ? other : other + 1, x..<x + partWidth, y..<y + partHeight)
    }
    self.parts = parts
  }
}
