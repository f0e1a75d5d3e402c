import Foundation

/// What the program tells the shell.
enum ExitStatus: Int32, Error {
  /// Something was wrong with the arguments or with a file.
  case badInput = 2
  /// Stopped by a signal, after saving. 128 + SIGINT, as shells have it.
  case interrupted = 130
}

func terminate(_ status: ExitStatus) -> Never { exit(status.rawValue) }

func printError(_ text: String) {
  FileHandle.standardError.write(Data((text + "\n").utf8))
}
