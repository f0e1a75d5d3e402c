import Testing

@testable import MartletKernels

struct GuardedElementwiseTests {
  private static let functions: [UnaryFunction] = [
    .negate, .abs, .exp, .log, .sqrt, .reciprocal, .square, .relu, .leakyReLU(slope: 0.1), .gelu, .geluTanh,
    .silu, .hardSwish, .hardSigmoid,
    .sigmoid, .tanh, .erf, .clamp(-0.5, 0.7), .addScalar(0.3), .scale(0.7), .divideBy(3), .subtractFrom(1),
    .divideInto(2), .power(1.5), .sign, .ceil, .floor, .round, .sin, .cos, .tan, .atan, .sinh, .cosh, .asinh,
    .softplus, .softsign, .mish, .elu(slope: 1.2, rate: 0.8), .threshold(0.4),
    .shrink(threshold: 0.4, offset: 0.2),
  ]

  @Test func functionsOfOneNumber() {
    func check<Scalar: RealElement>(_: Scalar.Type) {
      for count in GuardedBuffers.counts {
        let (x, dy) = (
          GuardedBuffers.positive(count, Scalar.self), GuardedBuffers.numbers(count, Scalar.self, seed: 2)
        )
        for function in Self.functions {
          GuardedBuffers.expectSame("\(function), \(Scalar.self), \(count)") { memory in
            Elementwise.unary(
              function, Scalar.element, memory.copy(x), memory.output(count, Scalar.self), count: count)
            guard function.kept == .input || function.kept == .output else { return }
            Elementwise.unaryGradient(
              function, Scalar.element, kept: memory.copy(x), dy: memory.copy(dy),
              dx: memory.output(count, Scalar.self), count: count)
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test func casts() {
    for count in GuardedBuffers.counts {
      for from in ElementType.allCases {
        let bytes = GuardedBuffers.positive(count, Float.self)
        for to in ElementType.allCases {
          GuardedBuffers.expectSame("\(from) to \(to), \(count)") { memory in
            let x = memory.rubbish(count * from.byteCount, alignment: from.byteCount)
            Elementwise.cast(.float32, memory.copy(bytes), to: from, x, count: count)
            // Bytes, so that one memory serves all types.
            let y = memory.output(count * to.byteCount, UInt8.self)
            let aligned = memory.rubbish(count * to.byteCount, alignment: to.byteCount)
            Elementwise.cast(from, x, to: to, aligned, count: count)
            UnsafeMutableRawPointer(y).copyMemory(from: aligned, byteCount: count * to.byteCount)
          }
        }
      }
    }
  }

  @Test func whatIsNotFinite() {
    func check<Scalar: RealElement>(_: Scalar.Type) {
      for count in GuardedBuffers.counts {
        let x = GuardedBuffers.numbers(count, Scalar.self)
        GuardedBuffers.expectSame("\(Scalar.self), \(count)") { memory in
          let found = Elementwise.countNotFinite(Scalar.element, memory.copy(x), count: count)
          memory.output(1, Int.self).pointee = found
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  /// Shapes with the strides of two operands: alike, by row, by column, one number, transposed.
  private static let loops: [(shape: [Int], a: [Int], b: [Int])] =
    GuardedBuffers.counts.map { ([$0], [1], [1]) }
    + [1, 3, 17, 63, 65, 131].flatMap { columns -> [(shape: [Int], a: [Int], b: [Int])] in
      [3, 65, 131].flatMap { rows -> [(shape: [Int], a: [Int], b: [Int])] in
        [
          ([rows, columns], [columns, 1], [0, 1]), ([rows, columns], [columns, 1], [1, 0]),
          ([rows, columns], [columns, 1], [0, 0]), ([rows, columns], [columns, 1], [1, rows]),
          ([5, rows, columns], [0, columns, 1], [columns, 0, 1]),
        ]
      }
    }

  private static func reach(_ shape: [Int], _ strides: [Int]) -> Int {
    1 + zip(shape, strides).reduce(0) { $0 + ($1.0 - 1) * $1.1 }
  }

  @Test func functionsOfTwoNumbers() {
    func check<Scalar: RealElement>(_: Scalar.Type) {
      for (shape, aStrides, bStrides) in Self.loops {
        let count = shape.reduce(1, *)
        let a = GuardedBuffers.positive(Self.reach(shape, aStrides), Scalar.self)
        let b = GuardedBuffers.positive(Self.reach(shape, bStrides), Scalar.self, seed: 2)
        let condition = GuardedBuffers.numbers(a.count, Float.self).map { UInt8($0 > 0 ? 1 : 0) }
        func operands(_ memory: TestMemory) -> (BroadcastOperand, BroadcastOperand) {
          (
            BroadcastOperand(start: memory.copy(a), strides: aStrides),
            BroadcastOperand(start: memory.copy(b), strides: bStrides)
          )
        }
        let name = "\(shape), \(aStrides), \(bStrides), \(Scalar.self)"
        for function in BinaryFunction.allCases where function.acceptsReals {
          GuardedBuffers.expectSame("\(function), \(name)") { memory in
            let (a, b) = operands(memory)
            Elementwise.binary(
              function, Scalar.element, a, b, memory.output(count, Scalar.self), shape: shape)
          }
        }
        for comparison in [Comparison.less, .and] {
          GuardedBuffers.expectSame("\(comparison), \(name)") { memory in
            let (a, b) = operands(memory)
            Elementwise.compare(
              comparison, Scalar.element, a, b, memory.output(count, UInt8.self), shape: shape)
          }
        }
        GuardedBuffers.expectSame("select and broadcast, \(name)") { memory in
          let (a, b) = operands(memory)
          Elementwise.select(
            Scalar.element, condition: BroadcastOperand(start: memory.copy(condition), strides: aStrides), a,
            b,
            memory.output(count, Scalar.self), shape: shape)
          Elementwise.broadcast(
            Scalar.element, b, memory.output(count, Scalar.self), shape: shape, scale: 0.5)
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test func randomNumbers() {
    func check<Scalar: RealElement>(_: Scalar.Type) {
      for count in GuardedBuffers.counts {
        let x = GuardedBuffers.numbers(count, Scalar.self)
        GuardedBuffers.expectSame("\(Scalar.self), \(count)") { memory in
          RandomFill.uniform(
            Scalar.element, memory.output(count, Scalar.self), count: count, low: -1, high: 2, seed: 3,
            stream: 4)
          RandomFill.normal(
            Scalar.element, memory.output(count, Scalar.self), count: count, mean: 1, standardDeviation: 2,
            seed: 3,
            stream: 4)
          RandomFill.dropout(
            Scalar.element, x: memory.copy(x), y: memory.output(count, Scalar.self), count: count,
            probability: 0.3, seed: 3, stream: 4, step: 5)
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test func optimizers() {
    func check<Scalar: RealElement>(_: Scalar.Type) {
      for count in GuardedBuffers.counts {
        let parameter = GuardedBuffers.numbers(count, Scalar.self)
        let gradient = GuardedBuffers.numbers(count, Scalar.self, seed: 2)
        let moment = GuardedBuffers.positive(count, Scalar.self, seed: 3)
        for step in [1.0, 7] {
          for isFlagged in [false, true] {
            func sgd(momentum: Double, isNesterov: Bool) -> OptimizerSteps.SGD {
              OptimizerSteps.SGD(
                learningRate: 0.1, gradientScale: 0.5, weightDecay: 0.01, momentum: momentum, dampening: 0,
                isNesterov: isNesterov, step: step)
            }
            let adam = OptimizerSteps.Adam(
              learningRate: 0.1, gradientScale: 0.5, weightDecay: 0.01, beta1: 0.9, beta2: 0.99,
              epsilon: 1e-8,
              isDecoupled: isFlagged, step: step)
            GuardedBuffers.expectSame("\(Scalar.self), \(count), step \(step), \(isFlagged)") { memory in
              OptimizerSteps.run(
                sgd(momentum: 0.9, isNesterov: isFlagged), Scalar.element, parameter: memory.inOut(parameter),
                state: [memory.inOut(moment)], gradient: memory.copy(gradient), count: count)
              OptimizerSteps.run(
                sgd(momentum: 0, isNesterov: false), Scalar.element, parameter: memory.inOut(parameter),
                state: [], gradient: memory.copy(gradient), count: count)
              OptimizerSteps.run(
                adam, Scalar.element, parameter: memory.inOut(parameter),
                state: [memory.inOut(moment), memory.inOut(moment)], gradient: memory.copy(gradient),
                count: count)
            }
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }
}
