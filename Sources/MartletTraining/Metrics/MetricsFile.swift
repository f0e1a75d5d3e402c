import Foundation
import Martlet
import MartletData
import MartletFiles

/// A run's figures as CSV: a heading, then one row an epoch.
///
/// Rows are only ever added at the end, each with one write and flushed to the disk, so that a process that is killed
/// can at worst leave half a row after whole ones; it is removed when the run is resumed.
public final class MetricsFile {
  /// The figures of one epoch.
  public struct Row: Hashable, Sendable {
    /// From 0 in the file of a run.
    public var epoch: Int
    /// One for each column; `nan` where there is none.
    public var values: [Double]

    public init(epoch: Int, values: [Double]) {
      self.epoch = epoch
      self.values = values
    }
  }

  /// Names of the columns after `epoch`.
  public let columns: [String]
  /// The rows in the file.
  public private(set) var rows: [Row] = []
  private let url: URL
  private let handle: FileHandle

  /// Starts a file, or continues one.
  ///
  /// - Parameters:
  ///   - url: The file. Its folder must exist.
  ///   - columns: Names of the columns after `epoch`.
  ///   - epoch: Where a resumed run goes on: rows of this and later epochs, and what is no whole row, are removed from
  ///     a file that is there. `nil` starts afresh.
  /// - Throws: ``MartletError`` if the file has other columns, or cannot be read or written.
  public init(_ url: URL, columns: [String], continuingAt epoch: Int? = nil) throws {
    self.url = url
    self.columns = columns
    let heading = Self.heading(columns)
    if let epoch, FileManager.default.fileExists(atPath: url.path) {
      rows = try Self.rows(of: url, columns: columns).filter { $0.epoch < epoch }
    }
    try AtomicFile.write(([heading] + rows.map(Self.line)).map { $0 + "\n" }.joined(), to: url.relativePath)
    do {
      handle = try FileHandle(forWritingTo: url)
      try handle.seekToEnd()
    } catch {
      throw MartletError("metrics", "\(url.relativePath): \(systemReason(error))")
    }
  }

  deinit { try? handle.close() }

  /// Adds a row.
  ///
  /// - Throws: ``MartletError`` if there is not one value for each column, or if the file cannot be written.
  public func append(_ row: Row) throws {
    try require(
      row.values.count == columns.count, "metrics",
      "expected \(columns.count) values, got \(row.values.count)")
    do {
      try handle.write(contentsOf: Data((Self.line(row) + "\n").utf8))
      try handle.synchronize()
    } catch {
      throw MartletError("metrics", "\(url.relativePath): \(systemReason(error))")
    }
    rows.append(row)
  }

  /// Numbers are written with as many digits as bring back the same value.
  private static func line(_ row: Row) -> String {
    ([String(row.epoch)] + row.values.map { String($0) }).joined(separator: ",")
  }

  private static func heading(_ columns: [String]) -> String {
    (["epoch"] + columns).map(CSVText.field).joined(separator: ",")
  }

  /// The whole rows from a file's beginning on.
  ///
  /// - Throws: ``MartletError`` if it has other columns, or cannot be read.
  static func rows(of url: URL, columns: [String]) throws -> [Row] {
    let heading = heading(columns)
    // A process that was killed can have left half a character.
    let text = String(
      decoding: try ReadableFile.read(url.relativePath, operation: "metrics").bytes, as: UTF8.self)
    guard !text.isEmpty else { return [] }
    guard text.hasPrefix(heading + "\n") else {
      throw MartletError(
        "metrics",
        "\(url.relativePath): expected the columns \(heading), got \(text.prefix { !$0.isNewline })")
    }
    var rows: [Row] = []
    // What follows the last line break is no whole row.
    for line in text.dropFirst(heading.count + 1).split(separator: "\n", omittingEmptySubsequences: false)
      .dropLast()
    {
      let fields = line.split(separator: ",", omittingEmptySubsequences: false)
      let values = fields.dropFirst().compactMap { Double($0) }
      guard let first = fields.first, let epoch = Int(first), values.count == columns.count,
        fields.count == columns.count + 1
      else { break }
      rows.append(Row(epoch: epoch, values: values))
    }
    return rows
  }
}
