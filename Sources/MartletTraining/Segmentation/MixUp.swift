import Foundation
import Martlet
import MartletKernels

/// Mix-up (Zhang et al., "mixup: Beyond Empirical Risk Minimization", 2018): each image of a batch is mixed with the
/// next one, the last with the first, and the loss is that of both label maps with the images' shares.
///
/// Labels stay class indices, and any loss will do. Batches come in random order, so that the next image is a random one.
struct MixUp: Hashable, Sendable {
  /// Both parameters of the Beta distribution that a batch's share is drawn from: the smaller, the rarer an even mixture.
  static let strengths = 0.05...4.0
  let strength: Double
  let seed: UInt64

  /// How a run mixes images; `nil` where it does not.
  init?(_ configuration: SegmentationConfiguration) {
    guard let strength = configuration.mixUp else { return nil }
    self.init(strength: strength, seed: configuration.seed)
  }

  init(strength: Double, seed: UInt64) {
    self.strength = strength
    self.seed = seed
  }

  /// The share that the images of a batch keep, for its place in training.
  func share(epoch: Int, batch: Int) -> Double {
    let stream = UInt64(truncatingIfNeeded: epoch) << 32 ^ UInt64(truncatingIfNeeded: batch)
    var generator = PhiloxGenerator(seed: seed ^ 0x4D49_5855_5000_0000, stream: stream)
    // Jöhnk's method: few tries for the strengths that are allowed.
    while true {
      let x = pow(generator.uniform(), 1 / strength)
      let y = pow(generator.uniform(), 1 / strength)
      if x + y <= 1, x + y > 0 { return x / (x + y) }
    }
  }

  /// Mixes images, and says which labels their logits are to be compared with, and with which shares.
  ///
  /// - Parameters:
  ///   - images: [N, C, …]
  ///   - labels: [N, …]
  ///   - share: float32 of shape [].
  static func mixed(
    _ images: Tensor, _ labels: Tensor, share: Tensor
  ) throws -> (images: Tensor, labels: [(labels: Tensor, share: Tensor)]) {
    let rest = try 1 - share
    return (
      try images * share + rolled(images) * rest, [(labels, share), (try rolled(labels), rest)]
    )
  }

  /// The next sample in each one's place.
  private static func rolled(_ tensor: Tensor) throws -> Tensor {
    guard tensor.shape[0] > 1 else { return tensor }
    return try concatenated([tensor.sliced(axis: 0, from: 1), tensor.sliced(axis: 0, to: 1)], axis: 0)
  }
}
