import Foundation
import Martlet
import MartletFiles

/// Where a run keeps its files.
public struct RunFolder: Hashable, Sendable {
  /// The folder itself, which may be missing.
  public let url: URL

  /// Reads and makes nothing: see ``checkIsNew()`` and ``create()``.
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

  /// What a training process holds a lock on.
  var lock: URL { url.appendingPathComponent(".lock") }

  private var checkpoints: URL { url.appendingPathComponent("checkpoints") }

  /// Checks that a new run would overwrite nothing.
  ///
  /// - Throws: ``MartletError`` if there is something at the folder's place other than an empty folder, or one that holds
  ///   no more than what ``create()`` makes: a process was killed before it wrote anything.
  public func checkIsNew() throws {
    let path = url.relativePath
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return }
    try require(isFolder.boolValue, "output", "expected a new or empty folder, got the file \(path)")
    let made = [checkpoints, events].map(\.lastPathComponent)
    let names = try reporting {
      try contents(of: url).filter { name in
        try !made.contains(name) || !contents(of: url.appendingPathComponent(name)).isEmpty
      }
    }
    guard let first = names.first else { return }
    let advice =
      FileManager.default.fileExists(atPath: configuration.path)
      ? "; to go on with the run that is there, use `martlet train --resume \(path)`" : ""
    throw MartletError("output", "expected a new or empty folder, got \(path), which holds \(first)\(advice)")
  }

  /// Makes the folders that are missing, and removes what a process that was killed while writing left in them.
  ///
  /// - Throws: ``MartletError`` that names the folder.
  public func create() throws {
    for folder in [url, checkpoints, events] {
      try reporting {
        try Folder.create(folder.path)
        for name in try Folder.names(in: folder.path) ?? [] where isLeftover(name) {
          try FileManager.default.removeItem(at: folder.appendingPathComponent(name))
        }
      }
    }
  }

  /// Makes the run folder and keeps other processes from training in it, for as long as the lock is held.
  ///
  /// - Throws: ``MartletError`` when another process is at it, or the folder cannot be made.
  func locked() throws -> RunLock {
    try reporting { try Folder.create(url.path) }
    return try RunLock(self)
  }

  /// What a folder holds, in order, besides the lock and leftovers.
  private func contents(of folder: URL) throws -> [String] {
    (try Folder.names(in: folder.path) ?? []).filter { $0 != lock.lastPathComponent && !isLeftover($0) }
  }

  /// Whether a file was being written by a process that was killed.
  private func isLeftover(_ name: String) -> Bool { name.hasPrefix(".") && name.hasSuffix(".partial") }

  private func reporting<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as MartletError {
      throw MartletError("output", error.message)
    } catch {
      throw MartletError("output", "\(url.relativePath): \(systemReason(error))")
    }
  }
}
