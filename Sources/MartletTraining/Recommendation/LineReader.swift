import Foundation
import Martlet

/// Reads a file or standard input line by line.
final class LineReader {
  private let name: String
  private let handle: FileHandle
  private var buffer = Data()
  private var isAtEnd = false
  private var number = 0
  private static let longestLine = 1 << 24

  /// - Parameter path: `-` for standard input.
  /// - Throws: ``MartletError`` naming a file that cannot be opened.
  init(_ path: String) throws {
    name = path == "-" ? "standard input" : path
    do {
      handle = path == "-" ? .standardInput : try FileHandle(forReadingFrom: URL(filePath: path))
    } catch {
      throw MartletError("predict", "\(name): cannot be read: \(systemReason(error))")
    }
  }

  /// The next line without its line break, and its number from 1; `nil` after the last.
  func next() throws -> (number: Int, text: String)? {
    var searched = buffer.startIndex
    while true {
      if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        let line = buffer[..<end]
        buffer = buffer[(end + 1)...]
        return take(line)
      }
      if isAtEnd { break }
      searched = buffer.endIndex
      do {
        guard let block = try handle.read(upToCount: 1 << 16), !block.isEmpty else {
          isAtEnd = true
          continue
        }
        try require(
          buffer.count <= Self.longestLine, "predict",
          "\(name): line \(number + 1): expected at most \(Self.longestLine) bytes, got more")
        // Indices of a slice go on where it was cut: what is left moves to the front when a line has been taken.
        if buffer.startIndex > 0 {
          let offset = searched - buffer.startIndex
          buffer = Data(buffer)
          searched = offset
        }
        buffer.append(block)
      } catch {
        throw MartletError("predict", "\(name): cannot be read: \(systemReason(error))")
      }
    }
    guard !buffer.isEmpty else { return nil }
    defer { buffer = Data() }
    return take(buffer)
  }

  private func take(_ line: Data) -> (number: Int, text: String) {
    number += 1
    let text = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    // A byte order mark is no part of a name.
    let isMarked = number == 1 && text.starts(with: [0xEF, 0xBB, 0xBF])
    return (number, String(decoding: isMarked ? text.dropFirst(3) : text, as: UTF8.self))
  }
}
