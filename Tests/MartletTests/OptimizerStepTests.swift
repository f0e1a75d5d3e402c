import Martlet
import Testing

@Suite("Optimizer steps")
struct OptimizerStepTests {
  struct Run: Sendable, CustomTestStringConvertible {
    var name: String
    var clip: Double?
    var step:
      @Sendable (_ p: Tensor, _ g: Tensor, _ state: [Tensor], _ scalars: Tensor, _ scale: Tensor?) throws ->
        Void
    var testDescription: String { name }

    static func sgd(
      _ name: String, momentum: Double = 0, dampening: Double = 0, isNesterov: Bool = false,
      weightDecay: Double = 0,
      clip: Double? = nil
    ) -> Run {
      Run(name: name, clip: clip) { p, g, state, scalars, scale in
        try applySGDStep(
          parameter: p, gradient: g, momentumBuffer: momentum == 0 ? nil : state[0], scalars: scalars,
          gradientScale: scale, momentum: momentum, dampening: dampening, isNesterov: isNesterov,
          weightDecay: weightDecay)
      }
    }

    static func adam(
      _ name: String, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
      weightDecay: Double = 0,
      isDecoupled: Bool = false, clip: Double? = nil
    ) -> Run {
      Run(name: name, clip: clip) { p, g, state, scalars, scale in
        try applyAdamStep(
          parameter: p, gradient: g, firstMoment: state[0], secondMoment: state[1], scalars: scalars,
          gradientScale: scale, beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay,
          isDecoupled: isDecoupled)
      }
    }
  }

  static let runs: [Run] = [
    .sgd("sgd"), .sgd("sgd_decay", weightDecay: 0.05), .sgd("sgd_momentum", momentum: 0.9, weightDecay: 0.01),
    .sgd("sgd_dampening", momentum: 0.9, dampening: 0.4),
    .sgd("sgd_nesterov", momentum: 0.9, isNesterov: true, weightDecay: 0.01),
    .sgd("sgd_clipped", momentum: 0.9, clip: 1.5), .adam("adam"),
    .adam("adam_decay", beta1: 0.8, beta2: 0.95, epsilon: 1e-4, weightDecay: 0.1),
    .adam("adam_clipped", clip: 100),
    .adam("adamw", weightDecay: 0.01, isDecoupled: true),
    .adam("adamw_decay", beta1: 0.8, beta2: 0.95, epsilon: 1e-4, weightDecay: 0.3, isDecoupled: true),
  ]

  @Test("follow PyTorch's", arguments: runs, [ScalarType.float32, .float64])
  func followPyTorch(_ run: Run, _ scalar: ScalarType) throws {
    let tensors = try Fixtures.tensors("optimizer")
    let start = try #require(tensors["\(run.name)/parameter"])
    let gradients = try #require(tensors["\(run.name)/gradients"]).scalars(Float.self)
    let after = try #require(tensors["\(run.name)/after"]).scalars(Float.self)
    let count = start.elementCount
    func make(_ values: [Float]) throws -> Tensor {
      scalar == .float32
        ? try Tensor(shape: [count], scalars: values)
        : try Tensor(shape: [count], scalars: values.map(Double.init))
    }
    let parameter = try make(start.scalars(Float.self))
    let state = try (0..<2).map { _ in try Tensor.zeros([count], scalar) }
    for (index, rate) in [0.1, 0.1, 0.05, 0.02, 0.01].enumerated() {
      let gradient = try make(Array(gradients[index * count..<(index + 1) * count]))
      let scale = try run.clip.map { try clipCoefficient(of: [gradient], maximumNorm: $0).coefficient }
      let scalars = try Tensor(shape: [2], scalars: [rate, Double(index + 1)])
      try run.step(parameter, gradient, state, scalars, scale)
      let expected = try Tensor(shape: [count], scalars: Array(after[index * count..<(index + 1) * count]))
      try expectClose(parameter.cast(to: .float32), expected, 1e-6, "after step \(index + 1)")
    }
  }

  @Test("measure the norm of all gradients together and clip to it")
  func clipping() throws {
    let a = try Tensor(shape: [2, 2], scalars: [3, 0, 0, 0] as [Float])
    let b = try Tensor(shape: [1], scalars: [4] as [Float])
    let clipped = try clipCoefficient(of: [a, b], maximumNorm: 2)
    #expect(try clipped.norm.item(Double.self) == 5)
    #expect(try clipped.coefficient.item(Double.self) == 2 / (5 + 1e-6))
    #expect(try clipCoefficient(of: [a, b], maximumNorm: 6).coefficient.item(Double.self) == 1)
    let broken = try Tensor(shape: [1], scalars: [Float.nan])
    #expect(try clipCoefficient(of: [a, broken], maximumNorm: 2).coefficient.item(Double.self).isNaN)
  }

  @Test(
    "averages what does not change to itself, and what does to its mean", arguments: [0.9, 0.999, 0.9999])
  func averages(_ decay: Double) throws {
    let value = try Tensor.normal(
      TensorType([1000], .float32), mean: 1, standardDeviation: 1, seed: 3, stream: 1)
    let scalars = try Tensor(shape: [2], scalars: [decay, 1 - decay])
    let average = try value + 0
    for _ in 0..<500 { try accumulate(into: average, value, scalars: scalars) }
    #expect(try average.scalars(Float.self) == value.scalars(Float.self))
    // From 0 it comes to 1 − decayⁿ of the value, and that within the roundings of n steps at most.
    let risen = try Tensor.zeros([1000])
    for _ in 0..<500 { try accumulate(into: risen, value, scalars: scalars) }
    let part = 1 - (0..<500).reduce(1.0) { product, _ in product * decay }
    for (a, b) in zip(try risen.scalars(Float.self), try value.scalars(Float.self)) {
      #expect(abs(Double(a) - part * Double(b)) <= 500 * 0x1p-24 * abs(Double(b)))
    }
  }

  @Test("refuse state that does not fit the parameter")
  func refuseMisfits() throws {
    let p = try Tensor.zeros([3])
    let scalars = try Tensor(shape: [2], scalars: [0.1, 1.0])
    #expect(throws: MartletError.self) {
      try applySGDStep(parameter: p, gradient: Tensor.zeros([4]), momentumBuffer: nil, scalars: scalars)
    }
    #expect(throws: MartletError.self) {
      try applySGDStep(parameter: p, gradient: p, momentumBuffer: nil, scalars: scalars, momentum: 0.9)
    }
    #expect(throws: MartletError.self) {
      try applySGDStep(
        parameter: p, gradient: p, momentumBuffer: Tensor.zeros([3]), scalars: scalars, momentum: 0.9,
        dampening: 0.1,
        isNesterov: true)
    }
    #expect(throws: MartletError.self) {
      try applyAdamStep(
        parameter: p, gradient: p, firstMoment: p, secondMoment: p, scalars: Tensor.zeros([2]))
    }
  }
}
