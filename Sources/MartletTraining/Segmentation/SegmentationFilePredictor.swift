import Foundation
import Martlet
import MartletData
import MartletFiles
import MartletModels

/// Reads images and writes their masks, and what else is asked for: what `martlet predict` does.
public final class SegmentationFilePredictor: FilePredictor {
  public let files: [String]
  private let predictor: SegmentationPredictor
  private let loadNetwork: () throws -> any SegmentationModel
  private let numerics: Numerics
  /// What is to be written once it is known what is predicted.
  private var packing: PackedSegmentation?
  private let request: SegmentationRequest
  private let outputs: PredictionOutputs
  private let palette: ClassPalette
  private let classNames: [String]
  private let report: (String) -> Void

  /// Memory that is worth a word before it is taken.
  private static let notedByteCount = 256 << 20

  /// - Parameters:
  ///   - model: A network for images.
  ///   - paths: The images that will be given to ``predict(_:)``, or folders of them.
  ///   - output: The folder for masks, made if it is missing.
  ///   - start: How the network is started.
  ///   - report: Called with what is worth knowing about how an image is predicted.
  /// - Throws: ``MartletError``, before anything is written, when the request cannot be meant, a file would be written
  ///   twice or over one that is read, or the model cannot be read; also when the folder cannot be made.
  public init(
    _ model: ModelFile, files paths: [String], output: String, _ request: SegmentationRequest,
    numerics: Numerics = .current, start: PredictorStart = PredictorStart(),
    report: @escaping @Sendable (String) -> Void = { _ in }
  ) throws {
    try request.check()
    self.request = request
    self.report = report
    outputs = try PredictionOutputs(folder: output, request: request)
    files = try SampleFileKind.image.files(at: paths)
    try outputs.check(files, in: paths, model: model.place)
    loadNetwork = {
      try SegmentationModelDescription.load(model, inferenceDepth: request.inferenceDepth).network
    }
    self.numerics = numerics
    let tuning = try start.makeTuning(report: report)
    let packing = try start.packed.map {
      try PackedSegmentation($0, start.opening, of: model, inferenceDepth: request.inferenceDepth)
    }
    if let known = packing?.predictor(numerics: numerics, tuning: tuning, report: report) {
      predictor = known
    } else {
      let (network, description) = try SegmentationModelDescription.load(
        model, inferenceDepth: request.inferenceDepth)
      predictor = SegmentationPredictor(
        network: network, description: description, numerics: numerics, tuning: tuning)
      self.packing = packing
    }
    let classes = predictor.description.options.classes ?? []
    palette = ClassPalette(classes)
    classNames = classes.map(\.name)
    try Folder.create(output)
  }

  /// Writes what is asked for of an image.
  ///
  /// - Returns: The mask's path.
  /// - Throws: ``MartletError`` naming the file that cannot be read or written; nothing is left half-written.
  public func predict(_ file: String) throws -> String {
    // What is read whole is as large as memory allows, which is checked before it is read.
    let limits = Image.Limits(maximumPixels: .max)
    let regions = try Image.regions(contentsOf: file, limits: limits)
    let info = regions.info
    let plan = try plan(file, regions)
    try predictor.prepare(plan.layout)
    let maskFormat = RowFormat(width: info.width, height: info.height, palette: palette.colors)
    // Nothing takes its name before all is made.
    var commits: [() throws -> Void] = []
    var sinks: [any PredictionSink] = []
    if let sample = request.probabilities {
      let sink = try ProbabilitySink(
        outputs.probabilities(of: file), info, classCount: predictor.classCount, sample: sample)
      sinks.append(sink)
      commits.append(sink.writer.commit)
    }
    let mask = try PNGRegionWriter(outputs.mask(of: file), maskFormat)
    commits.append(mask.commit)
    let map = request.needsWholeMap ? MapSink(width: info.width, height: info.height) : nil
    sinks.append(map ?? MaskSink(mask))
    try predictor.predict(regions, plan) { rows in
      for sink in sinks { try sink.take(rows) }
    }
    if let labels = try map.map({ try request.postProcessing.cleaned($0.finish()) }) {
      try labels.values.withUnsafeBufferPointer { try mask.append($0) }
      commits += try writeInstances(of: labels, file)
      if request.drawsOverlay { commits.append(try drawOverlay(labels, regions, file)) }
    }
    for commit in commits { try commit() }
    writePacked(plan.layout)
    return outputs.mask(of: file)
  }

  /// Writes the packed file, once. The image is done whether that succeeds or not.
  private func writePacked(_ layout: WindowLayout) {
    guard let packing else { return }
    self.packing = nil
    do {
      try packing.write(predictor, for: layout)
    } catch {
      report("\((error as? MartletError)?.message ?? "\(error)"); the next start will be no faster")
    }
  }

  public func precisionLoss() throws -> PrecisionLoss? {
    // Those that cannot be read are reported when they are predicted.
    let readable = files.lazy.compactMap {
      try? Image.regions(contentsOf: $0, wholeLimits: Image.Limits(maximumPixels: .max))
    }
    return try .measured(loadNetwork, predictor.description, numerics, on: readable)
  }

  /// How the image is predicted, reported where it is not as usual.
  private func plan(_ file: String, _ regions: any RegionReader) throws -> PredictionPlan {
    let (info, limit) = (regions.info, request.options.memoryLimit)
    try require(
      regions.heldByteCount <= limit, "predict",
      "\(file): \(info.width)×\(info.height) pixels are read whole, in \(byteText(regions.heldByteCount)), more than the "
        + "limit of \(byteText(limit)): allow more with --memory, or give a TIFF, which is read by parts")
    if info.pages > 1 { report("\(file): has \(info.pages) pages, of which the first is predicted") }
    let mapByteCount = request.mapByteCount(info)
    try require(
      mapByteCount <= limit, "predict",
      "\(file): \(request.wholeMapReason) takes \(byteText(mapByteCount)) for \(info.width)×\(info.height) pixels, more "
        + "than the limit of \(byteText(limit)): leave it out or allow more")
    let plan = try predictor.plan(for: regions, request.options)
    if request.options.tile == nil, !plan.isWhole {
      report(
        "\(file): \(info.width)×\(info.height) pixels would take more than \(byteText(limit)) at once, so they are "
          + "predicted in windows of \(plan.layout.tile), in \(byteText(plan.byteCount))")
    }
    if mapByteCount > Self.notedByteCount {
      report("\(file): \(request.wholeMapReason) takes \(byteText(mapByteCount))")
    }
    return plan
  }

  private func writeInstances(of labels: LabelMap, _ file: String) throws -> [() throws -> Void] {
    guard request.wantsInstances else { return [] }
    let instances = try request.postProcessing.instances(of: labels)
    var commits: [() throws -> Void] = []
    if request.writesInstances {
      let path = outputs.instances(of: file, isLarge: instances.needs32Bits)
      if instances.needs32Bits {
        report(
          "\(file): \(instances.objects.count) objects are more than a PNG can number, so they are written to \(path)"
        )
      }
      commits.append(try instances.written(to: path).commit)
    }
    if request.writesOutlines {
      let draft = try instances.writtenAsGeoJSON(
        to: outputs.outlines(of: file), classNames: classNames, tolerance: request.simplification)
      commits.append(draft.commit)
    }
    return commits
  }

  private func drawOverlay(
    _ labels: LabelMap, _ regions: any RegionReader, _ file: String
  ) throws -> () throws -> Void {
    let window = PixelWindow(x: 0, y: 0, width: labels.width, height: labels.height)
    let image = try regions.image(in: window).convertedToRGB().convertedTo8Bits()
    let drawn = try overlay(image, mask: labels.image, palette: palette)
    let path = outputs.overlay(of: file)
    let draft = try AtomicFile.Draft(path, operation: "image")
    try drawn.encoded(as: .png, name: path).withUnsafeBytes { try draft.contents.append($0) }
    return draft.commit
  }
}
