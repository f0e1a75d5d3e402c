import Foundation
import Martlet

/// The check of every file of a dataset of volumes, on all threads.
struct VolumeInspection {
  /// The samples with nothing wrong.
  private(set) var samples: [VolumeDataset.Sample] = []
  private(set) var options: SegmentationOptions
  /// Those of the first volume that can be read, unless others are wanted.
  let channels: Int
  private(set) var problems = DatasetProblems()
  /// What may be as it should, and is worth knowing.
  private(set) var notes: [String] = []
  /// Volumes that have a mask.
  let pairCount: Int
  private(set) var headers: [NIfTIHeader] = []

  /// - Throws: ``MartletError`` where there are no such folders.
  init(images: URL, masks: URL, options: SegmentationOptions, channels wanted: Int? = nil) throws {
    self.options = options
    let pairing = try SamplePairing(images: images, masks: masks, kind: .volume)
    pairCount = pairing.pairs.count
    for problem in pairing.problems { problems.add(problem) }
    let ignored = options.ignoreIndex
    let found = DatasetInspection.forEach(pairing.pairs) { VolumeFinding($0, ignoring: ignored) }
    channels = wanted ?? found.lazy.compactMap(\.header).first?.channels ?? 1
    let contents = zip(pairing.pairs, found).compactMap { pair, finding in
      finding.content.map { (pair.mask, $0) }
    }
    do {
      if !contents.isEmpty {
        self.options = try MaskEncodingDetection(options: options, masks: contents).settled()
      }
      try require(
        self.options.encoding != .colors, "dataset", "expected masks of class indices, got a table of colours"
      )
    } catch {
      problems.add((error as? MartletError)?.message ?? "\(error)")
    }
    let isSettled = ![.automatic, .colors].contains(self.options.encoding) && self.options.classes != nil
    let decoder = isSettled ? MaskDecoder(self.options) : nil
    for (pair, finding) in zip(pairing.pairs, found) { add(pair, finding, decoder) }
    noteDifferences()
  }

  private mutating func add(_ pair: SamplePairing.Pair, _ finding: VolumeFinding, _ decoder: MaskDecoder?) {
    for problem in finding.problems { problems.add(problem) }
    guard let header = finding.header, let content = finding.content, let decoder else { return }
    var isUsable = finding.problems.isEmpty
    if header.channels != channels {
      problems.add(
        "\(pair.image.path): expected \(counted(channels, "channel")) as other volumes have, got \(header.channels)"
      )
      isUsable = false
    }
    if let problem = decoder.problem(in: content) {
      problems.add("\(pair.mask.path): \(problem)")
      isUsable = false
    }
    guard isUsable else { return }
    let (classVoxels, ignoredVoxels) = decoder.pixelCounts(in: content)
    headers.append(header)
    samples.append(
      .init(
        name: pair.name, image: pair.image, mask: pair.mask, size: header.size, geometry: header.geometry,
        classVoxels: classVoxels, ignoredVoxels: ignoredVoxels, foregroundValues: finding.foregroundValues))
  }

  private mutating func noteDifferences() {
    let orientations = Set(samples.map(\.geometry.orientation)).sorted()
    if orientations.count > 1 {
      notes.append("volumes lie in different orientations: \(orientations.joined(separator: ", "))")
    }
    let spacings = samples.map(\.geometry.spacing)
    for (axis, name) in ["depth", "height", "width"].enumerated() {
      let lengths = spacings.map { $0[axis] }
      guard let least = lengths.min(), let most = lengths.max(), most > 1.01 * least else { continue }
      notes.append(
        "spacing along \(name) is from \(spacingText(least)) to \(spacingText(most)); voxels are taken as they are"
      )
    }
  }
}

/// A length as people read it, such as `0.7` and `1.25`.
package func spacingText(_ length: Double) -> String {
  let rounded = (length * 1000).rounded() / 1000
  return rounded == rounded.rounded() && abs(rounded) < 1e9 ? "\(Int(rounded))" : "\(rounded)"
}

/// What the check found of one volume and its mask.
private struct VolumeFinding: Sendable {
  var problems: [String] = []
  var header: NIfTIHeader?
  var content: MaskContent?
  var foregroundValues: [[Float]] = []

  init(_ pair: SamplePairing.Pair, ignoring ignored: Int?) {
    do {
      let raster = try MaskRaster(volumeAt: pair.mask)
      let content = MaskContent(raster)
      self.content = content
      try read(pair, raster, content, ignored)
    } catch {
      problems.append((error as? MartletError)?.message ?? "\(error)")
    }
  }

  private mutating func read(
    _ pair: SamplePairing.Pair, _ raster: MaskRaster, _ content: MaskContent, _ ignored: Int?
  ) throws {
    let reader = try NIfTIReader(pair.image.path)
    let header = reader.header
    self.header = header
    let maskHeader = try Volume.header(contentsOf: pair.mask.path)
    guard maskHeader.size == header.size, case .values(let labels, _) = raster.pixels else {
      problems.append(
        "\(pair.mask.path): expected a mask of \(header.size) as \(pair.image.lastPathComponent), got "
          + "\(maskHeader.size)")
      return
    }
    if let difference = maskHeader.geometry.difference(from: header.geometry) {
      problems.append(
        "\(pair.mask.path): expected a mask that lies in space where \(pair.image.lastPathComponent) does, got one with "
          + "\(difference): write the mask with the volume's geometry if their voxels belong together")
    }
    let foreground = content.entries.filter { $0.key != 0 && $0.key != ignored }.reduce(0) {
      $0 + $1.value.count
    }
    // Some ten thousand values of each volume are enough for percentiles of all.
    let step = max(foreground / 10_000, 1)
    var values = [[Float]](repeating: [], count: header.channels)
    var passed = [Int](repeating: 0, count: header.channels)
    try reader.forEachRun { start, run in
      for (index, number) in run.enumerated() {
        guard Float(number).isFinite else {
          throw reader.failure("finite numbers", "\(number) at \(reader.place(start + index))")
        }
        let (channel, voxel) = (start + index).quotientAndRemainder(dividingBy: labels.count)
        guard labels[voxel] != 0, Int(labels[voxel]) != ignored else { continue }
        if passed[channel] % step == 0 { values[channel].append(Float(number)) }
        passed[channel] += 1
      }
    }
    foregroundValues = values
  }
}
