/// Counter-based random numbers: Philox 4×32 with ten rounds (Salmon et al., "Parallel Random Numbers: As Easy
/// as 1, 2, 3", SC 2011).
///
/// A block of four numbers is a function of a key and a counter alone, so any element's number can be computed
/// by any thread, at any time, without the ones before it.
public struct Philox: Sendable {
  /// Four 32-bit numbers for one counter value.
  public typealias Block = SIMD4<UInt32>

  /// What tells a sequence of blocks from all others.
  public let key: UInt64

  public init(key: UInt64) { self.key = key }

  /// The block at a counter of 128 bits, given as two halves.
  @inlinable
  public func block(_ low: UInt64, _ high: UInt64) -> Block {
    var c0 = UInt32(truncatingIfNeeded: low)
    var c1 = UInt32(truncatingIfNeeded: low >> 32)
    var c2 = UInt32(truncatingIfNeeded: high)
    var c3 = UInt32(truncatingIfNeeded: high >> 32)
    var k0 = UInt32(truncatingIfNeeded: key)
    var k1 = UInt32(truncatingIfNeeded: key >> 32)
    for _ in 0..<10 {
      let p0 = UInt64(0xD251_1F53) * UInt64(c0)
      let p1 = UInt64(0xCD9E_8D57) * UInt64(c2)
      let next0 = UInt32(truncatingIfNeeded: p1 >> 32) ^ c1 ^ k0
      let next2 = UInt32(truncatingIfNeeded: p0 >> 32) ^ c3 ^ k1
      c1 = UInt32(truncatingIfNeeded: p1)
      c3 = UInt32(truncatingIfNeeded: p0)
      c0 = next0
      c2 = next2
      k0 &+= 0x9E37_79B9
      k1 &+= 0xBB67_AE85
    }
    return Block(c0, c1, c2, c3)
  }

  /// A number in [0, 1) with 24 random bits.
  @inlinable
  public static func uniform(_ bits: UInt32) -> Float { Float(bits >> 8) * 0x1p-24 }
}

/// A sequence of random numbers read from one Philox stream, for code that draws a few numbers in order:
/// augmentation of one sample, one cell of a synthetic image.
///
/// It is a value: two copies continue identically.
public struct PhiloxGenerator: RandomNumberGenerator, Sendable {
  @usableFromInline let philox: Philox
  @usableFromInline let stream: UInt64
  @usableFromInline var counter: UInt64 = 0
  @usableFromInline var block = Philox.Block()
  @usableFromInline var used = 4

  /// - Parameters:
  ///   - seed: What the whole program is seeded with.
  ///   - stream: What tells this sequence from the others of the same seed, such as a sample's index.
  public init(seed: UInt64, stream: UInt64) {
    philox = Philox(key: seed)
    self.stream = stream
  }

  /// The next 32 random bits. ``next()`` is two such numbers, the first in its lower half.
  @inlinable
  public mutating func nextUInt32() -> UInt32 {
    if used == 4 {
      block = philox.block(counter, stream)
      counter &+= 1
      used = 0
    }
    defer { used += 1 }
    return block[used]
  }

  @inlinable
  public mutating func next() -> UInt64 {
    let low = UInt64(nextUInt32())
    return low | UInt64(nextUInt32()) << 32
  }

  /// A number in [0, 1).
  @inlinable
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A number in [range.lowerBound, range.upperBound).
  @inlinable
  public mutating func uniform(in range: ClosedRange<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
  }
}
