import Martlet
import Testing

@Suite("Recomputation")
struct RecomputationTests {
  private func chain(recomputable: Bool) throws -> Function {
    // Forward: x → a (recomputable from x) → far work → a and x again, as a backward pass reads them.
    var pass = RecomputeCheapValues()
    pass.minimumByteCount = 0
    return try Function([TensorType([4096])], passes: [pass]) { arguments in
      let x = try Tensor.apply(Mix(weights: [3]), arguments)[0]
      let a = try Tensor.apply(Mix(weights: [2], isRecomputable: recomputable), [x])[0]
      var far = a
      // Three values at a time, so that this is where memory peaks.
      for _ in 0..<10 {
        let pair = try Tensor.apply(Mix(weights: [1], outputCount: 2), [far])
        far = try Tensor.apply(Mix(weights: [1, 1]), pair)[0]
      }
      let late = try Tensor.apply(Mix(weights: [1, 1]), [far, a])[0]
      return [try Tensor.apply(Mix(weights: [1, 1]), [late, x])[0]]
    }
  }

  @Test("trades memory for a pass")
  func savesMemory() throws {
    let kept = try chain(recomputable: false)
    let again = try chain(recomputable: true)
    #expect(again.plan.graph.nodes.count == kept.plan.graph.nodes.count + 1)
    #expect(again.plan.arenaByteCount < kept.plan.arenaByteCount)
    let input = try Tensor(shape: [4096], scalars: [Float](repeating: 0.5, count: 4096))
    #expect(try again([input])[0].scalars(Float.self) == kept([input])[0].scalars(Float.self))
  }
}
