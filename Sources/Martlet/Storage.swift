/// A block of memory that tensors share, aligned to cache lines and, when large, to huge pages.
///
/// A storage is written once, by whoever makes it, before anyone else sees it. The one exception is the state that
/// a running plan changes, for which the plan first makes sure that it is the only owner.
public final class Storage: @unchecked Sendable {
  /// Where the first byte is, as long as the storage lives.
  public let address: UnsafeMutableRawPointer
  /// How many bytes were asked for. The block may have more.
  public let byteCount: Int
  /// Whom the memory belongs to; nil where it is the pool's.
  private let owner: AnyObject?

  /// Memory of unspecified content.
  ///
  /// - Throws: ``MartletError`` when the system has no such block.
  public init(byteCount: Int) throws {
    self.byteCount = byteCount
    owner = nil
    address = try MemoryPool.shared.take(byteCount: byteCount)
  }

  /// Memory of somebody else, such as a mapped file, who is held for as long. It is only read.
  package init(reading bytes: UnsafeRawBufferPointer, of owner: AnyObject & Sendable) {
    precondition(bytes.baseAddress != nil, "no bytes to read")
    address = UnsafeMutableRawPointer(mutating: bytes.baseAddress!)
    byteCount = bytes.count
    self.owner = owner
  }

  /// What stands for memory that a variable has given away: see ``Variable/release()``.
  static let released: Storage = {
    guard let storage = try? Storage(byteCount: 0) else { preconditionFailure("no 64 bytes of memory") }
    return storage
  }()

  deinit {
    if owner == nil { MemoryPool.shared.giveBack(address, byteCount: byteCount) }
  }

  /// Has the system clear the pages of a large block now instead of at their first use. It may be in use meanwhile: no
  /// byte that was written changes.
  ///
  /// - Parameter goesOn: Asked again and again whether the rest is wanted too.
  func populatePages(while goesOn: () -> Bool = { true }) {
    guard owner == nil else { return }
    MemoryPool.populatePages(of: address, byteCount: byteCount, while: goesOn)
  }

  func copy() throws -> Storage {
    let copy = try Storage(byteCount: byteCount)
    copy.address.copyMemory(from: address, byteCount: byteCount)
    return copy
  }
}
