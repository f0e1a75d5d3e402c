import Martlet
import MartletKernels

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A packed file that is mapped and checked in the background, while whoever wants it prepares the rest.
package final class PackedOpening: Sendable {
  private let path: String
  private let mapped: BackgroundWork<Result<PackedModel, any Error>>
  private let damage: BackgroundWork<MartletError?>

  /// Bytes of memory that are made ready because a file says that they will be used: as many as a start has time for,
  /// since images can be smaller than the one that the file was made for.
  static let largestHeadStart = 128 << 20

  /// How many bytes are made ready, if any.
  static func headStart(_ byteCount: Int) -> Int? {
    (1...largestHeadStart).contains(byteCount) ? byteCount : nil
  }

  /// Begins to map the file, then to read its constants, and last to have the memory made that its plan runs in.
  package init(_ url: URL) {
    path = url.relativePath
    let set = InstructionSet.current
    let mapped = BackgroundWork(in: .shared) {
      Result { try InstructionSet.with(set) { try PackedModel(mapping: url) } }
    }
    self.mapped = mapped
    damage = BackgroundWork(in: .shared) {
      guard let model = try? mapped.result().get() else { return nil }
      // The other threads are for what goes on meanwhile.
      let damage = ThreadPool.withThreadCount(1) { model.damage }
      if damage == nil, let memory = Self.headStart(model.constants.arenaByteCount) {
        // Where there is none, the run that needs it will say so.
        try? ArenaPool.shared.prepare(byteCount: memory)
      }
      return damage
    }
  }

  /// What the file holds, whose constants are not to be used before ``check()``.
  ///
  /// - Parameter source: Which weights the file has to be made of.
  /// - Throws: ``MartletError`` that names the file and what is wrong with it, the constants apart.
  package func model(madeOf source: String) throws -> PackedModel {
    let model = try mapped.result().get()
    try require(model.source == source, "packed", "\(path): made of other weights than the run's")
    return model
  }

  /// Waits until all constants were compared with their checksums.
  ///
  /// - Throws: ``MartletError`` that names the file where one is damaged.
  package func check() throws {
    if let damage = damage.result() { throw damage }
  }
}
