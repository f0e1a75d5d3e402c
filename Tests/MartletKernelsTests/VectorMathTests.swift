import Foundation
import MartletKernels
import Testing

/// Elementary functions in single precision against the C library's in double precision.
@Suite("Vector functions")
struct VectorMathTests {
  struct Function: Sendable, CustomTestStringConvertible {
    let function: UnaryFunction
    let limit: Double
    let exact: @Sendable (Double) -> Double
    var testDescription: String { "\(function)" }
  }

  static let functions: [Function] = [
    Function(function: .exp, limit: 1, exact: { exp($0) }),
    Function(function: .log, limit: 2, exact: { log($0) }),
    Function(function: .tanh, limit: 3, exact: { tanh($0) }),
    Function(function: .sigmoid, limit: 3, exact: { $0 < 0 ? exp($0) / (1 + exp($0)) : 1 / (1 + exp(-$0)) }),
    Function(function: .erf, limit: 3, exact: { erf($0) }),
    Function(function: .elu(slope: 1, rate: 1), limit: 2, exact: { $0 > 0 ? $0 : expm1($0) }),
    Function(function: .softplus, limit: 4, exact: { ($0 < 0 ? 0 : $0) + log1p(exp(-abs($0))) }),
  ]

  /// The result's distance from the exact value in units in the last place, denormal ones included.
  private func error(_ got: Float, _ exact: Double) -> Double {
    let rounded = Float(exact)
    if exact.isNaN { return got.isNaN ? 0 : .infinity }
    if rounded.isInfinite { return got == rounded ? 0 : .infinity }
    return abs(Double(got) - exact) / Double(max(rounded.magnitude.ulp, .leastNonzeroMagnitude))
  }

  private func apply(_ function: UnaryFunction, _ values: [Float]) -> [Float] {
    var result = values
    result.withUnsafeMutableBytes { y in
      Elementwise.unary(function, .float32, y.baseAddress!, y.baseAddress!, count: values.count)
    }
    return result
  }

  @Test("are within a few units in the last place of every kind of argument", arguments: functions)
  func areAccurate(_ item: Function) {
    // Steps through all bit patterns: both signs, denormals, infinities and what is not a number.
    let values = stride(from: UInt64(0), to: 1 << 32, by: 4099).map { Float(bitPattern: UInt32($0)) }
    for set in InstructionSet.available {
      let results = InstructionSet.with(set) { apply(item.function, values) }
      var worst = (error: 0.0, at: Float(0))
      for (x, y) in zip(values, results) {
        let distance = error(y, item.exact(Double(x)))
        if !(distance <= worst.error) { worst = (distance, x) }
      }
      #expect(worst.error <= item.limit, "\(set) at \(worst.at)")
    }
  }

  @Test("keep what is not a number, on every instruction set")
  func keepNaN() {
    let functions: [UnaryFunction] = [
      .negate, .abs, .exp, .log, .sqrt, .reciprocal, .square, .relu, .leakyReLU(slope: 0.1), .gelu, .geluTanh,
      .silu, .hardSwish, .hardSigmoid,
      .sigmoid, .tanh, .erf, .clamp(-1, 1), .power(2.5), .sign, .ceil, .floor, .round, .sin, .atanh,
      .softplus,
      .softsign, .mish, .elu(slope: 1, rate: 1), .threshold(1), .shrink(threshold: 1, offset: 1),
    ]
    for set in InstructionSet.available {
      for function in functions {
        let values = [Float](repeating: .nan, count: 19)
        let results = InstructionSet.with(set) { apply(function, values) }
        #expect(results.allSatisfy { $0.isNaN }, "\(set) \(function)")
      }
    }
  }

  @Test("give the limits at zero and at infinity")
  func limits() {
    let cases: [(UnaryFunction, Float, Float)] = [
      (.exp, -.infinity, 0), (.exp, .infinity, .infinity), (.exp, 0, 1), (.log, 0, -.infinity), (.log, 1, 0),
      (.tanh, .infinity, 1), (.tanh, -.infinity, -1), (.sigmoid, -.infinity, 0), (.sigmoid, .infinity, 1),
      (.erf, .infinity, 1), (.relu, -.infinity, 0), (.relu, .infinity, .infinity), (.gelu, 20, 20),
    ]
    for set in InstructionSet.available {
      for (function, x, y) in cases {
        let results = InstructionSet.with(set) { apply(function, [Float](repeating: x, count: 17)) }
        #expect(results.allSatisfy { $0 == y }, "\(set) \(function)(\(x))")
      }
      let signs = InstructionSet.with(set) { apply(.tanh, [-0.0]) }
      #expect(signs[0].sign == .minus)
    }
  }
}
