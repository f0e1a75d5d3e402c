import Foundation
import Martlet
import MartletData

/// The first samples of an epoch as the network is given them: cropped and changed as in training, with their masks
/// drawn over them. Of two samples that are mixed the mask of the one with the larger share is drawn, and both shares are
/// written below.
///
/// - Parameters:
///   - configuration: The run's. Only what concerns the data is looked at.
///   - count: Samples to show; fewer where an epoch has fewer.
///   - epoch: From 0. Each epoch has its own order and its own changes.
/// - Returns: An 8-bit RGB picture.
/// - Throws: ``MartletError`` naming what of the arguments or the data cannot be used.
public func segmentationPreview(
  _ configuration: SegmentationConfiguration, count: Int, columns: Int, epoch: Int
) throws -> Image {
  try require((1...10_000).contains(count), "preview", "expected 1 to 10000 samples, got \(count)")
  try require((1...1000).contains(columns), "preview", "expected 1 to 1000 columns, got \(columns)")
  try require(
    (0...Int(Int32.max)).contains(epoch), "preview", "expected an epoch of 0 or more, got \(epoch)")
  try require(
    !configuration.isVolumes, "preview", "expected a configuration for images, got one for volumes")
  _ = try configuration.size.side()
  let training = try configuration.datasets().training
  let normalization = try configuration.normalization.normalization(of: training)
  let batches = try configuration.trainingLoader(training, normalization).batches(epoch: epoch)
  let mixUp = MixUp(configuration)
  var cells: [ContactSheet.Cell] = []
  while cells.count < count, let batch = try batches.next() {
    let share = mixUp?.share(epoch: epoch, batch: batch.index)
    cells += try batch.cells(of: training, normalization, share: share).prefix(count - cells.count)
  }
  return try ContactSheet(cells: cells, columns: columns, palette: ClassPalette(training.classes)).drawn()
}

/// Writes ``segmentationPreview(_:count:columns:epoch:)`` of a YAML file or a run folder: what `martlet preview` does.
///
/// - Parameter isOverwriting: Whether a file that is there is replaced; never one that is read, nor one among the data.
/// - Throws: ``MartletError`` naming what cannot be used, read or written.
public func writeSegmentationPreview(
  of runOrFile: URL, to output: String, count: Int, columns: Int, epoch: Int, overwriting isOverwriting: Bool
) throws {
  let configuration = try SegmentationConfiguration(runOrFile: runOrFile)
  var check = OutputCheck("preview", overwriting: isOverwriting)
  check.protect(model: runOrFile)
  for path in configuration.inputPaths where !path.isEmpty { check.protect(path) }
  try check.check([(output, runOrFile.relativePath)])
  try segmentationPreview(configuration, count: count, columns: columns, epoch: epoch).write(to: output)
}

extension SegmentationConfiguration {
  /// The configuration in a YAML file for `martlet train`, or in a run folder.
  ///
  /// - Throws: ``MartletError`` naming the file and what is wrong with it.
  public init(runOrFile url: URL) throws {
    let files = RunFolder(url)
    let isFolder = FileManager.default.fileExists(atPath: files.configuration.path)
    let file = isFolder ? files.configuration : url
    let kind = try ConfigurationFile.kind(of: file)
    try require(
      kind == .segmentation, "preview", "expected a run of segmentation, got \(kind) in \(file.path)")
    self = try ConfigurationFile.read(file)
  }

  /// The batches that a run trains on.
  func trainingLoader(
    _ training: SegmentationDataset, _ normalization: Normalization
  ) throws -> BatchLoader {
    let side = try size.side()
    return try BatchLoader(
      training, batchSize: self.batchSize, frame: .window(width: side, height: side),
      normalization: normalization,
      augmentation: augmentation.pipeline, seed: self.seed, shuffles: true)
  }
}

extension SegmentationBatch {
  /// The samples with their normalisation undone, as pictures.
  ///
  /// - Parameter share: What each keeps of itself where it is mixed with the next one.
  fileprivate func cells(
    of data: SegmentationDataset, _ normalization: Normalization, share: Double?
  ) throws -> [ContactSheet.Cell] {
    let channels = normalization.channels
    let area = width * height
    let pixels =
      try share.map { try MixUp.mixed(images, labelTensor(.uint8), share: Tensor(Float($0))).images }
      ?? images
    return try pixels.converted(to: .channelsLast).withElements { (values: UnsafeBufferPointer<Float>) in
      sampleIndices.enumerated().map { position, index in
        let samples = (0..<area * channels).map { offset in
          let channel = offset % channels
          let value =
            values[position * area * channels + offset] * normalization.standardDeviation[channel]
            + normalization.mean[channel]
          return UInt8(min(max(value * 255 + 0.5, 0), 255))
        }
        let next = (position + 1) % count
        let shown = share ?? 1 < 0.5 ? next : position
        func part(_ index: Int, _ share: Double) -> String {
          "\(Int((share * 100).rounded()))% \(data.samples[index].name)"
        }
        let caption =
          share.map { "\(part(index, $0)) + \(part(sampleIndices[next], 1 - $0))" }
          ?? data.samples[index].name
        return ContactSheet.Cell(
          image: Image(width: width, height: height, channels: channels, samples: .uint8(samples)),
          labels: LabelMap(
            width: width, height: height, values: Array(labels[shown * area..<(shown + 1) * area])),
          caption: caption)
      }
    }
  }
}
