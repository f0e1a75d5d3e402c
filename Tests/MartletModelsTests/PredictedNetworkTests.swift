import Martlet
import MartletKernels
import Testing

@testable import MartletModels

/// Every architecture and encoder, frozen, against itself as it was recorded.
@Suite("Predicted networks", .serialized)
struct PredictedNetworkTests {
  /// The largest difference as a share of the largest number, some of the numbers left out that differ most. None is
  /// left out that is not finite.
  private static func difference(_ a: Tensor, _ b: Tensor, leavingOut share: Double = 0) throws -> Float {
    try #require(a.shape == b.shape)
    let (a, b) = (try a.scalars(Float.self), try b.scalars(Float.self))
    let scale = b.map(abs).max() ?? 0
    let differences = zip(a, b).map { abs($0 - $1) }.sorted()
    guard differences.allSatisfy(\.isFinite) else { return .infinity }
    return differences[Int(Double(differences.count - 1) * (1 - share))] / scale
  }

  private static func predictor(_ item: SegmentationNetworkTests.Case, _ numerics: Numerics) throws
    -> Predictor
  {
    let network = try item.make()
    try SegmentationNetworkTests().fill(network)
    return Predictor(numerics: numerics) { [try network.logits($0[0])] }
  }

  @Test(
    "give what the network gives, on every instruction set and any number of threads",
    arguments: SegmentationNetworkTests.cases)
  func agrees(_ item: SegmentationNetworkTests.Case) throws {
    let network = try item.make()
    try SegmentationNetworkTests().fill(network)
    // SegNet puts the largest of a window back where it was. Of two that are nearly equal rounding makes another one the
    // largest, and around where it is put logits are others. The first check shows that positions are not simply wrong.
    let moved = item.name == "segnet" ? 0.05 : 0
    for size in item.sizes {
      let input = try SegmentationNetworkTests().image(item.channels, size)
      let function = try Function([input.type], numerics: .direct) { [try network.logits($0[0])] }
      let expected = try function([input])[0]
      // Weights are rounded once more where batch normalisation goes into them. F(4×4) has the tolerance that these
      // networks have to PyTorch.
      #expect(try Self.difference(Self.predictor(item, .direct)(input), expected) <= 2e-5, "\(size)")
      for set in InstructionSet.available {
        try InstructionSet.with(set) {
          let predictor = try Self.predictor(item, .fast)
          let one = try ThreadPool.withThreadCount(1) { try predictor(input) }
          let two = try ThreadPool.withThreadCount(2) { try predictor(input) }
          #expect(try Self.difference(one, expected, leavingOut: moved) <= 1e-4, "\(set), \(size)")
          #expect(try one.scalars(Float.self) == two.scalars(Float.self), "\(set), \(size)")
        }
      }
    }
  }
}
