/// Gather along an axis with an index for every element, as `torch.gather`, and its gradient.
///
/// Axes other than the gathered one may be shorter in the indices than in the source.
public struct AxisGather {
  private let shape: [Int]
  private let axis: Int
  private let sourceStrides: [Int]
  /// Elements of the index array on each side of the axis.
  private let outer: Int
  private let inner: Int
  private let length: Int

  /// - Parameters:
  ///   - indexShape: The indices' and the gathered array's shape, both row-major.
  ///   - sourceStrides: The source's, in elements.
  public init(indexShape: [Int], sourceStrides: [Int], axis: Int) {
    shape = indexShape
    self.axis = axis
    self.sourceStrides = sourceStrides
    outer = indexShape[..<axis].reduce(1, *)
    inner = indexShape[(axis + 1)...].reduce(1, *)
    length = indexShape[axis]
  }

  /// The source offset of the line that starts at a position of the index array with 0 along the axis.
  private func lineOffset(_ line: Int) -> Int {
    var offset = 0
    var rest = line % inner
    for d in stride(from: shape.count - 1, to: axis, by: -1) {
      offset += rest % shape[d] * sourceStrides[d]
      rest /= shape[d]
    }
    rest = line / inner
    for d in stride(from: axis - 1, through: 0, by: -1) {
      offset += rest % shape[d] * sourceStrides[d]
      rest /= shape[d]
    }
    return offset
  }

  private func forEachLine(_ body: (_ offset: Int, _ first: Int) -> Void) {
    let lines = outer * inner
    let linesPerPiece = max(8192 / max(length, 1), 1)
    ThreadPool.parallelFor((lines + linesPerPiece - 1) / linesPerPiece) { piece in
      for line in piece * linesPerPiece..<min((piece + 1) * linesPerPiece, lines) {
        body(lineOffset(line), line / inner * length * inner + line % inner)
      }
    }
  }

  /// How far apart the source's elements are along the axis.
  var axisStride: Int { sourceStrides[axis] }

  /// Calls `body` for every element of the index array, in order along the axis, with its place there and that of index
  /// 0 in the source.
  @inline(__always)
  func forEachElement(_ body: (_ at: Int, _ place: Int) -> Void) {
    forEachLine { offset, first in
      for i in 0..<length { body(first + i * inner, offset) }
    }
  }

  /// target[…, i, …] = source[…, indices[…, i, …], …], elements of 1, 4 or 8 bytes.
  public func run(
    _ source: UnsafeRawPointer, indices: IndexPointer, target: UnsafeMutableRawPointer, elementByteCount: Int
  ) {
    func dispatch<Element: BitwiseCopyable>(_: Element.Type) {
      let from = source.assumingMemoryBound(to: Element.self)
      let to = target.assumingMemoryBound(to: Element.self)
      switch indices {
      case .int32(let indices): read(from, indices, to)
      case .int64(let indices): read(from, indices, to)
      }
    }
    switch elementByteCount {
    case 1: dispatch(UInt8.self)
    case 4: dispatch(UInt32.self)
    default: dispatch(UInt64.self)
    }
  }

  private func read<Element: BitwiseCopyable, Index: FixedWidthInteger>(
    _ source: UnsafePointer<Element>, _ indices: UnsafePointer<Index>, _ target: UnsafeMutablePointer<Element>
  ) {
    let step = sourceStrides[axis]
    forEachLine { offset, first in
      for i in 0..<length {
        let at = first + i * inner
        target[at] = source[offset + Int(indices[at]) * step]
      }
    }
  }

  /// target[…, indices[…, i, …], …] += source[…, i, …], in the order of i. The target must hold zeros.
  public func add(
    _ source: UnsafeRawPointer, indices: IndexPointer, target: UnsafeMutableRawPointer, format: RealFormat
  ) {
    func dispatch<Element: BinaryFloatingPoint>(_: Element.Type) {
      let from = source.assumingMemoryBound(to: Element.self)
      let to = target.assumingMemoryBound(to: Element.self)
      switch indices {
      case .int32(let indices): add(from, indices, to)
      case .int64(let indices): add(from, indices, to)
      }
    }
    switch format {
    case .float32: dispatch(Float.self)
    case .float64: dispatch(Double.self)
    }
  }

  private func add<Element: BinaryFloatingPoint, Index: FixedWidthInteger>(
    _ source: UnsafePointer<Element>, _ indices: UnsafePointer<Index>, _ target: UnsafeMutablePointer<Element>
  ) {
    let step = sourceStrides[axis]
    forEachLine { offset, first in
      for i in 0..<length {
        let at = first + i * inner
        target[offset + Int(indices[at]) * step] += source[at]
      }
    }
  }
}
