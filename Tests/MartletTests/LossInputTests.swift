import Martlet
import MartletKernels
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

  @Test("are the same over many pieces of work as put together from other operations", arguments: [2, 3, 5])
  func manyPieces(classes: Int) throws {
    let type = TensorType([2, classes, 150, 130], .float32, .channelsLast)
    let logits = try Tensor.normal(type, standardDeviation: 2, seed: 1, stream: 0)
    let positions = 2 * 150 * 130
    let indices = try Tensor(shape: [2, 150, 130], scalars: (0..<positions).map { Int64($0 * 7 % classes) })
    let truth = try indices.oneHot(classes: classes)
    let composed = try Function([type]) { arguments in
      let loss = try -(arguments[0].logSoftmax(axis: 1) * truth).sum() / Double(positions)
      let binary = try Loss.binaryCrossEntropyWithLogits(arguments[0], truth)
      let parts = try
        (arguments[0].sigmoid().log() * truth + (1 - arguments[0].sigmoid()).log() * (1 - truth)).mean()
      return [loss] + (try gradients(of: loss, withRespectTo: arguments)) + [binary, try -parts]
    }
    let fused = try Function([type]) { arguments in
      let loss = try Loss.crossEntropy(arguments[0], indices)
      return [loss] + (try gradients(of: loss, withRespectTo: arguments))
    }
    let expected = try composed([logits])
    try expectClose(expected[2], expected[3], 1e-5, "binary")
    for set in InstructionSet.available {
      try InstructionSet.with(set) {
        let got = try ThreadPool.withThreadCount(1) { try fused([logits]) }
        let onThree = try ThreadPool.withThreadCount(3) { try fused([logits]) }
        for (a, b) in zip(got, onThree) { #expect(try a.scalars(Float.self) == b.scalars(Float.self)) }
        try expectClose(got[0], expected[0], 1e-6, "\(set): loss")
        let scale = Double(positions)
        try expectClose(got[1] * scale, expected[1] * scale, 2e-6, "\(set): gradient")
      }
    }
  }
}
