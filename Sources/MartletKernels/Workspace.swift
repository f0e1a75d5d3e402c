import CMartletKernels

/// Cuts scratch memory given by a caller into aligned parts. With no memory it only measures.
package struct WorkspaceCursor {
  private let base: UnsafeMutableRawPointer?
  package private(set) var byteCount = 0

  /// Measures how much the parts take.
  package init() { base = nil }

  package init(_ base: UnsafeMutableRawPointer) { self.base = base }

  /// The next part, aligned to 64 bytes. While measuring, not an address to use.
  package mutating func take(_ bytes: Int) -> UnsafeMutableRawPointer {
    let start = byteCount
    byteCount += (bytes + 63) / 64 * 64
    return base.map { $0 + start } ?? UnsafeMutableRawPointer(bitPattern: 64)!
  }
}

/// The calling thread's scratch memory, at least `bytes` long.
func threadScratch(_ bytes: Int) -> UnsafeMutableRawPointer {
  guard let scratch = martlet_thread_scratch(bytes) else {
    preconditionFailure("no memory left for a kernel's \(bytes) bytes of scratch")
  }
  return scratch
}

@inline(__always)
package func ceilDivide(_ a: Int, _ b: Int) -> Int { (a + b - 1) / b }
