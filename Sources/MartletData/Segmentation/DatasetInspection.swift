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

  init(_ source: SampleSource) {
    let pairs = source.pairs
    options = source.options
    for problem in source.problems { problems.add(problem) }

    let channels = options.channels ?? Self.channels(of: pairs)
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

    let decoder = options.encoding != .automatic && options.classes != nil ? MaskDecoder(options) : nil
    for (pair, (finding, mask)) in zip(pairs, zip(found, reread)) {
      for problem in finding.problems { problems.add(problem) }
      guard let content = mask.content, let decoder else { continue }
      if let problem = decoder.problem(in: content) {
        problems.add("\(pair.mask.path): \(problem)")
        continue
      }
      guard let statistics = finding.statistics, finding.problems.isEmpty else { continue }
      let (classPixels, ignoredPixels) = decoder.pixelCounts(in: content)
      samples.append(
        .init(
          name: pair.name, image: pair.image, mask: pair.mask, fileName: pair.fileName, width: content.width,
          height: content.height, classPixels: classPixels, ignoredPixels: ignoredPixels,
          statistics: statistics))
    }
  }

  /// 3 where any image has colour. Headers that cannot be read are reported by the check itself.
  private static func channels(of pairs: [SamplePairing.Pair]) -> Int {
    let counts = forEach(pairs) { pair in (try? ImageFile.channels(pair.image)) ?? 1 }
    return counts.contains { $0 >= 3 } ? 3 : 1
  }

  /// Whether masks have palettes and a class table says what their colours mean, whose order need not be that
  /// of the palettes.
  private static func hasPalettesForColors(_ source: SampleSource) -> Bool {
    let options = source.options
    guard options.encoding == .automatic, options.classes?.first?.color != nil else { return false }
    return forEach(source.pairs) { (try? ImageFile.hasPalette($0.mask)) ?? false }.contains(true)
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

/// What the check found of one image and its mask.
private struct Finding: Sendable {
  var problems: [String] = []
  var content: MaskContent?
  var statistics: PixelStatistics?

  init(_ pair: SamplePairing.Pair, _ masks: any MaskReader, channels: Int, maskAsColors: Bool) {
    do {
      let image = try ImageFile.image(pair.image).withChannels(channels)
      statistics = PixelStatistics(image)
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
