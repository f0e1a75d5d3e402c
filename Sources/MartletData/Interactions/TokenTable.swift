/// Numbers names, which are strings of bytes, in the order in which they come.
///
/// All names lie in one array, and a table of hashes leads to them, so that a name that is known costs no allocation
/// and a million names cost little more than their bytes. Names are equal when their bytes are; `String`'s equality
/// would also take different ways to write the same letter for one.
package struct TokenTable: Sendable {
  private var bytes: [UInt8] = []
  /// Where each name ends in `bytes`; it begins where the one before ends.
  private var ends: [Int] = []
  /// The upper half of a name's hash, and its number + 1; 0 where nothing is. The count is a power of two.
  private var slots = [UInt64](repeating: 0, count: 1 << 10)

  package init() {}

  /// The number of names.
  var count: Int { ends.count }

  /// As many names as 32 bits can number.
  static let limit = Int(UInt32.max) - 1

  /// The number of a name that was added.
  func index(of token: UnsafeBufferPointer<UInt8>) -> Int? {
    let hash = Self.hash(token)
    return self[find(token, hash)]
  }

  package func index(of name: String) -> Int? {
    var name = name
    return name.withUTF8 { index(of: $0) }
  }

  /// The number of a name, which is added when it is new. At most ``limit`` may be.
  mutating func insert(_ token: UnsafeBufferPointer<UInt8>) -> (index: Int, isNew: Bool) {
    let hash = Self.hash(token)
    let slot = find(token, hash)
    if let index = self[slot] { return (index, false) }
    bytes.append(contentsOf: token)
    ends.append(bytes.count)
    slots[slot] = Self.entry(hash, count)
    if count * 2 > slots.count { grow() }
    return (count - 1, true)
  }

  package mutating func insert(_ name: String) -> (index: Int, isNew: Bool) {
    var name = name
    return name.withUTF8 { insert($0) }
  }

  /// All names in order, those that are not UTF-8 repaired.
  var names: [String] {
    ends.indices.map { String(decoding: bytes[range(of: $0)], as: UTF8.self) }
  }

  private subscript(slot: Int) -> Int? {
    let entry = slots[slot]
    return entry == 0 ? nil : Int(truncatingIfNeeded: entry & 0xFFFF_FFFF) - 1
  }

  private func range(of index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }

  private static func entry(_ hash: UInt64, _ number: Int) -> UInt64 {
    hash & 0xFFFF_FFFF_0000_0000 | UInt64(number)
  }

  /// The slot that holds a name, or the free one where it belongs.
  private func find(_ token: UnsafeBufferPointer<UInt8>, _ hash: UInt64) -> Int {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash) & mask
    while let index = self[slot] {
      if (slots[slot] ^ hash) >> 32 == 0 && isEqual(index, token) { break }
      slot = (slot + 1) & mask
    }
    return slot
  }

  private func isEqual(_ index: Int, _ token: UnsafeBufferPointer<UInt8>) -> Bool {
    let range = range(of: index)
    guard range.count == token.count else { return false }
    return bytes.withUnsafeBufferPointer { bytes in
      for i in 0..<token.count where bytes[range.lowerBound + i] != token[i] { return false }
      return true
    }
  }

  private mutating func grow() {
    let mask = slots.count * 4 - 1
    slots = [UInt64](repeating: 0, count: mask + 1)
    bytes.withUnsafeBufferPointer { bytes in
      for index in ends.indices {
        let hash = Self.hash(UnsafeBufferPointer(rebasing: bytes[range(of: index)]))
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = Self.entry(hash, index + 1)
      }
    }
  }

  /// Takes eight bytes a turn into a product of 128 bits, whose halves are folded into one.
  private static func hash(_ token: UnsafeBufferPointer<UInt8>) -> UInt64 {
    func mixed(_ state: UInt64, _ word: UInt64) -> UInt64 {
      let product = (state ^ word).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
      return product.high ^ product.low
    }
    let raw = UnsafeRawBufferPointer(token)
    var state: UInt64 = 0x2545_F491_4F6C_DD1D ^ UInt64(token.count)
    var i = 0
    while i + 8 <= raw.count {
      state = mixed(state, raw.loadUnaligned(fromByteOffset: i, as: UInt64.self))
      i += 8
    }
    var rest: UInt64 = 0
    while i < raw.count {
      rest = rest << 8 | UInt64(raw[i])
      i += 1
    }
    return mixed(mixed(state, rest), 0x6A09_E667_F3BC_C909)
  }
}
