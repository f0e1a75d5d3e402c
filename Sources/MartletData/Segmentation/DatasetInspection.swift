import Foundation
import Martlet
import MartletKernels
import Synchronization

/// The check of every file of a dataset, on all threads.
struct DatasetInspection {
  let samples: [SegmentationDataset.Sample]
  let options: SegmentationOptions

  init(_ pairing: SamplePairing, _ options: SegmentationOptions) throws {
    var problems = DatasetProblems()
    for problem in pairing.problems { problems.add(problem) }
    let pairs = pairing.pairs

    let channels = try options.channels ?? Self.channels(of: pairs)
    let readsColors = options.encoding == .colors || Self.hasPalettesForColors(pairs, options)
    let found = Self.forEach(pairs) { Finding($0, channels: channels, maskAsColors: readsColors) }

    let masks = zip(pairs, found).compactMap { pair, finding in finding.content.map { (pair.mask, $0) } }
    var settled = options
    settled.channels = channels
    do {
      if !masks.isEmpty {
        settled = try MaskEncodingDetection(options: settled, masks: masks).settled()
      }
    } catch let error as MartletError {
      problems.add(error.message)
    }
    // Grey is read as values until it is known that masks are colours.
    let reread =
      settled.encoding == .colors && !readsColors
      ? Self.forEach(pairs) { Finding(contentOf: $0, maskAsColors: true) } : found

    var samples: [SegmentationDataset.Sample] = []
    let decoder = settled.encoding != .automatic && settled.classes != nil ? MaskDecoder(settled) : nil
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
          name: pair.name, image: pair.image, mask: pair.mask, width: content.width, height: content.height,
          classPixels: classPixels, ignoredPixels: ignoredPixels, statistics: statistics))
    }
    try problems.throwIfAny()
    self.samples = samples
    self.options = settled
  }

  /// 3 where any image has colour. Headers that cannot be read are reported by the check itself.
  private static func channels(of pairs: [SamplePairing.Pair]) throws -> Int {
    let counts = forEach(pairs) { pair in (try? ImageFile.channels(pair.image)) ?? 1 }
    return counts.contains { $0 >= 3 } ? 3 : 1
  }

  /// Whether masks have palettes and a class table says what their colours mean, whose order need not be that
  /// of the palettes.
  private static func hasPalettesForColors(
    _ pairs: [SamplePairing.Pair], _ options: SegmentationOptions
  ) -> Bool {
    guard options.encoding == .automatic, options.classes?.first?.color != nil else { return false }
    return forEach(pairs) { (try? ImageFile.hasPalette($0.mask)) ?? false }.contains(true)
  }

  /// Runs `body` on every pair, in parallel, and gives the results in the order of the pairs.
  private static func forEach<Result: Sendable>(
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

  init(_ pair: SamplePairing.Pair, channels: Int, maskAsColors: Bool) {
    var size: (width: Int, height: Int)?
    do {
      let image = try ImageFile.image(pair.image).withChannels(channels)
      size = (image.width, image.height)
      statistics = PixelStatistics(image)
    } catch {
      problems.append(Self.describe(error, pair.image))
    }
    do {
      let content = MaskContent(try MaskRaster(contentsOf: pair.mask, asColors: maskAsColors))
      self.content = content
      if let size, size != (content.width, content.height) {
        let expected = "\(size.width)×\(size.height) as \(pair.image.lastPathComponent)"
        problems.append(
          "\(pair.mask.path): expected a mask of \(expected), got \(content.width)×\(content.height)")
      }
    } catch {
      problems.append(Self.describe(error, pair.mask))
    }
  }

  init(contentOf pair: SamplePairing.Pair, maskAsColors: Bool) {
    content = try? MaskContent(MaskRaster(contentsOf: pair.mask, asColors: maskAsColors))
  }

  /// The error's text, with the file's path unless it is in it.
  private static func describe(_ error: any Error, _ file: URL) -> String {
    let text = (error as? MartletError)?.message ?? "\(error)"
    return text.contains(file.lastPathComponent) ? text : "\(file.path): \(text)"
  }
}
