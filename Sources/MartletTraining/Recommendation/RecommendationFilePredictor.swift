import Foundation
import Martlet
import MartletData
import MartletFiles

/// Reads histories and writes what may come next: what `martlet predict` does with a recommender.
public final class RecommendationFilePredictor {
  private let request: RecommendationRequest
  private let predictor: RecommendationPredictor
  /// Users' histories; `nil` when histories come from a file.
  private let dataset: SequenceDataset?
  private let report: (String) -> Void

  /// Histories that wait until a batch is full.
  private var subjects: [RecommendationSubject] = []
  private var histories: [ArraySlice<Int32>] = []
  private var failures = 0

  /// - Parameters:
  ///   - model: A run folder, or a weights file when histories come from a file.
  ///   - report: Called with a line of text for what cannot be done as it was asked, the rest notwithstanding.
  /// - Throws: ``MartletError``, before anything is written, when the model or the interactions cannot be read.
  public init(
    _ model: URL, _ request: RecommendationRequest, numerics: Numerics = .current,
    report: @escaping (String) -> Void
  ) throws {
    let weights = try ModelFile(runOrWeights: model).url.path
    let configuration = try weights == model.path ? nil : RecommendationConfiguration(ofRun: model, "predict")
    try request.check(run: model)
    let (network, description) = try RecommendationModelDescription.load(runOrWeights: model)
    self.request = request
    self.report = report
    predictor = try RecommendationPredictor(network: network, description: description, numerics: numerics)
    guard request.kind == .user else {
      dataset = nil
      return
    }
    guard let configuration else {
      throw MartletError(
        "predict", "expected a run folder, for its interactions, or --sequences, got \(model.relativePath)")
    }
    let (dataset, leftOut) = try predictor.vocabulary.dataset(configuration.wholeLog(request.interactions))
    if leftOut > 0 {
      report("\(counted(leftOut, "interaction")) with items that the network does not know left out")
    }
    self.dataset = dataset
  }

  /// Writes what was asked for.
  ///
  /// - Parameter write: Called with lines, each with its line break, when no file was asked for.
  /// - Returns: How many histories there were nothing to say about; each has been reported.
  /// - Throws: ``MartletError`` when something cannot be read or written; a file is then not written at all.
  public func predict(_ write: (String) throws -> Void) throws -> Int {
    guard let output = request.output else {
      try predictAll(write)
      return failures
    }
    try AtomicFile.write(to: output, operation: "predict") { contents in
      try predictAll { text in
        var text = text
        try text.withUTF8 { try contents.append(UnsafeRawBufferPointer($0)) }
      }
    }
    return failures
  }

  private func predictAll(_ write: (String) throws -> Void) throws {
    failures = 0
    // What an earlier call that failed left.
    (subjects, histories) = ([], [])
    // What cannot be read is known before anything is written.
    let lines: LineReader? =
      switch request.source {
      case .users(let path), .sequences(let path): try LineReader(path)
      case .everyUser: nil
      }
    let heading = request.format.heading(for: request.kind)
    if !heading.isEmpty { try write(heading) }
    switch (request.source, dataset, lines) {
    case (.everyUser, let dataset?, _):
      for user in 0..<dataset.userCount { try add(user, of: dataset, line: nil, write) }
    case (.users, let dataset?, let lines?):
      let numbers = UserNumbers(dataset)
      while let (number, name) = try lines.next() {
        if name.isEmpty { continue }
        if let user = numbers[name] {
          try add(user, of: dataset, line: number, write)
        } else {
          fail("line \(number): expected a user of the interactions, got \(quoted(name.utf8))")
        }
      }
    case (.sequences, _, let lines?):
      while let (number, text) = try lines.next() { try add(text, line: number, write) }
    case (_, nil, _), (_, _, nil):
      preconditionFailure("histories are read when the predictor is made, and lines opened above")
    }
    try flush(write)
  }

  private func add(
    _ user: Int, of dataset: SequenceDataset, line: Int?, _ write: (String) throws -> Void
  ) throws {
    let history = dataset.sequence(of: user)
    let name = dataset.userNames[user]
    if history.isEmpty {
      let place = line.map { "line \($0): " } ?? ""
      return fail("\(place)user \(quoted(name.utf8)) has no item that the network knows")
    }
    try add(history, for: .user(name), write)
  }

  /// Adds the history in a line of text.
  private func add(_ text: String, line: Int, _ write: (String) throws -> Void) throws {
    var history: [Int32] = []
    var unknown: [String] = []
    for name in text.unicodeScalars.split(whereSeparator: { " \t,".unicodeScalars.contains($0) }) {
      let name = String(name)
      if let number = predictor.vocabulary.number(of: name) {
        history.append(number)
      } else {
        unknown.append(name)
      }
    }
    let rest = unknown.count > 5 ? " and \(unknown.count - 5) more" : ""
    let list = unknown.prefix(5).map { quoted($0.utf8) }.joined(separator: ", ") + rest
    if history.isEmpty {
      return fail(
        "line \(line): expected an item that the network knows, got \(unknown.isEmpty ? "nothing" : list)")
    }
    if !unknown.isEmpty {
      report("[predict] line \(line): left out what the network does not know: \(list)")
    }
    try add(history[...], for: .line(line), write)
  }

  private func add(
    _ history: ArraySlice<Int32>, for subject: RecommendationSubject, _ write: (String) throws -> Void
  ) throws {
    subjects.append(subject)
    histories.append(history)
    if subjects.count == request.batchSize { try flush(write) }
  }

  private func flush(_ write: (String) throws -> Void) throws {
    if subjects.isEmpty { return }
    let results = try predictor.recommendations(
      after: histories, count: request.count, excludesSeen: request.excludesSeen)
    try write(zip(results, subjects).map { try request.format.lines($0, for: $1) }.joined())
    subjects = []
    histories = []
  }

  private func fail(_ text: String) {
    failures += 1
    report("[predict] \(text)")
  }
}

/// Users' numbers by name.
private struct UserNumbers {
  private var table = TokenTable()

  init(_ dataset: SequenceDataset) {
    for name in dataset.userNames { _ = table.insert(name) }
  }

  subscript(name: String) -> Int? { table.index(of: name) }
}
