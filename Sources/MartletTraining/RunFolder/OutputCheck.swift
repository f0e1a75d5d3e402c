import Foundation
import Martlet
import MartletData
import MartletFiles

/// The check of all files that a command is going to write, before it writes the first.
///
/// What a command reads is never replaced, and nothing comes to lie among it: neither files, nor what lies directly in a
/// folder that data is read from, nor what a run keeps and what it was trained on. Any other file that is there is
/// replaced only where that is asked for.
struct OutputCheck {
  /// The name that errors carry in brackets.
  let operation: String
  let isOverwriting: Bool
  /// What is read, and what it was called, by place.
  private var files: [String: String] = [:]
  private var folders: [String: String] = [:]

  init(_ operation: String, overwriting: Bool) {
    self.operation = operation
    isOverwriting = overwriting
  }

  /// Adds a file, or a folder of files, that is read.
  mutating func protect(_ path: String) {
    if Folder.target(of: path) == .folder {
      folders[FilePlace.of(path)] = path
    } else {
      files[FilePlace.of(path)] = path
    }
  }

  /// Adds a run folder or a file of one, and what the run was trained on.
  mutating func protect(model: URL) {
    protect(model.path)
    let isFolder = Folder.target(of: model.path) == .folder
    let run = RunFolder(isFolder ? model : model.deletingLastPathComponent())
    // A configuration of that name alone can be anybody's.
    guard Folder.isFile(run.configuration.path),
      Folder.isFile(run.model.path) || Folder.isFile(run.checkpoint.path)
    else { return }
    for folder in [run.url, run.checkpoint.deletingLastPathComponent(), run.events] { protect(folder.path) }
    for path in run.inputPaths { protect(path) }
  }

  /// Checks the files that are to be written.
  ///
  /// - Parameters:
  ///   - outputs: Their paths, and what each is made of, for messages.
  ///   - makesFolders: Whether folders that are missing will be made.
  /// - Throws: ``MartletError`` naming the files that are in each other's way, or a folder that is missing.
  func check(_ outputs: [(path: String, source: String)], makingFolders makesFolders: Bool = false) throws {
    var sources: [String: String] = [:]
    var replaced: [String] = []
    for (path, source) in outputs {
      let place = FilePlace.of(path)
      if let input = files[place] ?? folders[place] {
        throw MartletError(
          operation,
          "expected another file for the results, got \(path), made of \(source), which would replace \(input)"
        )
      }
      if let folder = folders[FilePlace.parent(of: place)] {
        throw MartletError(
          operation,
          "expected another file for the results, got \(path), made of \(source), in the folder \(folder), which is read"
        )
      }
      if let other = sources.updateValue(source, forKey: place) {
        throw MartletError(operation, "\(other) and \(source) would both be written to \(path)")
      }
      let folder = FilePlace.parent(of: place)
      try require(
        makesFolders || Folder.target(of: folder) == .folder, operation,
        "expected a file in a folder that is there, got \(path): there is no folder \(folder)")
      if !isOverwriting, Folder.isFile(place) { replaced.append(path) }
    }
    guard let first = replaced.first else { return }
    let (others, are) =
      replaced.count == 1 ? ("", "is") : (" and \(counted(replaced.count - 1, "other file"))", "are")
    throw MartletError(
      operation, "\(first)\(others) \(are) there already; --overwrite replaces what is in the way")
  }
}

extension RunFolder {
  /// What a run reads, as its configuration says; nothing where that cannot be read, since weights can be used without.
  fileprivate var inputPaths: [String] {
    func paths<Configuration: RunConfiguration>(_: Configuration.Type) -> [String] {
      (try? ConfigurationFile.read(configuration, as: Configuration.self))?.inputPaths ?? []
    }
    return switch try? ConfigurationFile.kind(of: configuration) {
    case .segmentation: paths(SegmentationConfiguration.self)
    case .recommendation: paths(RecommendationConfiguration.self)
    case nil: []
    }
  }
}
