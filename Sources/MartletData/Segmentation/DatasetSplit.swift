import Martlet
import MartletKernels

extension SegmentationDataset {
  /// Splits off a part for validation.
  ///
  /// Samples are ordered by a hash of their name and the seed, and the first `validationFraction` of them,
  /// rounded to a whole number but at least one, are for validation. A sample's hash does not depend on other
  /// samples: when files are added or removed, the parts change by as many samples as the number needs and
  /// are not drawn anew. Both parts keep the order of ``samples``.
  ///
  /// - Throws: ``MartletError`` unless the fraction is above 0 and below 1 and there are two samples.
  public func split(validationFraction: Double, seed: UInt64) throws -> (
    training: SegmentationDataset, validation: SegmentationDataset
  ) {
    let parts = try ValidationSplit(samples.map(\.name), fraction: validationFraction, seed: seed)
    return (subset(parts.training), subset(parts.validation))
  }
}

/// Which samples of a dataset are for training and which for validation, by their names and a seed.
struct ValidationSplit {
  let training: [Int]
  let validation: [Int]

  init(_ names: [String], fraction: Double, seed: UInt64) throws {
    try require(
      fraction > 0 && fraction < 1, "dataset",
      "expected a validation fraction above 0 and below 1, got \(fraction)")
    try require(names.count >= 2, "dataset", "expected at least 2 samples to split, got \(names.count)")
    let wanted = Int((Double(names.count) * fraction).rounded())
    let validationCount = min(max(wanted, 1), names.count - 1)
    let hashes = names.map { Self.hash($0, seed: seed) }
    let ordered = names.indices.sorted { (hashes[$0], names[$0]) < (hashes[$1], names[$1]) }
    let chosen = Set(ordered.prefix(validationCount))
    training = names.indices.filter { !chosen.contains($0) }
    validation = names.indices.filter { chosen.contains($0) }
  }

  /// FNV-1a of the name's UTF-8, stirred with the seed through Philox: FNV alone leaves names that differ in
  /// their last letter close together.
  static func hash(_ name: String, seed: UInt64) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    var generator = PhiloxGenerator(seed: seed, stream: hash)
    return generator.next()
  }
}
