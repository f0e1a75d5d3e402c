import Foundation
import Martlet
import MartletTraining

/// What the program tells the shell.
enum ExitStatus: Int32, Error {
  /// Something was wrong with the arguments or with a file.
  case badInput = 2
  /// Stopped by a signal, after saving. 128 + SIGINT, as shells have it.
  case interrupted = 130
}

func terminate(_ status: ExitStatus) -> Never { exit(status.rawValue) }

/// Writes a line of what was asked for, or lines with their own ends, to standard output.
///
/// - Throws: ``MartletError`` when it does not get there, so that nobody takes half a result for a whole one.
func printResult(_ text: String, terminator: String = "\n") throws {
  do {
    try FileHandle.standardOutput.write(contentsOf: Data((text + terminator).utf8))
  } catch {
    throw MartletError("output", "standard output: cannot be written: \(systemReason(error))")
  }
}

/// Writes a line to standard error. When nobody can read it any more, there is nobody left to tell.
func printError(_ text: String) {
  try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8))
}
