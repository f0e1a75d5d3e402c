import MartletKernels

extension SampleTransform {
  /// Chooses the pixel that the window is laid around, when one was drawn to hold a class.
  mutating func aim(at labels: LabelMap, _ step: AugmentationClassCrop?) {
    guard let step, var generator = classGenerator?.generator else { return }
    var counts = [Int](repeating: 0, count: 256)
    for label in labels.values { counts[Int(label)] += 1 }
    let wanted = step.classes.isEmpty ? Array(1..<LabelMap.largestClassCount) : step.classes
    let present = wanted.filter { counts[$0] > 0 }
    if present.isEmpty { return }
    let choice = present[generator.index(below: present.count)]
    var rest = generator.index(below: counts[choice])
    for (pixel, label) in labels.values.enumerated() where label == UInt8(choice) {
      if rest == 0 {
        target = SIMD2(Double(pixel % labels.width), Double(pixel / labels.width))
        return
      }
      rest -= 1
    }
  }
}
