/// The floating-point type of the elements behind a raw pointer.
public enum RealFormat: Sendable, Hashable {
  case float32, float64

  /// Of one element.
  @inlinable
  public var byteCount: Int { self == .float32 ? 4 : 8 }
}

/// Hands out consecutive parts of one block of scratch memory, each aligned to 64 bytes.
struct ScratchCursor {
  private var next: UnsafeMutableRawPointer

  init(_ base: UnsafeMutableRawPointer) { next = base }

  /// What ``take(_:)`` moves on by.
  static func padded(_ byteCount: Int) -> Int { (byteCount + 63) / 64 * 64 }

  mutating func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
    defer { next += Self.padded(byteCount) }
    return next
  }

  mutating func takeDoubles(_ count: Int) -> UnsafeMutablePointer<Double> {
    take(count * 8).bindMemory(to: Double.self, capacity: max(count, 1))
  }
}
