import Foundation
import MartletFiles
import MartletTraining

/// Runs a command that writes files and saves nothing on its way: Ctrl-C, SIGTERM and SIGHUP end the program at once, but
/// leave no file half-written under its temporary name.
func removingDrafts(_ body: () throws -> Void) rethrows {
  let stop = StopSignal { AtomicFile.removeDrafts { _exit(ExitStatus.interrupted.rawValue) } }
  stop.listen()
  defer { stop.ignore() }
  try body()
}
