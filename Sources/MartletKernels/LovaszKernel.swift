/// The Lovász extension of the Jaccard loss over groups of errors.
///
/// Errors, truth and counts lie image by image, position by position, channel by channel. A group is what is sorted
/// together: a channel, or all channels, of one image or of the batch.
public struct LovaszKernel {
  /// How many images the batch has.
  public var images: Int
  /// Of an image.
  public var positions: Int
  /// Of a position.
  public var channels: Int
  /// Whether each image is taken by itself and the loss is their mean, instead of the batch as one image.
  public var isPerImage: Bool
  /// Whether each channel is taken by itself and the loss is the mean of those whose truth is not zero everywhere.
  public var separatesChannels: Bool

  /// As many as can be numbered while they are sorted.
  public static let largestElementCount = Int(Int32.max)

  public init(images: Int, positions: Int, channels: Int, isPerImage: Bool, separatesChannels: Bool) {
    self.images = images
    self.positions = positions
    self.channels = channels
    self.isPerImage = isPerImage
    self.separatesChannels = separatesChannels
  }

  /// Writes the slopes and returns the loss.
  ///
  /// - Parameter errors: 0 or more.
  /// - Precondition: There are at most ``largestElementCount`` elements.
  public func run(
    _ type: ElementType, errors: UnsafeRawPointer, truth: UnsafeRawPointer, counts: UnsafeRawPointer?,
    slopes: UnsafeMutableRawPointer
  ) -> Double {
    func run<Scalar: SortableReal>(_: Scalar.Type) -> Double {
      self.run(
        LovaszOperands<Scalar>(
          errors: errors.assumingMemoryBound(to: Scalar.self),
          truth: truth.assumingMemoryBound(to: Scalar.self),
          counts: counts?.assumingMemoryBound(to: Scalar.self),
          slopes: slopes.assumingMemoryBound(to: Scalar.self)))
    }
    return type == .float64 ? run(Double.self) : run(Float.self)
  }

  private func run<Scalar: SortableReal>(_ operands: LovaszOperands<Scalar>) -> Double {
    let count = images * positions * channels
    precondition(count <= Self.largestElementCount, "\(count) errors")
    guard count > 0 else { return 0 }
    let parts = isPerImage ? images : 1
    let groupsPerPart = separatesChannels ? channels : 1
    let length = count / parts / groupsPerPart
    func group(_ index: Int) -> LovaszGroup {
      let (part, channel) = (index / groupsPerPart, index % groupsPerPart)
      return LovaszGroup(
        start: part * (count / parts) + channel, step: separatesChannels ? channels : 1, length: length)
    }
    var tallies = [LovaszGroup.Tally](repeating: .init(), count: parts * groupsPerPart)
    var losses = [Double](repeating: 0, count: parts * groupsPerPart)
    tallies.withUnsafeMutableBufferPointer { tallies in
      ThreadPool.parallelFor(tallies.count) { tallies[$0] = group($0).tally(operands) }
    }
    // A channel of which there is nothing is left out of the mean over channels.
    let shares = tallies.indices.map { index -> Double in
      guard separatesChannels else { return 1 / Double(parts) }
      let first = index / groupsPerPart * groupsPerPart
      let present = tallies[first..<first + groupsPerPart].reduce(0) { $0 + ($1.truths > 0 ? 1 : 0) }
      return tallies[index].truths > 0 ? 1 / Double(parts * present) : 0
    }
    losses.withUnsafeMutableBufferPointer { losses in
      ThreadPool.parallelFor(losses.count) {
        losses[$0] = group($0).run(operands, tallies[$0], share: shares[$0])
      }
    }
    return losses.reduce(0, +)
  }
}

private struct LovaszOperands<Scalar: SortableReal> {
  var errors: UnsafePointer<Scalar>
  var truth: UnsafePointer<Scalar>
  var counts: UnsafePointer<Scalar>?
  var slopes: UnsafeMutablePointer<Scalar>
}

private struct LovaszGroup {
  var start: Int
  var step: Int
  var length: Int

  /// How many elements count, and how many of them are of the class.
  struct Tally {
    var elements = 0
    var truths = 0
  }

  func tally<Scalar: SortableReal>(_ operands: LovaszOperands<Scalar>) -> Tally {
    var tally = Tally()
    for item in 0..<length {
      let index = start + item * step
      if let counts = operands.counts, counts[index] == 0 { continue }
      tally.elements += 1
      if operands.truth[index] != 0 { tally.truths += 1 }
    }
    return tally
  }

  /// The group's loss times its share; writes its slopes.
  func run<Scalar: SortableReal>(
    _ operands: LovaszOperands<Scalar>, _ tally: Tally, share: Double
  ) -> Double {
    for item in 0..<length { operands.slopes[start + item * step] = 0 }
    guard share > 0, tally.elements > 0 else { return 0 }
    return DescendingOrder.with(count: tally.elements, keyBits: Scalar.orderBitCount) { order in
      for item in 0..<length {
        let index = start + item * step
        if let counts = operands.counts, counts[index] == 0 { continue }
        order.append(key: operands.errors[index].orderBits, value: Int32(item))
      }
      let items = order.sorted()
      var (hits, misses, before, loss) = (0, 0, 0.0, 0.0)
      for item in items {
        let index = start + Int(item) * step
        if operands.truth[index] != 0 { hits += 1 } else { misses += 1 }
        let jaccard = 1 - Double(tally.truths - hits) / Double(tally.truths + misses)
        let slope = (jaccard - before) * share
        before = jaccard
        operands.slopes[index] = Scalar(slope)
        loss += Double(operands.errors[index]) * slope
      }
      return loss
    }
  }
}
