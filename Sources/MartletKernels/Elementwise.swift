import CMartletKernels

/// The type of the elements behind a raw pointer.
public enum ElementType: Hashable, Sendable, CaseIterable {
  case float32, float64, int32, int64, uint8, bool

  /// Of one element.
  public var byteCount: Int {
    switch self {
    case .uint8, .bool: 1
    case .float32, .int32: 4
    case .float64, .int64: 8
    }
  }

  var cValue: martlet_scalar {
    switch self {
    case .float32: MARTLET_F32
    case .float64: MARTLET_F64
    case .int32: MARTLET_I32
    case .int64: MARTLET_I64
    case .uint8: MARTLET_U8
    case .bool: MARTLET_BOOL
    }
  }

  var elementwise: martlet_elementwise_table_t {
    martlet_elementwise_table(InstructionSet.current.cValue, cValue).pointee
  }
}

/// How long loops over memory are cut for threads: long enough to outweigh handing a piece over, short enough to
/// share evenly, and fixed, so that sums do not depend on the number of threads.
enum Pieces {
  /// 128 KiB of float32.
  static let elementCount = 32768

  /// Calls `body` with consecutive ranges of `length` that together are `0..<count`.
  static func forEach(of count: Int, length: Int = elementCount, _ body: (Range<Int>) -> Void) {
    if count <= length {
      if count > 0 { body(0..<count) }
      return
    }
    ThreadPool.parallelFor((count + length - 1) / length) { piece in
      body(piece * length..<min(count, (piece + 1) * length))
    }
  }
}

/// Loops over every element: outputs may lie on inputs of the same size.
public enum Elementwise {
  /// y = f(x) for `count` elements of a floating-point type, or of integers for the functions that accept them.
  public static func unary(
    _ function: UnaryFunction, _ type: ElementType, _ x: UnsafeRawPointer, _ y: UnsafeMutableRawPointer,
    count: Int
  ) {
    let kernel = type.elementwise.unary
    let call = function.call
    let size = type.byteCount
    Pieces.forEach(of: count) { range in
      kernel(
        call.function, x + range.lowerBound * size, y + range.lowerBound * size, range.count, call.a, call.b)
    }
  }

  /// dx from dy and from what ``UnaryFunction/kept`` names. Not for functions that keep nothing: theirs is a unary
  /// function of dy.
  public static func unaryGradient(
    _ function: UnaryFunction, _ type: ElementType, kept: UnsafeRawPointer, dy: UnsafeRawPointer,
    dx: UnsafeMutableRawPointer, count: Int
  ) {
    precondition(
      function.kept == .input || function.kept == .output, "\(function) has no gradient kernel")
    let kernel = real(type.elementwise.unary_gradient)
    let call = function.call
    let size = type.byteCount
    Pieces.forEach(of: count) { range in
      let offset = range.lowerBound * size
      kernel(call.function, kept + offset, dy + offset, dx + offset, range.count, call.a, call.b)
    }
  }

  /// Converts between any two types. Floating point to integer truncates and saturates; not a number becomes 0.
  public static func cast(
    _ from: ElementType, _ x: UnsafeRawPointer, to: ElementType, _ y: UnsafeMutableRawPointer, count: Int
  ) {
    Pieces.forEach(of: count) { range in
      martlet_cast(
        from.cValue, x + range.lowerBound * from.byteCount, to.cValue, y + range.lowerBound * to.byteCount,
        range.count)
    }
  }

  /// How many elements of a floating-point type are infinite or not a number.
  public static func countNotFinite(_ type: ElementType, _ x: UnsafeRawPointer, count: Int) -> Int {
    let kernel = real(type.elementwise.count_not_finite)
    let length = Pieces.elementCount
    let pieces = (count + length - 1) / length
    guard pieces > 1 else { return count == 0 ? 0 : kernel(x, count) }
    return withUnsafeTemporaryAllocation(of: Int.self, capacity: pieces) { counts in
      let base = counts.baseAddress!
      Pieces.forEach(of: count) { range in
        base[range.lowerBound / length] = kernel(x + range.lowerBound * type.byteCount, range.count)
      }
      return counts.reduce(0, +)
    }
  }

  /// A kernel that only floating-point types have.
  static func real<Kernel>(_ kernel: Kernel?) -> Kernel {
    guard let kernel else { preconditionFailure("an integer type has no such kernel") }
    return kernel
  }
}
