import Testing

@testable import Martlet

@Suite("The pool of memory") struct MemoryPoolTests {
  /// Two below the size from which blocks have pages of their own, and two from there on.
  @Test("gives blocks that can be written to their ends", arguments: [0, 1 << 20, 4 << 20, (9 << 20) + 1])
  func blocks(byteCount: Int) throws {
    let pool = MemoryPool(capacity: 64 << 20)
    let block = try pool.take(byteCount: byteCount)
    #expect(Int(bitPattern: block) % (byteCount >= 4 << 20 ? 2 << 20 : 64) == 0)
    block.initializeMemory(as: UInt8.self, repeating: 7, count: byteCount)
    #expect(UnsafeRawBufferPointer(start: block, count: byteCount).allSatisfy { $0 == 7 })
    pool.giveBack(block, byteCount: byteCount)
    #expect(pool.keptByteCount == MemoryPool.blockByteCount(for: byteCount))
    // The same again, without asking the system.
    #expect(try pool.take(byteCount: byteCount) == block)
    #expect(pool.systemBlockCount == 1)
    pool.giveBack(block, byteCount: byteCount)
    pool.removeAll()
    #expect(pool.keptByteCount == 0)
  }

  @Test("keeps no more than it may, and lets go first of what it has kept longest")
  func capacity() throws {
    let pool = MemoryPool(capacity: 20 << 20)
    let sizes = [8 << 20, 4 << 20, 10 << 20]
    let blocks = try sizes.map { try pool.take(byteCount: $0) }
    for (block, size) in zip(blocks, sizes) { pool.giveBack(block, byteCount: size) }
    #expect(pool.keptByteCount == 14 << 20)
    #expect(try pool.take(byteCount: sizes[2]) == blocks[2])
    #expect(try pool.take(byteCount: sizes[1]) == blocks[1])
    #expect(pool.systemBlockCount == 3)
    for index in [1, 2] { pool.giveBack(blocks[index], byteCount: sizes[index]) }
  }

  @Test("changes no byte when it clears pages", arguments: [100, 5 << 20])
  func clearing(byteCount: Int) throws {
    let storage = try Storage(byteCount: byteCount)
    let values = storage.address.bindMemory(to: UInt8.self, capacity: byteCount)
    for i in stride(from: 0, to: byteCount, by: 97) { values[i] = UInt8(i % 251) }
    storage.populatePages()
    #expect(stride(from: 0, to: byteCount, by: 97).allSatisfy { values[$0] == UInt8($0 % 251) })
  }

  @Test("clears no more pages once they are not wanted")
  func clearingEnds() throws {
    let storage = try Storage(byteCount: 8 << 20)
    var asked = 0
    storage.populatePages {
      asked += 1
      return asked < 3
    }
    #expect(asked == 3)
  }
}
