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
  /// The last state, to resume from.
  public var checkpoint: URL { checkpoints.appendingPathComponent("last.safetensors") }
  /// The page to look at.
  public var report: URL { url.appendingPathComponent("report.html") }

  private var checkpoints: URL { url.appendingPathComponent("checkpoints") }

  /// Checks that a new run would overwrite nothing.
  ///
  /// - Throws: ``MartletError`` if there is something at the folder's place other than an empty folder.
  public func checkIsNew() throws {
    let path = url.relativePath
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return }
    try require(isFolder.boolValue, "output", "expected a new or empty folder, got the file \(path)")
    let names = try reporting { try FileManager.default.contentsOfDirectory(atPath: path) }.sorted()
    guard let first = names.first else { return }
    let advice =
      FileManager.default.fileExists(atPath: checkpoint.path)
      ? "; to go on with the run that is there, use `martlet train --resume \(path)`" : ""
    throw MartletError("output", "expected a new or empty folder, got \(path), which holds \(first)\(advice)")
  }

  /// Makes the folders that are missing, and removes what a process that was killed while writing left in them.
  ///
  /// - Throws: ``MartletError`` that names the folder.
  public func create() throws {
    for folder in [url, checkpoints, events] {
      try reporting {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path)
        where name.hasPrefix(".") && name.hasSuffix(".partial") {
          try FileManager.default.removeItem(at: folder.appendingPathComponent(name))
        }
      }
    }
  }

  private func reporting<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch {
      throw MartletError("output", "\(url.relativePath): \(systemReason(error))")
    }
  }
}
