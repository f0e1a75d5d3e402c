import Martlet
import MartletKernels

/// The distances between the surfaces of a truth and a prediction, with the definitions of MONAI's
/// `compute_hausdorff_distance` and `compute_average_surface_distance`.
///
/// A surface is the elements of a mask that have a neighbour along an axis outside of the mask; beyond the image all is
/// outside. Distances are between centres.
public struct SurfaceDistances: Hashable, Sendable {
  /// From each element of the prediction's surface to the nearest of the truth's: infinite where the truth is empty.
  public let predictionToTruth: [Double]
  /// From each element of the truth's surface to the nearest of the prediction's: infinite where the prediction is empty.
  public let truthToPrediction: [Double]

  /// - Parameters:
  ///   - truth: Row-major; what is not 0 is inside.
  ///   - prediction: Of the same shape.
  ///   - shape: [height, width] or [depth, height, width].
  ///   - spacing: The distance between neighbours along each axis; `nil` for 1.
  /// - Throws: ``MartletError`` for masks that are not of the shape, and for a spacing that is none.
  public init(truth: [UInt8], prediction: [UInt8], shape: [Int], spacing: [Double]? = nil) throws {
    let spacing = spacing ?? shape.map { _ in 1 }
    try Self.check(spacing: spacing, axes: shape.count)
    var count = 1
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      try require(size >= 0 && !overflow, "metrics", "expected the shape of a mask, got \(shape)")
      count = product
    }
    try require(
      truth.count == count && prediction.count == count, "metrics",
      "expected two masks of shape \(shape), got \(truth.count) and \(prediction.count) elements")
    let surfaces = [truth, prediction].map { Self.surface($0, shape) }
    let distances = surfaces.map { $0.contains(0) ? Self.distances(to: $0, shape, spacing) : nil }
    func measured(_ from: [UInt8], _ to: [Double]?) -> [Double] {
      from.indices.filter { from[$0] == 0 }.map { to?[$0].squareRoot() ?? .infinity }
    }
    predictionToTruth = measured(surfaces[1], distances[0])
    truthToPrediction = measured(surfaces[0], distances[1])
  }

  /// The larger of both directions' distances: of all, or of a percentile with values between interpolated.
  ///
  /// `nan` where truth and prediction are empty, infinite where one is.
  ///
  /// - Parameter percentile: From 0 to 100.
  public func hausdorff(percentile: Double = 95) -> Double {
    let values = [predictionToTruth, truthToPrediction].filter { !$0.isEmpty }.map {
      Self.quantile($0, percentile / 100)
    }
    return values.max() ?? .nan
  }

  /// The mean of both directions' distances together: the average symmetric surface distance.
  ///
  /// `nan` where truth and prediction are empty, infinite where one is.
  public var average: Double {
    let count = predictionToTruth.count + truthToPrediction.count
    let sum = predictionToTruth.reduce(0, +) + truthToPrediction.reduce(0, +)
    return count == 0 ? .nan : sum / Double(count)
  }

  /// - Throws: ``MartletError`` unless there is a length for each axis.
  static func check(spacing: [Double], axes: Int) throws {
    try require(
      spacing.count == axes && spacing.allSatisfy { (1e-9...1e9).contains($0) }, "metrics",
      "expected a spacing above 0 for each of \(axes) axes, got \(spacing)")
  }

  private static func quantile(_ values: [Double], _ share: Double) -> Double {
    let sorted = values.sorted()
    let place = min(max(share, 0), 1) * Double(sorted.count - 1)
    let (low, high) = (sorted[Int(place)], sorted[min(Int(place) + 1, sorted.count - 1)])
    return high == low ? low : low + (high - low) * (place - place.rounded(.down))
  }

  /// 0 on the mask's surface and 1 elsewhere.
  private static func surface(_ mask: [UInt8], _ shape: [Int]) -> [UInt8] {
    var result = [UInt8](repeating: 1, count: mask.count)
    for (axis, size) in shape.enumerated() {
      let stride = shape[(axis + 1)...].reduce(1, *)
      for index in mask.indices where mask[index] != 0 && result[index] != 0 {
        let place = index / stride % size
        if place == 0 || place == size - 1 || mask[index - stride] == 0 || mask[index + stride] == 0 {
          result[index] = 0
        }
      }
    }
    return result
  }

  private static func distances(to surface: [UInt8], _ shape: [Int], _ spacing: [Double]) -> [Double] {
    surface.withUnsafeBufferPointer { squaredDistances(toZerosOf: $0, shape: shape, spacing: spacing) }
  }
}

/// ``SurfaceDistances`` of the classes of a set of images.
public struct SurfaceScores: Hashable, Sendable {
  /// One class over all images.
  public struct ClassScore: Hashable, Sendable {
    /// Images in which truth and prediction both have the class: those that distances are means over.
    public var images = 0
    /// Images in which only one of them has the class, so that its distances are infinite.
    public var missed = 0
    private var hausdorffSum = 0.0
    private var averageSum = 0.0

    /// A score of no images yet.
    public init() {}

    /// The mean over images of the 95th percentile of the Hausdorff distance; `nan` without images.
    public var hausdorff95: Double { hausdorffSum / Double(images) }
    /// The mean over images of the average symmetric surface distance; `nan` without images.
    public var averageDistance: Double { averageSum / Double(images) }

    mutating func add(_ image: ImageScore) {
      if image.averageDistance.isNaN { return }
      guard image.averageDistance.isFinite else {
        missed += 1
        return
      }
      images += 1
      hausdorffSum += image.hausdorff95
      averageSum += image.averageDistance
    }
  }

  /// One class in one image: `nan` where neither truth nor prediction has the class, infinite where one has.
  public struct ImageScore: Hashable, Sendable {
    /// The 95th percentile of the Hausdorff distance, in units of the spacing.
    public var hausdorff95: Double
    /// The average symmetric surface distance, in units of the spacing.
    public var averageDistance: Double
  }

  /// Class 0, the background, is not measured.
  public private(set) var classes: [ClassScore]
  /// For each image those of the classes after the background.
  public private(set) var images: [[ImageScore]] = []
  /// The size of a pixel or voxel along each axis, for images that come without their own.
  public let spacing: [Double]

  /// - Parameter spacing: The height and the width of a pixel, or the depth, height and width of a voxel.
  /// - Throws: ``MartletError`` for a spacing that is none.
  public init(classCount: Int, spacing: [Double] = [1, 1], axes: Int = 2) throws {
    try SurfaceDistances.check(spacing: spacing, axes: axes)
    classes = [ClassScore](repeating: ClassScore(), count: classCount)
    self.spacing = spacing
  }

  /// Adds an image of class indices. What is beyond the classes belongs to none.
  public mutating func add(truth: [UInt8], prediction: [UInt8], width: Int, height: Int) throws {
    try add(truth: truth, prediction: prediction, shape: [height, width])
  }

  /// Adds an image or a volume of class indices.
  ///
  /// - Parameters:
  ///   - shape: [height, width] or [depth, height, width].
  ///   - own: The spacing, where it is not that of all.
  public mutating func add(
    truth: [UInt8], prediction: [UInt8], shape: [Int], spacing own: [Double]? = nil
  ) throws {
    let scores = try classes.indices.dropFirst().map { index in
      func mask(_ labels: [UInt8]) -> [UInt8] { labels.map { Int($0) == index ? 1 : 0 } }
      let distances = try SurfaceDistances(
        truth: mask(truth), prediction: mask(prediction), shape: shape, spacing: own ?? spacing)
      let average = distances.average
      return ImageScore(
        hausdorff95: average.isFinite ? distances.hausdorff() : average, averageDistance: average)
    }
    for (index, score) in scores.enumerated() { classes[index + 1].add(score) }
    images.append(scores)
  }
}
