import Foundation
import Martlet

/// Where a run keeps its files.
public struct RunFolder: Hashable, Sendable {
  public let url: URL

  public init(_ url: URL) { self.url = url }

  /// Everything that decides the run, complete.
  public var configuration: URL { url.appendingPathComponent("config.yaml") }
  /// The figures of each epoch.
  public var metrics: URL { url.appendingPathComponent("metrics.csv") }
  /// The folder that TensorBoard is pointed at.
  public var events: URL { url.appendingPathComponent("events") }
  /// The best epoch's weights, for use.
  public var model: URL { url.appendingPathComponent("model.safetensors") }
  public var checkpoints: URL { url.appendingPathComponent("checkpoints") }
  /// The last state, to resume from.
  public var lastCheckpoint: URL { checkpoints.appendingPathComponent("last.safetensors") }
  /// The state at the best epoch.
  public var bestCheckpoint: URL { checkpoints.appendingPathComponent("best.safetensors") }
  /// The page to look at.
  public var report: URL { url.appendingPathComponent("report.html") }

  /// Makes the folders that are missing, and removes what a process that was killed while writing left in them.
  ///
  /// - Throws: ``MartletError`` that names the folder.
  public func prepare() throws {
    for folder in [url, checkpoints, events] {
      do {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
        where name.hasPrefix(".") && name.hasSuffix(".partial") {
          try FileManager.default.removeItem(at: folder.appendingPathComponent(name))
        }
      } catch {
        throw MartletError("run", "\(folder.relativePath): \(error.localizedDescription)")
      }
    }
  }
}
