import Foundation
import Martlet
import MartletData
import MartletModels

/// What a precision below float32 does to a network's probabilities, measured on some images.
public struct PrecisionLoss: Hashable, Sendable {
  /// What is compared with float32.
  public let precision: Precision
  /// Images that it was measured on.
  public private(set) var images = 0
  /// Of a class's probability in a pixel.
  public private(set) var largestDifference = 0.0
  /// Pixels, and those whose class is another than in float32.
  public private(set) var pixels = 0
  /// Pixels whose class is another than in float32.
  public private(set) var changedPixels = 0
  private var sum = 0.0
  private var count = 0

  /// Of all classes' probabilities in all pixels.
  public var meanDifference: Double { sum / Double(count) }

  /// Nothing measured yet.
  public init(_ precision: Precision) { self.precision = precision }

  /// - Parameters:
  ///   - exact: An image's probabilities in float32, pixels of one class after those of the other.
  ///   - own: The same with the precision.
  mutating func add(exact: [Float], own: [Float], classCount: Int) {
    images += 1
    for (a, b) in zip(exact, own) {
      let difference = Double(abs(a - b))
      // What is no number must show.
      largestDifference =
        difference.isNaN || largestDifference.isNaN ? .nan : max(largestDifference, difference)
      sum += difference
    }
    count += exact.count
    let area = exact.count / max(1, classCount)
    pixels += area
    func label(_ values: [Float], _ pixel: Int) -> Int {
      (1..<max(1, classCount)).reduce(0) { values[$1 * area + pixel] > values[$0 * area + pixel] ? $1 : $0 }
    }
    for pixel in 0..<area where label(exact, pixel) != label(own, pixel) { changedPixels += 1 }
  }
}

extension PrecisionLoss: CustomStringConvertible {
  public var description: String {
    let share = 100 * Double(changedPixels) / Double(max(1, pixels))
    return
      "\(precision.rawValue): on \(counted(images, "image")) probabilities differ from fp32's by "
      + String(
        format: "%.2g at most and %.2g on average; %.3g%% of pixels", largestDifference, meanDifference, share
      )
      + " get another class"
  }
}

extension PrecisionLoss {
  /// Images that it is measured on, and the size of the window of each that is looked at.
  public static let imageCount = 4
  private static let windowSide = 1024

  /// Measures the precision of the task on the first of some images; `nil` where that is float32.
  ///
  /// - Throws: ``MartletError`` when an image cannot be read.
  static func measured(
    _ network: () throws -> any SegmentationModel, _ description: SegmentationModelDescription,
    _ numerics: Numerics,
    on images: some Sequence<any RegionReader>
  ) throws -> PrecisionLoss? {
    guard Precision.current != .float32 else { return nil }
    let network = try network()
    func predictor() -> SegmentationPredictor {
      SegmentationPredictor(borrowing: network, description: description, numerics: numerics)
    }
    let (exact, own) = (try withPrecision(.float32) { predictor() }, predictor())
    var loss = PrecisionLoss(.current)
    for regions in images.prefix(imageCount) {
      let window = PixelWindow(
        x: 0, y: 0, width: min(regions.info.width, windowSide), height: min(regions.info.height, windowSide))
      let image = try regions.image(in: window)
      loss.add(
        exact: try exact.probabilities(of: image), own: try own.probabilities(of: image),
        classCount: network.classCount)
    }
    return loss
  }
}
