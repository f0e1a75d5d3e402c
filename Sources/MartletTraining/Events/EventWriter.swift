import Foundation
import Martlet
import MartletFiles
import SwiftProtobuf

/// Writes scalars and images that TensorBoard shows.
///
/// The format is that of TensorBoard's `record_writer.py` and `event.proto`. Records are gathered in memory until
/// ``flush()``; a process that is killed loses at most those, or leaves half a record at the file's end, which
/// readers skip and which is cut off when the file is continued.
public final class EventWriter {
  private let handle: FileHandle
  private let url: URL
  private let now: () -> Double
  private var pending: [UInt8] = []

  /// Starts a file of events, or continues the newest one in a folder.
  ///
  /// - Parameters:
  ///   - folder: The folder of the file; it is made if it is missing.
  ///   - step: Where a resumed run goes on: of a file that is there, everything from this step on is removed, so
  ///     that no step is shown twice. `nil` starts another file.
  /// - Throws: ``MartletError`` if the folder or the file cannot be written or read.
  public convenience init(folder: URL, continuingAt step: Int? = nil) throws {
    try self.init(folder: folder, continuingAt: step, now: { Date().timeIntervalSince1970 })
  }

  init(folder: URL, continuingAt step: Int?, now: @escaping () -> Double) throws {
    self.now = now
    do {
      try Folder.create(folder.path)
      let names = try Folder.names(in: folder.path) ?? []
      let newest = names.filter { $0.hasPrefix("events.out.tfevents.") }.max()
      if let step, let newest {
        url = folder.appendingPathComponent(newest)
        let kept = try Self.byteCount(of: url, beforeStep: step)
        handle = try FileHandle(forUpdating: url)
        try handle.truncate(atOffset: UInt64(kept))
        try handle.seekToEnd()
        if kept > 0 { return }
      } else {
        // A second file within a second gets the next one's name.
        var second = Int(now())
        while names.contains(Self.name(second)) { second += 1 }
        url = folder.appendingPathComponent(Self.name(second))
        try Data().write(to: url)
        handle = try FileHandle(forWritingTo: url)
      }
    } catch let error as MartletError {
      throw MartletError("events", error.message)
    } catch {
      throw MartletError("events", "\(folder.relativePath): \(systemReason(error))")
    }
    var event = TensorBoardEvent()
    event.wallTime = now()
    event.fileVersion = "brain.Event:2"
    try append(event)
    try flush()
  }

  deinit { try? handle.close() }

  /// Adds values of one step, such as `("loss/training", 0.3)`. Slashes in tags make groups.
  public func add(scalars: [(tag: String, value: Double)], step: Int) throws {
    try append(
      step: step,
      scalars.map { scalar in
        .with {
          $0.tag = scalar.tag
          $0.simpleValue = Float(scalar.value)
        }
      })
  }

  /// Adds an image of one step.
  ///
  /// - Parameter png: A whole PNG file.
  /// - Throws: ``MartletError`` if it is none.
  public func add(image tag: String, png: [UInt8], step: Int) throws {
    let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    let channelsByColorType: [UInt8: Int32] = [0: 1, 2: 3, 3: 3, 4: 2, 6: 4]
    guard png.count > 25, png.starts(with: signature), let channels = channelsByColorType[png[25]] else {
      throw MartletError("events", "expected a PNG file for image '\(tag)', got \(png.count) other bytes")
    }
    let sizes = [16, 20].map { start in png[start..<(start + 4)].reduce(Int32(0)) { $0 << 8 | Int32($1) } }
    let image = TensorBoardSummary.Image.with {
      $0.width = sizes[0]
      $0.height = sizes[1]
      $0.colorspace = channels
      $0.encodedImageString = Data(png)
    }
    try append(
      step: step,
      [
        .with {
          $0.tag = tag
          $0.image = image
        }
      ])
  }

  /// Writes what was added since the last time.
  ///
  /// - Throws: ``MartletError`` if it cannot, as on a full disk.
  public func flush() throws {
    do {
      try handle.write(contentsOf: pending)
    } catch {
      throw MartletError("events", "\(url.relativePath): \(systemReason(error))")
    }
    pending = []
  }

  private func append(step: Int, _ values: [TensorBoardSummary.Value]) throws {
    var event = TensorBoardEvent()
    event.wallTime = now()
    event.step = Int64(step)
    event.summary = .with { $0.value = values }
    try append(event)
  }

  private func append(_ event: TensorBoardEvent) throws {
    pending += EventRecord.framed(try event.serializedBytes())
  }

  private static func name(_ second: Int) -> String {
    let digits = String(second)
    return "events.out.tfevents.\(String(repeating: "0", count: max(10 - digits.count, 0)))\(digits).martlet"
  }

  /// The length of a file's beginning that is whole and of lower steps.
  private static func byteCount(of url: URL, beforeStep step: Int) throws -> Int {
    let bytes = try ReadableFile.read(url.path, operation: "events").bytes
    var offset = 0
    while let (record, next) = EventRecord.read(bytes, at: offset),
      let event = try? TensorBoardEvent(serializedBytes: record)
    {
      if case .summary = event.what, event.step >= step { break }
      offset = next
    }
    return offset
  }
}
