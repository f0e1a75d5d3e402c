import Foundation
import Martlet

/// What `martlet predict` is asked of a recommender.
public struct RecommendationRequest: Sendable {
  /// The histories that are gone on from.
  public enum Source: Hashable, Sendable {
    /// Those of all users of the run's interactions.
    case everyUser
    /// Those of the users that a file names, one a line.
    case users(String)
    /// Those in a file, one a line: items with blanks, tabs or commas between.
    case sequences(String)
  }

  /// Histories of users need a run folder, for its interactions; ``Source/sequences(_:)`` can do with a weights file.
  public var source = Source.everyUser
  /// Items for each history.
  public var count = 10
  /// Whether to leave out the items of the history.
  public var excludesSeen = false
  public var format = RecommendationFormat.csv
  /// A log to take users' histories from instead of the run's own.
  public var interactions: String?
  /// The file to write; `nil` for standard output.
  public var output: String?
  /// Whether a file that is there is replaced.
  public var overwrites = false
  /// Histories that are looked at together.
  public var batchSize = 256

  /// Ten items for every user, on standard output.
  public init() {}

  var kind: RecommendationSubject.Kind {
    if case .sequences = source { .line } else { .user }
  }

  /// - Parameter run: The run folder, or the weights file.
  /// - Throws: ``MartletError`` naming what cannot be meant, or a file of the run, or one that is read, that would be
  ///   replaced.
  func check(run: URL) throws {
    try require(count >= 1, "predict", "expected 1 or more items with --top, got \(count)")
    try require(batchSize >= 1, "predict", "expected a batch size of 1 or more, got \(batchSize)")
    try require(
      kind == .user || interactions == nil, "predict",
      "expected no --interactions with --sequences, which are histories of their own")
    guard let output else { return }
    try require(!output.isEmpty, "predict", "output: expected a file, got an empty name")
    var check = OutputCheck("predict", overwriting: overwrites)
    check.protect(model: run)
    if let interactions { check.protect(interactions) }
    switch source {
    case .everyUser: break
    case .users(let file), .sequences(let file): check.protect(file)
    }
    try check.check([(output, run.relativePath)])
  }
}
