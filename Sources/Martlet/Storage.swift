#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A block of memory that tensors share, aligned to cache lines and, when large, to huge pages.
///
/// A storage is written once, by whoever makes it, before anyone else sees it. The one exception is the state that
/// a running plan changes, for which the plan first makes sure that it is the only owner.
public final class Storage: @unchecked Sendable {
  public let address: UnsafeMutableRawPointer
  public let byteCount: Int

  private static let hugePage = 2 << 20

  /// Memory of unspecified content.
  ///
  /// - Throws: ``MartletError`` when the system has no such block.
  public init(byteCount: Int) throws {
    self.byteCount = byteCount
    let isLarge = byteCount >= 2 * Self.hugePage
    let alignment = isLarge ? Self.hugePage : 64
    let rounded = max(64, (byteCount + 63) / 64 * 64)
    var pointer: UnsafeMutableRawPointer?
    guard posix_memalign(&pointer, alignment, rounded) == 0, let pointer else {
      throw MartletError("memory", "expected \(byteCount) bytes, the system has no such block")
    }
    #if os(Linux)
      // A hint: where it is refused the pages are small, nothing else changes.
      if isLarge { _ = madvise(pointer, rounded / Self.hugePage * Self.hugePage, MADV_HUGEPAGE) }
    #endif
    address = pointer
  }

  deinit { free(address) }

  func copy() throws -> Storage {
    let copy = try Storage(byteCount: byteCount)
    copy.address.copyMemory(from: address, byteCount: byteCount)
    return copy
  }
}
