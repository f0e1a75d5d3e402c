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
    try require(
      validationFraction > 0 && validationFraction < 1, "dataset",
      "expected a validation fraction above 0 and below 1, got \(validationFraction)")
    try require(count >= 2, "dataset", "expected at least 2 samples to split, got \(count)")
    let wanted = Int((Double(count) * validationFraction).rounded())
    let validationCount = min(max(wanted, 1), count - 1)
    let hashes = samples.map { Self.hash($0.name, seed: seed) }
    let ordered = samples.indices.sorted { (hashes[$0], samples[$0].name) < (hashes[$1], samples[$1].name) }
    let validation = Set(ordered.prefix(validationCount))
    return (
      subset(samples.indices.filter { !validation.contains($0) }),
      subset(samples.indices.filter { validation.contains($0) })
    )
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
