import MartletKernels

extension Tensor {
  /// A tensor of random numbers, evenly distributed between two bounds. The same seed and stream give the same
  /// numbers on every machine.
  ///
  /// - Parameters:
  ///   - type: Floating point. float64 gets the numbers of float32.
  ///   - seed: What the whole program is seeded with.
  ///   - stream: What tells this tensor from the others of that seed.
  /// - Throws: ``MartletError`` unless the type is floating point.
  public static func uniform(
    _ type: TensorType, from low: Double, to high: Double, seed: UInt64, stream: UInt64
  ) throws -> Tensor {
    try filled(type, "uniform") {
      RandomFill.uniform(
        type.scalar.elementType, $0, count: type.elementCount, low: low, high: high, seed: seed,
        stream: stream)
    }
  }

  /// A tensor of normally distributed random numbers.
  public static func normal(
    _ type: TensorType, mean: Double = 0, standardDeviation: Double = 1, seed: UInt64, stream: UInt64
  ) throws -> Tensor {
    try filled(type, "normal") {
      RandomFill.normal(
        type.scalar.elementType, $0, count: type.elementCount, mean: mean,
        standardDeviation: standardDeviation,
        seed: seed, stream: stream)
    }
  }

  private static func filled(
    _ type: TensorType, _ operation: String, _ fill: (UnsafeMutableRawPointer) -> Void
  ) throws -> Tensor {
    func body<Scalar: TensorScalar>(_ elements: UnsafeMutableBufferPointer<Scalar>) {
      if let start = elements.baseAddress { fill(UnsafeMutableRawPointer(start)) }
    }
    switch type.scalar {
    case .float32:
      return try Tensor(type: type, initializingWith: body as (UnsafeMutableBufferPointer<Float>) -> Void)
    case .float64:
      return try Tensor(type: type, initializingWith: body as (UnsafeMutableBufferPointer<Double>) -> Void)
    default: throw MartletError(operation, "expected a floating-point type, got \(type)")
    }
  }
}
