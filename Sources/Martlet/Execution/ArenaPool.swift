import MartletKernels
import Synchronization

/// Memory that plans run in, kept between runs and shared by all plans of the process.
///
/// A training step and the validation after it take turns in the same block. Fresh memory costs its page faults, so
/// a block is kept until a larger one replaces it.
public final class ArenaPool: Sendable {
  /// The pool that every ``Plan`` takes its arenas from.
  public static let shared = ArenaPool()

  private let free = Mutex<[Storage]>([])

  /// A block of at least so many bytes: the smallest that is free, or a new one.
  func take(byteCount: Int) throws -> Storage {
    let (fitting, tooSmall): (Storage?, Storage?) = free.withLock { blocks in
      let fits = blocks.indices.filter { blocks[$0].byteCount >= byteCount }
      if let best = fits.min(by: { blocks[$0].byteCount < blocks[$1].byteCount }) {
        return (blocks.remove(at: best), nil)
      }
      // The new block stands in for one that is too small; holding both would be waste.
      return (nil, blocks.popLast())
    }
    if let fitting { return fitting }
    _ = consume tooSmall
    return try Storage(byteCount: byteCount)
  }

  /// Has a block of so many bytes ready for who takes it next. The pages of a new one are cleared in the background
  /// until then, so that a run that follows other work does not wait for that; the run's own threads clear the rest.
  package func prepare(byteCount: Int) throws {
    guard free.withLock({ $0.allSatisfy { $0.byteCount < byteCount } }) else { return }
    let block = try take(byteCount: byteCount)
    giveBack(block)
    BackgroundLine.shared.add {
      block.populatePages { self.free.withLock { blocks in blocks.contains { $0 === block } } }
    }
  }

  func giveBack(_ storage: Storage) { free.withLock { $0.append(storage) } }

  /// Lets go of all blocks that are not in use.
  public func removeAll() { free.withLock { $0 = [] } }
}
