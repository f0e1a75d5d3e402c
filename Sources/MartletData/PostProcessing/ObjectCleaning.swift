import MartletKernels

/// Removal of what is too small to be meant. Neighbours share a side: regions that only touch at corners are two.
extension LabelMap {
  /// The map with regions of fewer pixels than a number turned into background, as
  /// `skimage.morphology.remove_small_objects` class by class.
  ///
  /// A region is what is connected and of one class other than 0.
  public func removingObjects(smallerThan minimumSize: Int) -> LabelMap {
    guard minimumSize > 1, !values.isEmpty else { return self }
    let (labels, count) = components(separatingClasses: true)
    var areas = [Int](repeating: 0, count: count + 1)
    for label in labels { areas[Int(label)] += 1 }
    var cleaned = values
    for (index, label) in labels.enumerated() where label > 0 && areas[Int(label)] < minimumSize {
      cleaned[index] = 0
    }
    return LabelMap(width: width, height: height, values: cleaned)
  }

  /// The map with holes of up to a number of pixels filled.
  ///
  /// A hole is connected background that does not reach the image's edge. It gets the class that most of its border
  /// is of, the first of equals.
  public func fillingHoles(upTo largestSize: Int) -> LabelMap {
    guard largestSize > 0, !values.isEmpty else { return self }
    let background = LabelMap(width: width, height: height, values: values.map { $0 == 0 ? 1 : 0 })
    let (labels, count) = background.components(separatingClasses: false)
    var areas = [Int](repeating: 0, count: count + 1)
    for label in labels { areas[Int(label)] += 1 }
    var isFilled = areas.map { $0 <= largestSize }
    // Neither objects nor what is open are holes.
    isFilled[0] = false
    for x in 0..<width {
      isFilled[Int(labels[x])] = false
      isFilled[Int(labels[(height - 1) * width + x])] = false
    }
    for y in 0..<height {
      isFilled[Int(labels[y * width])] = false
      isFilled[Int(labels[(y + 1) * width - 1])] = false
    }
    // How many of a hole's sides each class has.
    var sides: [Int32: [Int]] = [:]
    for (index, label) in labels.enumerated() where isFilled[Int(label)] {
      // A hole lies inside, so every pixel of it has four neighbours.
      for neighbour in [index - width, index - 1, index + 1, index + width] where values[neighbour] != 0 {
        sides[label, default: Array(repeating: 0, count: 256)][Int(values[neighbour])] += 1
      }
    }
    let fillings = sides.mapValues { counts in
      UInt8(counts.indices.max { (counts[$0], $1) < (counts[$1], $0) } ?? 0)
    }
    var filled = values
    for (index, label) in labels.enumerated() where isFilled[Int(label)] {
      filled[index] = fillings[label] ?? 0
    }
    return LabelMap(width: width, height: height, values: filled)
  }

  /// Connected regions, numbered from 1 by their first pixels; 0 where the class is 0 or a pixel takes no part.
  func components(separatingClasses: Bool) -> (labels: [Int32], count: Int) {
    let classes = values.contains(Self.ignored) ? values.map { $0 == Self.ignored ? 0 : $0 } : values
    return classes.withUnsafeBufferPointer {
      connectedComponents(
        of: $0, width: width, height: height, connectivity: .four, separatingClasses: separatingClasses)
    }
  }
}
