import Testing

@testable import MartletKernels

struct GuardedAttentionTests {
  /// Batch, heads, queries, keys, size.
  private static let shapes = [
    (1, 1, 1, 1, 1), (2, 2, 5, 7, 3), (1, 3, 37, 41, 7), (1, 2, 20, 4, 32), (2, 1, 1, 33, 31),
    (1, 2, 65, 130, 17),
    (1, 1, 13, 300, 64), (3, 2, 2, 5, 33),
  ]

  @Test func attention() {
    func check<Scalar: RealElement>(_: Scalar.Type) {
      for (batch, heads, queries, keys, size) in Self.shapes {
        for axis in [AttentionShape.Axis.queries, .keys] {
          let shape = AttentionShape(
            batch: batch, heads: heads, queries: queries, keys: keys, size: size, scale: 0.3, axis: axis,
            isCausal: axis == .keys && queries == keys, format: Scalar.format)
          for dropout in [nil, AttentionDropout(probability: 0.3, seed: 1, stream: 2, step: 3)] {
            runs(Attention(shape, dropout: dropout), Scalar.self)
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  private func runs<Scalar: RealElement>(_ kernel: Attention, _: Scalar.Type) {
    let shape = kernel.shape
    let (queryCount, keyCount) = (
      shape.batch * shape.queries * shape.heads * shape.size,
      shape.batch * shape.keys * shape.heads * shape.size
    )
    let sumCount = shape.batch * shape.heads * shape.sumCount
    let (q, k) = (
      GuardedBuffers.numbers(queryCount, Scalar.self), GuardedBuffers.numbers(keyCount, Scalar.self, seed: 2)
    )
    let (v, slope) = (
      GuardedBuffers.numbers(keyCount, Scalar.self, seed: 3),
      GuardedBuffers.numbers(queryCount, Scalar.self, seed: 4)
    )
    let counts = (0..<shape.batch).map { Int32($0 % (shape.keys + 1)) }
    GuardedBuffers.expectSame("\(shape), \(Scalar.self)") { memory in
      let inputs = Attention.Operands(
        queries: memory.inOut(q), keys: memory.inOut(k), values: memory.inOut(v))
      let sums = memory.output(sumCount, Scalar.self)
      kernel.forward(
        inputs, keyCounts: nil, sums: .made, logSums: sums, context: memory.output(queryCount, Scalar.self))
      kernel.forward(
        inputs, keyCounts: nil, sums: .given, logSums: sums, context: memory.output(queryCount, Scalar.self))
      for logSumGradients in [nil, memory.output(sumCount, Scalar.self)] {
        kernel.gradient(
          inputs, keyCounts: nil, logSums: sums, contextGradient: memory.copy(slope),
          logSumGradients: logSumGradients,
          gradients: Attention.Operands(
            queries: memory.output(queryCount, Scalar.self), keys: memory.output(keyCount, Scalar.self),
            values: memory.output(keyCount, Scalar.self)))
      }
      if shape.axis == .keys {
        let some = UnsafePointer(memory.inOut(counts))
        kernel.forward(
          inputs, keyCounts: some, sums: .made, logSums: memory.output(sumCount, Scalar.self),
          context: memory.output(queryCount, Scalar.self))
      }
      kernel.logSums(
        queries: inputs.queries, keys: inputs.keys, to: memory.output(sumCount, Scalar.self))
      kernel.logSumsGradient(
        queries: inputs.queries, keys: inputs.keys, logSums: sums,
        logSumGradients: memory.inOut(GuardedBuffers.numbers(sumCount, Scalar.self, seed: 5)),
        queryGradient: memory.output(queryCount, Scalar.self),
        keyGradient: memory.output(keyCount, Scalar.self))
    }
  }
}
