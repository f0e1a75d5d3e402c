import Foundation
import MartletFiles

extension DatasetReport {
  /// Whether a folder holds NIfTI files.
  static func holdsVolumes(_ folder: URL) -> Bool {
    let names = (try? Folder.rawNames(in: folder.path)) ?? []
    return names.contains { $0.first != UInt8(ascii: ".") && SampleFileKind.volume.matches($0) }
  }

  init(_ inspection: VolumeInspection) {
    let (samples, headers) = (inspection.samples, inspection.headers)
    self.init(
      format: .folders, axes: 3, images: inspection.pairCount, options: inspection.options,
      sizes: samples.map { [$0.size.width, $0.size.height, $0.size.depth] },
      depths: headers.map { [$0.channels, 8 * $0.sample.byteCount] }, names: samples.map(\.name),
      classPixels: samples.map(\.classVoxels), ignoredPixels: samples.reduce(0) { $0 + $1.ignoredVoxels },
      problems: inspection.problems.messages, notes: inspection.notes)
    volumes = zip(samples, headers).map { sample, header in
      VolumeFigures(
        name: sample.name, size: sample.size.lengths, spacing: sample.geometry.spacing,
        orientation: sample.geometry.orientation, sample: "\(header.sample)")
    }
  }
}
