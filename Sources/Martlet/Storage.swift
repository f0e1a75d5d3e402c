/// A block of memory that tensors share, aligned to cache lines and, when large, to huge pages.
///
/// A storage is written once, by whoever makes it, before anyone else sees it. The one exception is the state that
/// a running plan changes, for which the plan first makes sure that it is the only owner.
public final class Storage: @unchecked Sendable {
  public let address: UnsafeMutableRawPointer
  public let byteCount: Int

  /// Memory of unspecified content.
  ///
  /// - Throws: ``MartletError`` when the system has no such block.
  public init(byteCount: Int) throws {
    self.byteCount = byteCount
    address = try MemoryPool.shared.take(byteCount: byteCount)
  }

  /// What stands for memory that a variable has given away: see ``Variable/release()``.
  static let released: Storage = {
    guard let storage = try? Storage(byteCount: 0) else { preconditionFailure("no 64 bytes of memory") }
    return storage
  }()

  deinit { MemoryPool.shared.giveBack(address, byteCount: byteCount) }

  func copy() throws -> Storage {
    let copy = try Storage(byteCount: byteCount)
    copy.address.copyMemory(from: address, byteCount: byteCount)
    return copy
  }
}
