import ArgumentParser
import MartletData
import MartletTraining

/// The flags of a run on volumes besides those of all segmentation runs.
struct VolumeFlags: ParsableArguments {
  @Option(parsing: .unconditional, help: "Patches of each volume in an epoch. (default: 4)") var patches: Int?
  @Option(
    parsing: .unconditional,
    help: "Share of patches around a voxel of the foreground, of each class alike. (default: 0.33)")
  var foregroundShare: Double?
  @Option(
    help: """
      z-score, of each volume by itself (MR), or ct, within the range of the training volumes' foreground. \
      (default: z-score)
      """)
  var volumeNormalization: VolumeNormalization.Method?

  func apply(to settings: inout VolumeSettings) {
    set(&settings.patches, patches)
    set(&settings.foregroundShare, foregroundShare)
    set(&settings.normalization, volumeNormalization)
  }
}

extension VolumeNormalization.Method: ExpressibleByArgument {}
