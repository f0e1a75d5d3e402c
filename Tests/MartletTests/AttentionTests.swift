import Martlet
import Testing

/// What the table of operations does not show of attention: dropout, and bad input.
@Suite("Attention")
struct AttentionTests {
  private func operands(_ batch: Int, _ queries: Int, _ keys: Int, _ size: Int) throws -> [Tensor] {
    try [(queries, 1), (keys, 2), (keys, 3)].map { length, stream in
      try .normal(
        TensorType([batch, length, size], .float64), mean: 0, standardDeviation: 1, seed: 5, stream: stream)
    }
  }

  @Test("drops weights, scales the others, and takes the same ones on the way back", arguments: [0, 1])
  func dropout(_ choice: Int) throws {
    let axis: Tensor.AttentionAxis = choice == 0 ? .keys : .queries
    let inputs = try operands(2, 6, 9, 4)
    let function = try Function(inputs.map(\.type), mode: .training) { arguments in
      let context = try arguments[0].attention(
        keys: arguments[1], values: arguments[2], heads: 2, axis: axis, dropout: (0.4, 7))
      // Weighted, so that no gradient is zero by symmetry.
      let factors = try Tensor.normal(context.type, mean: 0, standardDeviation: 1, seed: 1, stream: 1)
      let value = try (context * factors).sum()
      return try [value] + gradients(of: value, withRespectTo: arguments)
    }
    let random = RandomState(seed: 3, step: 4)
    let results = try function(inputs, random: random)
    // The same numbers again give the same bytes, others do not.
    let value = try results[0].item(Double.self)
    #expect(try function(inputs, random: random)[0].item(Double.self) == value)
    #expect(try function(inputs, random: RandomState(seed: 3, step: 5))[0].item(Double.self) != value)
    for (index, input) in inputs.enumerated() {
      let gradient = try results[index + 1].scalars(Double.self)
      let values = try input.scalars(Double.self)
      for element in stride(from: 0, to: values.count, by: 7) {
        func objective(_ value: Double) throws -> Double {
          var changed = values
          changed[element] = value
          var arguments = inputs
          arguments[index] = try Tensor(shape: input.shape, scalars: changed)
          return try function(arguments, random: random)[0].item()
        }
        let slope = try (objective(values[element] + 1e-5) - objective(values[element] - 1e-5)) / 2e-5
        #expect(abs(slope - gradient[element]) < 1e-7, "input \(index), element \(element)")
      }
    }
  }

  @Test("of no keys is zeros, and of no queries nothing", arguments: [1, 8, 1024])
  func empty(_ size: Int) throws {
    for axis in [Tensor.AttentionAxis.keys, .queries] {
      for (queries, keys) in [(0, 0), (1, 0), (3, 0), (0, 2)] {
        let inputs = try operands(1, queries, keys, size)
        let function = try Function(inputs.map(\.type), mode: .training) { arguments in
          let context = try arguments[0].attention(
            keys: arguments[1], values: arguments[2], heads: 1, axis: axis)
          return try [context] + gradients(of: context.sum(), withRespectTo: arguments)
        }
        for result in try function(inputs) {
          #expect(try result.scalars(Double.self).allSatisfy { $0 == 0 }, "\(queries) × \(keys), \(axis)")
        }
      }
    }
  }

  @Test("keeps the weights' mean when some are dropped")
  func expectation() throws {
    // Equal scores and values of 1: a context is the sum of the weights that are left.
    let zeros = try Tensor.zeros([64, 50, 8])
    let function = try Function([zeros.type], mode: .training) {
      [try $0[0].attention(keys: $0[0], values: $0[0] + 1, heads: 2, dropout: (0.25, 1))]
    }
    let context = try function([zeros], random: RandomState(seed: 1))[0]
    let mean = try context.mean().item(Float.self)
    // The mean of 64 · 2 · 50 sums of 50 weights: its deviation is √(0.25 / 0.75 / 50 / 6400) = 0.001.
    #expect(abs(mean - 1) < 0.004)
    #expect(try context.scalars(Float.self).contains { $0 != 1 })
  }

  @Test("a query that sees no key has a context of zero, and no gradient comes of it")
  func nothingSeen() throws {
    let inputs = try operands(2, 3, 4, 6)
    let counts = try Tensor(shape: [2], scalars: [Int32(0), 2])
    let function = try Function(inputs.map(\.type) + [counts.type]) { arguments in
      let context = try arguments[0].attention(
        keys: arguments[1], values: arguments[2], heads: 2, keyCounts: arguments[3])
      return try [context] + gradients(of: context.sum(), withRespectTo: Array(arguments[..<3]))
    }
    for result in try function(inputs + [counts]) {
      let values = try result.scalars(Double.self)
      #expect(values.prefix(values.count / 2).allSatisfy { $0 == 0 })
      #expect(values.allSatisfy { $0.isFinite })
    }
  }

  @Test("names what does not fit")
  func badInput() throws {
    let inputs = try operands(2, 3, 4, 6)
    let (q, k, v) = (inputs[0], inputs[1], inputs[2])
    func text(_ body: () throws -> Tensor) throws -> String {
      "\(try #require(throws: MartletError.self) { try body() })"
    }
    #expect(
      try text { try q.attention(keys: k, values: v, heads: 4) }
        == "[attention] expected a size that 4 heads divide, got 6 (float64[2, 3, 6])")
    #expect(try text { try q.attention(keys: k, values: v, heads: 0) }.contains("0 heads"))
    #expect(
      try text { try q.attention(keys: k, values: q, heads: 2) }
        == "[attention] expected values like the keys, float64[2, 4, 6], got float64[2, 3, 6]")
    #expect(
      try text { try q.attention(keys: k.cast(to: .float32), values: v, heads: 2) }
        .hasPrefix("[attention] expected queries [N, L, H] and keys [N, M, H] of one type"))
    #expect(
      try text { try q.sliced(axis: 0, to: 1).attention(keys: k, values: v, heads: 2) }
        .hasPrefix("[attention] expected queries [N, L, H] and keys"))
    #expect(
      try text { try q.attention(keys: k, values: v, heads: 2, isCausal: true) }.contains(
        "as many queries as keys"))
    #expect(
      try text { try q.attention(keys: q, values: q, heads: 2, axis: .queries, isCausal: true) }
        .contains("expected weights over the keys where not all of them are seen"))
    let counts = try Tensor(shape: [2], scalars: [Int32(5), 1])
    #expect(
      try text { try q.attention(keys: k, values: v, heads: 2, keyCounts: counts) }
        == "[attention] expected counts of keys from 0 to 4, got 5 for sequence 0")
    #expect(
      try text { try q.attention(keys: k, values: v, heads: 2, axis: .queries, logSums: q) }
        .contains("expected logarithms of sums float64[2, 2, 4]"))
    #expect(
      try text { try q.attention(keys: k, values: v, heads: 2, dropout: (1.5, 1)) }
        .contains("expected a probability from 0 to 1, got 1.5"))
    #expect(
      try text { try q.cast(to: .int32).attentionLogSums(keys: k.cast(to: .int32), heads: 2, axis: .keys) }
        .hasPrefix("[attention_log_sums]"))
  }
}
