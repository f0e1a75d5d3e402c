import Foundation
import Martlet
import MartletData
import MartletFiles
import MartletModels

/// A network's ``ActivationRanges`` in a JSON file, with what tells the network from others.
public struct CalibrationFile: Codable, Equatable, Sendable {
  /// Which weights it is of.
  var source: String
  /// Images that it was made on.
  public private(set) var images: Int
  /// The least and the largest element of each convolution's input, or nothing.
  private var ranges: [[Float]]

  private static let largest = 64 << 20

  init(_ calibration: ActivationRanges, source: String, images: Int) {
    self.source = source
    self.images = images
    ranges = calibration.ranges.map { $0.map { [$0.lowerBound, $0.upperBound] } ?? [] }
  }

  /// - Throws: ``MartletError`` when it is no such file.
  public init(contentsOf url: URL) throws {
    let file = try ReadableFile(url.relativePath, operation: "calibration")
    let error = MartletError(
      "calibration", "\(file.path): expected a file that `martlet calibrate` makes, got another")
    guard file.byteCount <= Self.largest,
      let read = try? JSONDecoder().decode(Self.self, from: Data(file.bytes(0..<file.byteCount))),
      read.ranges.allSatisfy({ $0.isEmpty || $0.count == 2 && $0[0] <= $0[1] })
    else { throw error }
    self = read
  }

  func write(to url: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try AtomicFile.write(Array(try encoder.encode(self)), to: url.relativePath)
  }

  /// - Parameters:
  ///   - model: A run folder or a weights file.
  ///   - inferenceDepth: As for ``SegmentationModelDescription/load(runOrWeights:inferenceDepth:)``.
  /// - Throws: ``MartletError`` when it is another network's, or the network is for volumes.
  public func calibration(for model: URL, inferenceDepth: Int? = nil) throws -> ActivationRanges {
    let file = try ModelFile(runOrWeights: model)
    try file.requireImages("calibration")
    let expected = try file.source(inferenceDepth: inferenceDepth)
    try require(
      source == expected, "calibration",
      "expected one of the weights with checksum \(expected), got one of those with \(printable(source))")
    return ActivationRanges(ranges: ranges.map { $0.isEmpty ? nil : $0[0]...$0[1] })
  }
}

extension ModelFile {
  /// Checks that there can be int8 for the network.
  fileprivate func requireImages(_ operation: String) throws {
    try require(
      try description(as: SegmentationModelDescription.self).volumes == nil, operation,
      "expected a network for images, got one for volumes, for which there is no int8")
  }

  /// Which weights and which form of a network something was made of.
  func source(inferenceDepth: Int?) throws -> String {
    try fingerprint + (inferenceDepth.map { ", depth \($0)" } ?? "")
  }
}

extension SegmentationPredictor {
  /// Pixels of an image's side that are looked at, from its middle.
  private static let calibrationSide = 1024

  /// What int8 needs to know of the network, from images such as it will be used on.
  ///
  /// - Throws: ``MartletError`` when there are no images, or one cannot be read.
  public func activationRanges(on images: some Sequence<any RegionReader>) throws -> ActivationRanges {
    var images = images.makeIterator()
    return try activationRanges { images.next() }
  }

  /// The same of images that are opened one at a time.
  ///
  /// - Parameter next: The next image; `nil` after the last.
  func activationRanges(on next: () throws -> (any RegionReader)?) throws -> ActivationRanges {
    try logits.activationRanges {
      try next().map { regions in
        let (width, height) = (regions.info.width, regions.info.height)
        let window = PixelWindow(
          x: max(0, width - Self.calibrationSide) / 2, y: max(0, height - Self.calibrationSide) / 2,
          width: min(width, Self.calibrationSide), height: min(height, Self.calibrationSide))
        return [try regions.image(in: window).networkInput(description.normalization)]
      }
    }
  }
}

/// Sees what numbers a network works with on images: what `martlet calibrate` does.
///
/// - Parameters:
///   - model: A run folder or a weights file.
///   - paths: Images, or folders of them.
///   - output: The file to write, see ``CalibrationFile``.
///   - overwrites: Whether a file that is there is replaced; never one that is read, nor one of the run.
///   - inferenceDepth: As for ``SegmentationModelDescription/load(runOrWeights:inferenceDepth:)``.
/// - Throws: ``MartletError`` when the model or an image cannot be read, or the network is for volumes.
public func calibrateSegmentation(
  _ model: URL, images paths: [String], output: String, overwrites: Bool = false, inferenceDepth: Int? = nil,
  numerics: Numerics = .current
) throws {
  let file = try ModelFile(runOrWeights: model)
  try file.requireImages("calibrate")
  let files = try SampleFileKind.image.files(at: paths)
  var check = OutputCheck("calibrate", overwriting: overwrites)
  check.protect(model: model)
  for path in paths + files { check.protect(path) }
  try check.check([(output, "the calibration")])
  let (network, description) = try SegmentationModelDescription.load(file, inferenceDepth: inferenceDepth)
  let predictor = SegmentationPredictor(network: network, description: description, numerics: numerics)
  var rest = files[...]
  let ranges = try predictor.activationRanges {
    try rest.popFirst().map {
      try Image.regions(contentsOf: $0, wholeLimits: Image.Limits(maximumPixels: .max))
    }
  }
  try CalibrationFile(
    ranges, source: file.source(inferenceDepth: inferenceDepth),
    images: files.count
  ).write(to: URL(filePath: output))
}
