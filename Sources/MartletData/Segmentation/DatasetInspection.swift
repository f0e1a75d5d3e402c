import Foundation
import Martlet
import MartletKernels
import Synchronization

/// The check of every file of a dataset, on all threads.
struct DatasetInspection {
  /// The samples with nothing wrong.
  private(set) var samples: [SegmentationDataset.Sample] = []
  private(set) var options: SegmentationOptions
  private(set) var problems = DatasetProblems()
  /// What was left out and may be as it should.
  private(set) var notes: [String]
  /// The headers of the samples' images.
  private(set) var infos: [Image.Info] = []

  init(_ source: SampleSource) {
    let pairs = source.pairs
    options = source.options
    notes = source.notes
    for problem in source.problems { problems.add(problem) }

    // Headers that cannot be read are reported by the check itself.
    let headers = Self.forEach(pairs) { Headers($0) }
    notes += Self.pageNotes(headers.flatMap(\.all))
    // Colour where any image has it.
    let channels = options.channels ?? (headers.contains { ($0.image?.channels ?? 1) >= 3 } ? 3 : 1)
    options.channels = channels
    let readsColors = options.encoding == .colors || Self.hasPalettesForColors(source)
    let found = Self.forEach(pairs) {
      Finding($0, source.masks, channels: channels, maskAsColors: readsColors)
    }

    let masks = zip(pairs, found).compactMap { pair, finding in finding.content.map { (pair.mask, $0) } }
    do {
      if !masks.isEmpty { options = try MaskEncodingDetection(options: options, masks: masks).settled() }
    } catch {
      problems.add((error as? MartletError)?.message ?? "\(error)")
    }
    if source.format == .voc { options.nameClassesOfVOC() }
    // Grey is read as values until it is known that masks are colours.
    let reread =
      options.encoding == .colors && !readsColors
      ? Self.forEach(pairs) { Finding(contentOf: $0, source.masks) } : found

    // What is drawn needs no encoding.
    let isSettled = options.encoding != .automatic || masks.allSatisfy { $0.1.kind == .labels }
    let decoder = isSettled && options.classes != nil ? MaskDecoder(options) : nil
    for ((pair, header), (finding, mask)) in zip(zip(pairs, headers), zip(found, reread)) {
      for problem in finding.problems { problems.add(problem) }
      guard let content = mask.content, let decoder else { continue }
      if let problem = decoder.problem(in: content) {
        problems.add("\(pair.mask.path): \(problem)")
        continue
      }
      guard let statistics = finding.statistics, finding.problems.isEmpty else { continue }
      let (classPixels, ignoredPixels) = decoder.pixelCounts(in: content)
      if let info = header.image { infos.append(info) }
      samples.append(
        .init(
          name: pair.name, image: pair.image, mask: pair.mask, fileName: pair.fileName, width: content.width,
          height: content.height, classPixels: classPixels, ignoredPixels: ignoredPixels,
          statistics: statistics))
    }
  }

  /// Says which files hold more than is read.
  private static func pageNotes(_ files: [(file: URL, info: Image.Info)]) -> [String] {
    let stacks = files.filter { $0.info.pages > 1 }
    guard let first = stacks.first else { return [] }
    let have = stacks.count == 1 ? "file has" : "files have"
    return [
      "\(stacks.count) TIFF \(have) more than one page, such as \(first.file.path) with \(first.info.pages): the first "
        + "page is read"
    ]
  }

  /// Whether masks have palettes and a class table says what their colours mean, whose order need not be that
  /// of the palettes.
  private static func hasPalettesForColors(_ source: SampleSource) -> Bool {
    let options = source.options
    guard options.encoding == .automatic, options.classes?.first?.color != nil else { return false }
    return forEach(source.pairs) { (try? ImageFile.info($0.mask))?.palette != nil }.contains(true)
  }

  /// Runs `body` on every pair, in parallel, and gives the results in the order of the pairs.
  static func forEach<Result: Sendable>(
    _ pairs: [SamplePairing.Pair], _ body: @Sendable (SamplePairing.Pair) -> Result
  ) -> [Result] {
    let results = Mutex([Result?](repeating: nil, count: pairs.count))
    ThreadPool.parallelFor(pairs.count) { index in
      let result = body(pairs[index])
      results.withLock { $0[index] = result }
    }
    return results.withLock { $0.compactMap { $0 } }
  }
}

/// What the headers of one image and its mask say.
private struct Headers: Sendable {
  let image: Image.Info?
  let all: [(file: URL, info: Image.Info)]

  init(_ pair: SamplePairing.Pair) {
    image = try? ImageFile.info(pair.image)
    // Other masks have one page, or none.
    let mask = ImageFormat(fileName: pair.mask.path) == .tiff ? try? ImageFile.info(pair.mask) : nil
    all = [(pair.image, image), (pair.mask, mask)].compactMap { file, info in info.map { (file, $0) } }
  }
}

/// What the check found of one image and its mask.
private struct Finding: Sendable {
  var problems: [String] = []
  var content: MaskContent?
  var statistics: ChannelStatistics?

  init(_ pair: SamplePairing.Pair, _ masks: any MaskReader, channels: Int, maskAsColors: Bool) {
    do {
      let image = try ImageFile.image(pair.image).withChannels(channels)
      statistics = ChannelStatistics(image)
      read(pair, masks, (image.width, image.height), maskAsColors)
    } catch {
      problems.append(Self.describe(error, pair.image))
      // The mask's own size is all that is known then, where it has one.
      if let info = try? Image.info(contentsOf: pair.mask) {
        read(pair, masks, (info.width, info.height), maskAsColors)
      }
    }
  }

  /// Only the mask, of an image that was read before.
  init(contentOf pair: SamplePairing.Pair, _ masks: any MaskReader) {
    guard let info = try? Image.info(contentsOf: pair.image) else { return }
    content = try? MaskContent(
      masks.raster(of: pair, width: info.width, height: info.height, asColors: true))
  }

  private mutating func read(
    _ pair: SamplePairing.Pair, _ masks: any MaskReader, _ size: (width: Int, height: Int), _ asColors: Bool
  ) {
    do {
      let content = MaskContent(
        try masks.raster(of: pair, width: size.width, height: size.height, asColors: asColors))
      self.content = content
      if size != (content.width, content.height) {
        let expected = "\(size.width)×\(size.height) as \(pair.image.lastPathComponent)"
        problems.append(
          "\(pair.mask.path): expected a mask of \(expected), got \(content.width)×\(content.height)")
      }
    } catch {
      problems.append(Self.describe(error, pair.mask))
    }
  }

  /// The error's text, with the file's path unless it is in it.
  private static func describe(_ error: any Error, _ file: URL) -> String {
    let text = (error as? MartletError)?.message ?? "\(error)"
    return text.contains(file.lastPathComponent) ? text : "\(file.path): \(text)"
  }
}
