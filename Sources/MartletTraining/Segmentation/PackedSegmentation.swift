import Foundation
import Martlet
import MartletData
import MartletFiles
import MartletInterchange
import MartletModels

extension SegmentationPredictor {
  /// What a file has to hold to start from: the network's description, and its constants as windows of a layout read them.
  /// Windows of other sizes can be predicted from it too.
  ///
  /// - Parameter source: Which weights the network has.
  public func packedModel(for layout: WindowLayout, source: String) throws -> PackedModel {
    PackedModel(
      description: try description.json, source: source,
      constants: try logits.packedConstants(for: [inputType(layout)]))
  }
}

extension SegmentationModelDescription {
  fileprivate var json: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }

  /// - Throws: ``MartletError`` when a packed file describes something else.
  init(packed: PackedModel) throws {
    do {
      self = try JSONDecoder().decode(Self.self, from: Data(packed.description.utf8))
    } catch {
      throw MartletError("packed", "expected the description of a segmentation network, got something else")
    }
  }
}

/// How a predictor is started.
public struct PredictorStart: Sendable {
  /// A file of constants to start from, made if it is missing or does not fit.
  public var packed: String? { didSet { opening = nil } }
  /// A file of measured choices of algorithms, made or added to where something is missing; `nil` to choose by a model.
  public var tuning: String?
  private(set) var opening: PackedOpening?

  public init(packed: String? = nil, tuning: String? = nil) {
    self.packed = packed
    self.tuning = tuning
  }

  /// Begins to read the packed file, for callers who have other things to do before the predictor is made. What is wrong
  /// with the file is reported when it is made.
  public mutating func readAhead() {
    guard let packed, FileManager.default.fileExists(atPath: packed) else { return }
    opening = PackedOpening(URL(filePath: packed))
  }

  /// - Throws: ``MartletError`` when choices cannot be kept in the file.
  func makeTuning(report: @escaping @Sendable (String) -> Void) throws -> Tuning {
    guard let tuning else { return .modelled }
    try require(
      packed.map { FilePlace.of($0) != FilePlace.of(tuning) } ?? true, "tuning",
      "expected another file than that for packed weights, got \(tuning) for both")
    try Tuning.check(cache: URL(filePath: tuning))
    return .measured(cache: URL(filePath: tuning), report: report)
  }
}

/// A run's network from a packed file where there is one that fits, and the file where there is none.
struct PackedSegmentation {
  private let file: URL
  private let opening: PackedOpening?
  /// Which weights and which form of the network the file has to be of.
  private let source: String

  /// - Parameters:
  ///   - opening: Of the file, if that was begun.
  ///   - inferenceDepth: As for ``SegmentationModelDescription/load(runOrWeights:inferenceDepth:)``.
  /// - Throws: ``MartletError`` when there is another file of that name, which is not to be replaced.
  init(_ file: String, _ opening: PackedOpening?, of model: ModelFile, inferenceDepth: Int?) throws {
    self.file = URL(filePath: file)
    self.opening = opening
    // Other sizes of images may ask for weights that were not rounded, and these are not in the file.
    try require(
      Precision.current == .float32, "packed",
      "expected precision \(Precision.float32.rawValue) with a packed file, got \(Precision.current.rawValue)"
    )
    if FileManager.default.fileExists(atPath: file) {
      try require(
        try PackedModel.isPacked(self.file), "packed",
        "\(file): expected a packed model or no file, got another file, which would be replaced")
    } else {
      // One that is there can be used from a folder that is for reading alone.
      let folder = self.file.deletingLastPathComponent().path
      try require(
        FileManager.default.isWritableFile(atPath: folder), "packed",
        "expected a folder that can be written to for \(file), got \(folder)")
    }
    source = try model.source(inferenceDepth: inferenceDepth)
  }

  /// The network from the file; `nil` when there is none that fits, which is reported.
  func predictor(
    numerics: Numerics, tuning: Tuning, report: (String) -> Void
  ) -> SegmentationPredictor? {
    guard FileManager.default.fileExists(atPath: file.path) else { return nil }
    do {
      let opening = self.opening ?? PackedOpening(file)
      let predictor = try SegmentationPredictor(
        packed: opening.model(madeOf: source), numerics: numerics, tuning: tuning)
      // While the predictor was made, the file was read.
      try opening.check()
      return predictor
    } catch {
      let message = (error as? MartletError)?.message ?? "\(error)"
      let name = message.contains(file.relativePath) ? "" : "\(file.relativePath): "
      report("\(name)\(message); it is made anew")
    }
    return nil
  }

  /// Writes the file.
  func write(_ predictor: SegmentationPredictor, for layout: WindowLayout) throws {
    try predictor.packedModel(for: layout, source: source).write(to: file)
  }
}
