#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Memory for a kernel's operands, full of rubbish where nothing was copied, and watched on both sides.
///
/// Between unmapped pages, reading or writing past an operand stops the process on one side; on the other, and where
/// alignment leaves a gap, only writing is found, by ``isIntact``.
final class TestMemory {
  enum Placement: CaseIterable {
    /// Each operand ends where unmapped memory begins.
    case endsAtWall
    /// Each operand begins where unmapped memory ends.
    case beginsAtWall
    /// As an allocator gives it, aligned to 64 bytes.
    case ordinary
  }

  private let placement: Placement
  private var regions: [Region] = []
  private var used = 0
  private var results: [UnsafeRawBufferPointer] = []

  init(_ placement: Placement) { self.placement = placement }

  /// Gives up the operands of the call before. Their regions are used again.
  func begin() {
    used = 0
    results = []
  }

  /// An operand that holds `values`.
  func copy<Element: BitwiseCopyable>(_ values: [Element]) -> UnsafeMutablePointer<Element> {
    let size = MemoryLayout<Element>.stride
    let bytes = rubbish(values.count * size, alignment: size)
    values.withUnsafeBytes {
      if let from = $0.baseAddress { bytes.copyMemory(from: from, byteCount: $0.count) }
    }
    return bytes.bindMemory(to: Element.self, capacity: values.count)
  }

  /// Memory that a kernel writes, a part of ``outputs``.
  func output<Element>(_ count: Int, _: Element.Type) -> UnsafeMutablePointer<Element> {
    let size = MemoryLayout<Element>.stride
    let bytes = rubbish(count * size, alignment: size)
    results.append(UnsafeRawBufferPointer(start: bytes, count: count * size))
    return bytes.bindMemory(to: Element.self, capacity: count)
  }

  /// An operand that a kernel reads and writes, a part of ``outputs``.
  func inOut<Element: BitwiseCopyable>(_ values: [Element]) -> UnsafeMutablePointer<Element> {
    let pointer = copy(values)
    results.append(UnsafeRawBufferPointer(start: pointer, count: values.count * MemoryLayout<Element>.stride))
    return pointer
  }

  /// Something that is added to a result: a copy, or where the result goes.
  func addend<Element: BitwiseCopyable>(
    _ values: [Element]?, inPlaceOf output: UnsafeMutablePointer<Element>?
  ) -> UnsafePointer<Element>? {
    guard let values else { return nil }
    guard let output else { return UnsafePointer(copy(values)) }
    _ = UnsafeMutableBufferPointer(start: output, count: values.count).update(fromContentsOf: values)
    return UnsafePointer(output)
  }

  /// What was written, byte by byte.
  var outputs: [[UInt8]] { results.map(Array.init) }

  /// Bytes of ones, which are NaN in both floating-point types.
  func rubbish(_ byteCount: Int, alignment: Int) -> UnsafeMutableRawPointer {
    if used == regions.count { regions.append(Region(placement)) }
    defer { used += 1 }
    return regions[used].place(byteCount, alignment: alignment)
  }

  /// Scratch memory as kernels ask for it.
  func workspace(_ byteCount: Int) -> UnsafeMutableRawPointer { rubbish(byteCount, alignment: 64) }

  /// Whether nobody wrote beside the operands.
  var isIntact: Bool { regions[..<used].allSatisfy(\.isIntact) }

  private final class Region {
    private let placement: TestMemory.Placement
    private let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    private var base: UnsafeMutableRawPointer?
    private var usable = 0
    private var operand = 0..<0
    /// Bytes beside an operand that are watched.
    private static let margin = 256

    init(_ placement: TestMemory.Placement) { self.placement = placement }
    deinit { unmap() }

    private func unmap() { if let base { munmap(base, usable + 2 * page) } }

    private func map(_ bytes: Int) {
      unmap()
      usable = (bytes + page - 1) / page * page
      let memory = mmap(nil, usable + 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)!
      precondition(memory != MAP_FAILED, "no memory for a test's operand")
      precondition(
        mprotect(memory, page, PROT_NONE) == 0 && mprotect(memory + page + usable, page, PROT_NONE) == 0)
      base = memory
    }

    private var start: UnsafeMutableRawPointer { base! + page }

    /// The watched bytes before and after the operand.
    private var margins: [Range<Int>] {
      [
        max(0, operand.lowerBound - Self.margin)..<operand.lowerBound,
        operand.upperBound..<min(usable, operand.upperBound + Self.margin),
      ]
    }

    func place(_ byteCount: Int, alignment: Int) -> UnsafeMutableRawPointer {
      let needed = byteCount + 2 * Self.margin
      if usable < needed { map(max(needed, 2 * usable)) }
      let first =
        switch placement {
        case .endsAtWall: (usable - byteCount) / alignment * alignment
        case .beginsAtWall: 0
        case .ordinary: Self.margin
        }
      operand = first..<first + byteCount
      for margin in margins { memset(start + margin.lowerBound, 0xA5, margin.count) }
      memset(start + first, 0xFF, byteCount)
      return start + first
    }

    var isIntact: Bool {
      margins.allSatisfy { margin in
        margin.allSatisfy { start.load(fromByteOffset: $0, as: UInt8.self) == 0xA5 }
      }
    }
  }
}
