import Martlet
import MartletModels
import Testing

@testable import MartletTraining

@Suite("Mix-up")
struct MixUpTests {
  @Test("draws shares from a Beta distribution, by seed, epoch and batch", arguments: [0.2, 1.0, 4.0])
  func shares(_ strength: Double) {
    let mixUp = MixUp(strength: strength, seed: 3)
    let shares = (0..<4000).map { mixUp.share(epoch: $0 / 100, batch: $0 % 100) }
    #expect(shares.allSatisfy { (0...1).contains($0) })
    let mean = shares.reduce(0, +) / 4000
    let variance = shares.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4000
    // Beta(a, a): mean 1/2, variance 1 / (4 (2a + 1)); bounds of five standard errors.
    let expected = 1 / (4 * (2 * strength + 1))
    #expect(abs(mean - 0.5) < 5 * (expected / 4000).squareRoot())
    #expect(abs(variance - expected) < 5 * expected * (2.0 / 4000).squareRoot())
    #expect(mixUp.share(epoch: 2, batch: 5) == mixUp.share(epoch: 2, batch: 5))
    #expect(mixUp.share(epoch: 2, batch: 5) != mixUp.share(epoch: 5, batch: 2))
    #expect(MixUp(strength: strength, seed: 4).share(epoch: 2, batch: 5) != mixUp.share(epoch: 2, batch: 5))
  }

  @Test("gives each image a part of the next one, and both label maps their shares")
  func mixing() throws {
    let images = try Tensor(shape: [3, 1, 1, 2], scalars: [0, 1, 10, 11, 20, 21] as [Float])
    let labels = try Tensor(shape: [3, 1, 2], scalars: [0, 1, 2, 3, 4, 5] as [UInt8])
    let mixed = try MixUp.mixed(images, labels, share: Tensor(Float(0.75)))
    #expect(try mixed.images.scalars(Float.self) == [2.5, 3.5, 12.5, 13.5, 15, 16])
    #expect(try mixed.labels.map { try $0.share.item(Float.self) } == [0.75, 0.25])
    #expect(try mixed.labels[0].labels.scalars(UInt8.self) == [0, 1, 2, 3, 4, 5])
    #expect(try mixed.labels[1].labels.scalars(UInt8.self) == [2, 3, 4, 5, 0, 1])
  }

  @Test("leaves a batch of one as it is")
  func single() throws {
    let image = try Tensor(shape: [1, 1, 1, 2], scalars: [1, 2] as [Float])
    let mixed = try MixUp.mixed(image, Tensor.zeros([1, 1, 2], .uint8), share: Tensor(Float(0.25)))
    #expect(try mixed.images.scalars(Float.self) == [1, 2])
  }
}
