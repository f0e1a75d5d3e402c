import Testing

@testable import MartletKernels

/// Runs kernels on operands that lie between unmapped pages, so that one element read or written too far ends the
/// process, and compares with what they do on ordinary memory.
enum GuardedBuffers {
  /// - Parameter body: Runs a kernel on operands of the memory given to it.
  static func expectSame(
    _ name: String, sourceLocation: SourceLocation = #_sourceLocation, _ body: (TestMemory) throws -> Void
  ) rethrows {
    for set in InstructionSet.available {
      try InstructionSet.with(set) {
        let outputs = try TestMemory.Placement.allCases.map { placement in
          let memory = TestMemory(placement)
          let note = "\(sourceLocation.fileName) line \(sourceLocation.line): \(name), \(set), \(placement)"
          try CrashNote.with(note) { try body(memory) }
          #expect(memory.isIntact, "wrote beside an operand: \(note)", sourceLocation: sourceLocation)
          return memory.outputs
        }
        #expect(
          outputs.allSatisfy { !$0.isEmpty && $0 == outputs[0] }, "\(name), \(set)",
          sourceLocation: sourceLocation)
      }
    }
  }

  /// Counts on both sides of what vectors, tiles and pieces hold.
  static let counts = [1, 2, 3, 5, 7, 9, 15, 17, 31, 33, 47, 63, 65, 127, 131, 1021, 70_001]

  /// Numbers from -2 to 2.
  static func numbers<Scalar: BinaryFloatingPoint>(_ count: Int, _: Scalar.Type, seed: UInt64 = 1) -> [Scalar]
  {
    var generator = PhiloxGenerator(seed: seed, stream: UInt64(count))
    return (0..<count).map { _ in Scalar(4 * generator.uniform() - 2) }
  }

  static func positive<Scalar: BinaryFloatingPoint>(_ count: Int, _ type: Scalar.Type, seed: UInt64 = 1)
    -> [Scalar]
  {
    numbers(count, type, seed: seed).map { abs($0) + 0.1 }
  }
}

/// Runs a generic body for both floating-point types.
protocol RealElement: BinaryFloatingPoint, BitwiseCopyable {
  static var format: RealFormat { get }
  static var element: ElementType { get }
}
extension Float: RealElement {
  static var format: RealFormat { .float32 }
  static var element: ElementType { .float32 }
}
extension Double: RealElement {
  static var format: RealFormat { .float64 }
  static var element: ElementType { .float64 }
}
