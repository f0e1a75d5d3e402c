import CMartletKernels

/// Softmax and its logarithm along one dimension: `count` elements, `inner` apart, for each of `outer` × `inner`.
///
/// Elements are of a floating-point type, outputs may lie on inputs.
public enum SoftmaxKernel {
  /// y = softmax(x), or its logarithm.
  public static func run(
    logarithm: Bool, _ type: ElementType, x: UnsafeRawPointer, y: UnsafeMutableRawPointer, outer: Int,
    count: Int,
    inner: Int
  ) {
    let table = type.softmax
    let flag: Int32 = logarithm ? 1 : 0
    forEachPart(type, outer: outer, count: count, inner: inner) { offset, rows, columns in
      if inner == 1 {
        table.rows(flag, x + offset, y + offset, rows, count)
      } else {
        table.columns(flag, x + offset, y + offset, count, inner, columns)
      }
    }
  }

  /// dx from dy and from the output y.
  public static func gradient(
    logarithm: Bool, _ type: ElementType, y: UnsafeRawPointer, dy: UnsafeRawPointer,
    dx: UnsafeMutableRawPointer,
    outer: Int, count: Int, inner: Int
  ) {
    let table = type.softmax
    let flag: Int32 = logarithm ? 1 : 0
    forEachPart(type, outer: outer, count: count, inner: inner) { offset, rows, columns in
      if inner == 1 {
        table.gradient_rows(flag, y + offset, dy + offset, dx + offset, rows, count)
      } else {
        table.gradient_columns(flag, y + offset, dy + offset, dx + offset, count, inner, columns)
      }
    }
  }

  /// Calls `body` with a byte offset and how many rows (when inner is 1) or columns are to be done from there.
  private static func forEachPart(
    _ type: ElementType, outer: Int, count: Int, inner: Int,
    _ body: (_ offset: Int, _ rows: Int, _ columns: Int) -> Void
  ) {
    guard outer > 0, count > 0, inner > 0 else { return }
    let size = type.byteCount
    if inner == 1 {
      Pieces.forEach(of: outer, length: max(1, Pieces.elementCount / count)) { range in
        body(range.lowerBound * count * size, range.count, 1)
      }
      return
    }
    // Strips of at least 64 columns, so that threads do not write to each other's lines.
    let width = min(inner, max(64, Pieces.elementCount / count / 64 * 64))
    let strips = (inner + width - 1) / width
    ThreadPool.parallelFor(outer * strips) { item in
      let first = item % strips * width
      body((item / strips * count * inner + first) * size, 1, min(width, inner - first))
    }
  }
}

extension ElementType {
  var softmax: martlet_softmax_table_t {
    martlet_softmax_table(InstructionSet.current.cValue, self == .float64 ? 1 : 0).pointee
  }
}
