import Martlet
import MartletKernels
import Testing

@Suite("Plans")
struct PlanTests {
  /// Chooses the same algorithm for everything.
  private struct OneAlgorithm: ConvolutionTuner {
    var algorithm: ConvolutionAlgorithm
    var key: String { "\(algorithm)" }

    func algorithms(for convolutions: [TunedConvolution]) -> [ConvolutionAlgorithm] {
      convolutions.map { _ in algorithm }
    }
  }

  @Test("Plans of the same computation by different passes are different plans")
  func passesWithSettings() throws {
    let conv = try withSeed(1) {
      try Conv2d(inputChannels: 32, outputChannels: 32, kernelSize: 3, padding: 1)
    }
    let type = TensorType([1, 32, 16, 16], .float32, .channelsLast)
    let image = try Tensor.normal(type, seed: 1, stream: 1)
    func result(_ algorithm: ConvolutionAlgorithm) throws -> [Float] {
      let passes = [ChooseConvolutionAlgorithms(tuner: OneAlgorithm(algorithm: algorithm))]
      return try Function([type], passes: passes) { [try conv($0[0])] }([image])[0].scalars()
    }
    let direct = try result(.direct)
    let winograd = try result(.winograd(.four))
    #expect(direct != winograd)
    #expect(try result(.direct) == direct)
  }

  @Test("The gradient of what is no part of a recording is zero")
  func gradientOfConstant() throws {
    let step = try Function([TensorType([2])]) { inputs in
      try gradients(of: [.ones([3]), inputs[0]], seeds: [.ones([3]), .ones([2])], withRespectTo: inputs)
    }
    #expect(try step([.zeros([2])])[0].scalars(Float.self) == [1, 1])
  }

  /// A random computation of mixes, some of them twice, views, overwriting and scratch memory, as model code.
  ///
  /// - Parameter states: What it reads and changes besides, as it is or through views.
  private static func randomBody(
    seed: UInt64, states: [Buffer] = []
  ) -> @Sendable ([Tensor]) throws -> [Tensor] {
    { arguments in
      var random = TestGenerator(state: seed)
      var values = arguments + states.map(\.value)
      var mixes: [(mix: Mix, inputs: [Tensor])] = []
      for _ in 0..<Int.random(in: 5...60, using: &random) {
        if Int.random(in: 0..<5, using: &random) == 0, let state = states.randomElement(using: &random) {
          let count = state.type.elementCount
          let target =
            Bool.random(using: &random)
            ? state.value : try Tensor.apply(Relabel(shape: [count]), [state.value])[0]
          let addend = values.filter { $0.elementCount == count }.randomElement(using: &random)!
          _ = try Tensor.apply(AddToState(), [target, addend])
          continue
        }
        if Int.random(in: 0..<6, using: &random) == 0, let again = mixes.randomElement(using: &random) {
          values += try Tensor.apply(again.mix, again.inputs)
          continue
        }
        if Int.random(in: 0..<6, using: &random) == 0, let value = values.randomElement(using: &random) {
          let count = value.elementCount
          values.append(
            try Tensor.apply(Relabel(shape: Bool.random(using: &random) ? [count] : [count, 1]), [value])[0])
          continue
        }
        let count = Int.random(in: 1...3, using: &random)
        let first = values.randomElement(using: &random)!
        let fitting = values.filter { $0.elementCount == first.elementCount }
        let inputs = [first] + (1..<max(count, 1)).map { _ in fitting.randomElement(using: &random)! }
        let mix = Mix(
          weights: inputs.map { _ in Float.random(in: -1...1, using: &random) },
          outputCount: Int.random(in: 1...2, using: &random),
          overwrites: Bool.random(using: &random) ? Int.random(in: 0..<inputs.count, using: &random) : nil,
          isRecomputable: Bool.random(using: &random),
          workspaceElements: Int.random(in: 0...40, using: &random))
        values += try Tensor.apply(mix, inputs)
        mixes.append((mix, inputs))
      }
      return (0..<3).map { _ in values.randomElement(using: &random)! } + [arguments[0]]
    }
  }

  private static func inputs() throws -> [Tensor] {
    try [[3, 7], [21, 1], [5]].map { shape in
      try Tensor(shape: shape, scalars: (0..<shape.reduce(1, *)).map { Float($0) * 0.1 - 1 })
    }
  }

  /// Passes that look at no operation's kind, and compute again whatever they can.
  private static let eagerPasses: [any GraphPass] = {
    var recompute = RecomputeCheapValues()
    recompute.minimumByteCount = 0
    recompute.minimumDistance = 2
    return [MergeEqualNodes(), RemoveUnusedNodes(), recompute]
  }()

  @Test(
    "give the same as running at once, whatever is overwritten, viewed or computed again", arguments: 0..<300)
  func agreesWithRunningAtOnce(_ seed: Int) throws {
    let body = Self.randomBody(seed: UInt64(seed))
    let inputs = try Self.inputs()
    let before = try inputs.map { try $0.scalars(Float.self) }
    let expected = try body(inputs).map { try $0.scalars(Float.self) }
    let function = try Function(inputs.map(\.type), passes: Self.eagerPasses, body)
    for _ in 0..<2 {
      let got = try function(inputs).map { try $0.scalars(Float.self) }
      #expect(got == expected)
    }
    // Nothing a caller owns may have been written to.
    #expect(try inputs.map { try $0.scalars(Float.self) } == before)
  }

  @Test("give the same with passes as without, where state is changed between two reads", arguments: 0..<300)
  func stateChangesBetweenReads(_ seed: Int) throws {
    let inputs = try Self.inputs()
    func results(_ passes: [any GraphPass]) throws -> [[UInt32]] {
      let states = try [[7, 3], [5]].map { try Buffer(Tensor.full(0.5, TensorType($0))) }
      let function = try Function(
        inputs.map(\.type), passes: passes, Self.randomBody(seed: UInt64(seed), states: states))
      // The second run reads what the first one left.
      return try (0..<2).flatMap { _ in
        try (function(inputs) + states.map(\.concrete)).map { try $0.scalars(Float.self).map(\.bitPattern) }
      }
    }
    #expect(try results(Self.eagerPasses) == results([]))
  }

  @Test("reuse memory of values that are no longer needed")
  func memoryIsReused() throws {
    let type = TensorType([1000])
    let function = try Function([type]) { arguments in
      var value = arguments[0]
      for step in 0..<50 { value = try Tensor.apply(Mix(weights: [Float(step)]), [value])[0] }
      return [value]
    }
    // Two at a time, and what padding adds.
    #expect(function.plan.arenaByteCount <= 2 * (type.byteCount + 128))
  }

  @Test("do not remove what only changes state")
  func stateIsChanged() throws {
    let state = try Buffer(Tensor(shape: [2], scalars: [Float(1), 2]))
    let held = state.concrete
    let function = try Function([TensorType([2])]) { arguments in
      _ = try Tensor.apply(AddToState(), [state.value, arguments[0]])
      return []
    }
    let one = try Tensor(shape: [2], scalars: [Float(10), 20])
    _ = try function([one])
    _ = try function([one])
    #expect(try state.concrete.scalars(Float.self) == [21, 42])
    // A tensor taken before is a value of its own.
    #expect(try held.scalars(Float.self) == [1, 2])
  }

  @Test("refuse arguments of another type")
  func argumentsAreChecked() throws {
    let function = try Function([TensorType([2])]) { $0 }
    let wrong = try Tensor(shape: [3], scalars: [Float(1), 2, 3])
    let error = #expect(throws: MartletError.self) { try function([wrong]) }
    #expect(error?.description == "[function] expected arguments [float32[2]], got [float32[3]]")
  }

  @Test("run from many tasks at once")
  func runsConcurrently() async throws {
    let function = try Function([TensorType([64])]) { arguments in
      var value = arguments[0]
      for _ in 0..<10 { value = try Tensor.apply(Mix(weights: [1, 1]), [value, arguments[0]])[0] }
      return [value]
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          let input = try Tensor(shape: [64], scalars: [Float](repeating: Float(task), count: 64))
          for _ in 0..<50 {
            let got = try function([input])[0].scalars(Float.self)
            #expect(got == [Float](repeating: Float(task) * 11, count: 64))
          }
        }
      }
      try await group.waitForAll()
    }
  }
}
