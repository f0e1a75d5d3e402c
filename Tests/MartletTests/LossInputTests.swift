import Martlet
import Testing

@Suite("Losses and their input")
struct LossInputTests {
  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "nothing thrown"
    } catch {
      return "\(error)"
    }
  }

  @Test("name a target that is no class, and where it is")
  func targetOutOfRange() throws {
    var targets = [Int64](repeating: 1, count: 2 * 30 * 40)
    targets[1200 + 7 * 40 + 5] = 3
    let tensor = try Tensor(shape: [2, 30, 40], scalars: targets)
    let text = message { _ = try Loss.crossEntropy(Tensor.zeros([2, 3, 30, 40]), tensor) }
    #expect(text == "[cross_entropy] expected targets from 0 to 2 or -100 to ignore, got 3 at [1, 7, 5]")
    targets[0] = -1
    let earlier = try Tensor(shape: [2, 30, 40], scalars: targets)
    #expect(
      message { _ = try Loss.crossEntropy(Tensor.zeros([2, 3, 30, 40]), earlier) }.hasSuffix(
        "-1 at [0, 0, 0]"))
    #expect(
      message { _ = try Loss.dice(Tensor.zeros([2, 3, 30, 40]), tensor, mode: .multiclass) }
        == "[one_hot] expected class indices from 0 to 2, got 3 at [1, 7, 5]")
  }

  @Test("refuse shapes and types that do not fit")
  func misfits() throws {
    let logits = try Tensor.zeros([2, 3, 4, 5])
    #expect(
      message { _ = try Loss.crossEntropy(logits, Tensor.zeros([2, 4, 4], .int64)) }
        == "[cross_entropy] expected targets of shape [2, 4, 5] for logits [2, 3, 4, 5], got [2, 4, 4]")
    #expect(throws: MartletError.self) { try Loss.crossEntropy(logits, Tensor.zeros([2, 4, 5])) }
    #expect(throws: MartletError.self) {
      try Loss.crossEntropy(logits, Tensor.zeros([2, 4, 5], .int64), classWeights: Tensor.ones([4]))
    }
    #expect(throws: MartletError.self) {
      try Loss.crossEntropy(logits, Tensor.zeros([2, 4, 5], .int64), labelSmoothing: 1.5)
    }
    #expect(throws: MartletError.self) { try Loss.crossEntropy(Tensor.zeros([3]), Tensor.zeros([], .int64)) }
    #expect(throws: MartletError.self) {
      try Loss.binaryCrossEntropyWithLogits(logits, Tensor.zeros([2, 3, 4, 1]))
    }
    #expect(throws: MartletError.self) { try Loss.meanSquaredError(logits, Tensor.zeros([1, 3, 4, 5])) }
    #expect(throws: MartletError.self) { try Loss.dice(logits, logits.cast(to: .int64), mode: .multiclass) }
  }

  @Test("are not a number over nothing, as a mean is, and 0 as a sum")
  func emptyBatch() throws {
    let logits = try Tensor.zeros([0, 3, 4, 5])
    let targets = try Tensor.zeros([0, 4, 5], .int64)
    #expect(try Loss.crossEntropy(logits, targets).item(Float.self).isNaN)
    #expect(try Loss.crossEntropy(logits, targets, reduction: .sum).item(Float.self) == 0)
    #expect(try Loss.binaryCrossEntropyWithLogits(logits, logits).item(Float.self).isNaN)
    let ignored = try Tensor.full(-100, TensorType([2, 4, 5], .int64))
    #expect(try Loss.crossEntropy(Tensor.zeros([2, 3, 4, 5]), ignored).item(Float.self).isNaN)
  }
}
