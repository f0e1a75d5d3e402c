import MartletKernels
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The blocks of memory that storages live in.
///
/// The first touch of fresh memory costs a page fault for each page, for a large tensor as much time as the kernel that
/// fills it. So a block that is let go is kept, by its size, and given out again; what is kept is bounded, and what has
/// been kept longest gives way. Large blocks start at huge pages, and are mappings of their own: what is let go for good is
/// the system's at once, and no other memory depends on when it goes.
public final class MemoryPool: Sendable {
  /// The pool of all storages. It keeps 256 MiB at most.
  public static let shared = MemoryPool(capacity: 256 << 20)

  private struct Block {
    var address: UInt
    /// Counts up with each block that is kept.
    var age: Int
  }

  private struct State {
    /// By size, those kept longest first.
    var free: [Int: [Block]] = [:]
    var keptByteCount = 0
    var keptCount = 0
    var systemBlockCount = 0

    mutating func takeNewest(_ size: Int) -> UInt? {
      guard let block = free[size]?.popLast() else { return nil }
      keptByteCount -= size
      return block.address
    }

    mutating func takeOldest() -> (address: UInt, size: Int)? {
      let oldest = free.compactMap { size, blocks in blocks.first.map { (size: size, age: $0.age) } }
        .min { $0.age < $1.age }
      guard let size = oldest?.size, let block = free[size]?.removeFirst() else { return nil }
      keptByteCount -= size
      return (block.address, size)
    }

    mutating func keep(_ address: UInt, _ size: Int) {
      free[size, default: []].append(Block(address: address, age: keptCount))
      keptCount += 1
      keptByteCount += size
    }
  }

  private let state = Mutex(State())
  /// Bytes that are kept at most.
  private let capacity: Int

  private static let hugePage = 2 << 20

  init(capacity: Int) { self.capacity = capacity }

  deinit { removeAll() }

  /// How many blocks the system was asked for so far. A steady computation asks for none.
  public var systemBlockCount: Int { state.withLock { $0.systemBlockCount } }

  /// Bytes that are kept for later.
  public var keptByteCount: Int { state.withLock { $0.keptByteCount } }

  /// The bytes of the block that a request gets: eight sizes to each power of two, so that an eighth is lost at most.
  static func blockByteCount(for byteCount: Int) -> Int {
    let least = max(byteCount, 64)
    let step = max(64, 1 << (Int.bitWidth - 1 - least.leadingZeroBitCount - 3))
    return (least + step - 1) / step * step
  }

  /// A block of unspecified content, aligned to cache lines.
  ///
  /// - Throws: ``MartletError`` when the system has no such block.
  func take(byteCount: Int) throws -> UnsafeMutableRawPointer {
    // More than any machine has, and too much to be rounded.
    guard byteCount < 1 << 48 else { throw Self.noMemory(byteCount) }
    let size = Self.blockByteCount(for: byteCount)
    let kept = state.withLock { state in
      let kept = state.takeNewest(size)
      if kept == nil { state.systemBlockCount += 1 }
      return kept
    }
    if let kept, let pointer = UnsafeMutableRawPointer(bitPattern: kept) { return pointer }
    if let fresh = Self.allocate(size) { return fresh }
    // What is kept for others may be what is missing here.
    removeAll()
    guard let fresh = Self.allocate(size) else { throw Self.noMemory(byteCount) }
    return fresh
  }

  func giveBack(_ block: UnsafeMutableRawPointer, byteCount: Int) {
    let size = Self.blockByteCount(for: byteCount)
    guard size <= capacity else {
      Self.free(UInt(bitPattern: block), size)
      return
    }
    let surplus = state.withLock { state in
      state.keep(UInt(bitPattern: block), size)
      var surplus: [(address: UInt, size: Int)] = []
      while state.keptByteCount > capacity, let oldest = state.takeOldest() { surplus.append(oldest) }
      return surplus
    }
    for block in surplus { Self.free(block.address, block.size) }
  }

  /// Gives what is kept back to the system.
  public func removeAll() {
    let blocks = state.withLock { state in
      defer {
        state.free = [:]
        state.keptByteCount = 0
      }
      return state.free
    }
    for (size, blocks) in blocks {
      for block in blocks { Self.free(block.address, size) }
    }
  }

  private static func isLarge(_ size: Int) -> Bool { size >= 2 * hugePage }

  private static func allocate(_ size: Int) -> UnsafeMutableRawPointer? {
    if isLarge(size) { return map(size) }
    var pointer: UnsafeMutableRawPointer?
    return posix_memalign(&pointer, 64, size) == 0 ? pointer : nil
  }

  private static func free(_ address: UInt, _ size: Int) {
    guard let pointer = UnsafeMutableRawPointer(bitPattern: address) else { return }
    if isLarge(size) { munmap(pointer, size) } else { systemFree(pointer) }
  }

  /// Pages of its own for a large block, whose size is a whole number of them.
  private static func map(_ size: Int) -> UnsafeMutableRawPointer? {
    // Where a huge page begins is known only once there is room for one more.
    guard
      let room = mmap(nil, size + hugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      room != MAP_FAILED
    else { return nil }
    let before = -Int(bitPattern: room) & (hugePage - 1)
    if before > 0 { munmap(room, before) }
    munmap(room + before + size, hugePage - before)
    let pointer = room + before
    #if os(Linux)
      // A hint: where it is refused the pages are small, nothing else changes.
      _ = madvise(pointer, size / hugePage * hugePage, MADV_HUGEPAGE)
    #endif
    return pointer
  }

  /// See ``Storage/populatePages(while:)``.
  static func populatePages(of block: UnsafeMutableRawPointer, byteCount: Int, while goesOn: () -> Bool) {
    let size = blockByteCount(for: byteCount)
    guard isLarge(size) else { return }
    for start in stride(from: 0, to: size, by: hugePage) {
      guard goesOn() else { return }
      MartletKernels.populatePages(of: block + start, byteCount: min(hugePage, size - start))
    }
  }

  private static func noMemory(_ byteCount: Int) -> MartletError {
    MartletError("memory", "expected \(byteCount) bytes, the system has no such block")
  }
}

/// The C library's; a pool's own has the same name.
private func systemFree(_ pointer: UnsafeMutableRawPointer) { free(pointer) }
