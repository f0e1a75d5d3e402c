import ArgumentParser
import Martlet
import MartletKernels

/// The program. Each subcommand reads its arguments and calls the library; nothing is decided here.
@main
struct MartletCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "martlet",
    abstract: "Train networks on images or on what users did, and use them.",
    discussion: """
      Environment: MARTLET_THREADS sets the number of threads, MARTLET_ISA the instruction set \
      (portable, avx2, avx512, neon). Results do not depend on the number of threads.

      Exit codes: 0 done, 2 something was wrong with the input, 130 stopped by Ctrl-C, SIGTERM or SIGHUP: training \
      saves before, and no file is left half-written.
      """,
    version: martletVersion,
    subcommands: commands.map(\.type))

  private static let commands: [(name: String, type: any ParsableCommand.Type)] = [
    ("train", TrainCommand.self), ("evaluate", EvaluateCommand.self), ("predict", PredictCommand.self),
    ("run", RunCommand.self), ("import", ImportCommand.self), ("export", ExportCommand.self),
    ("calibrate", CalibrateCommand.self), ("summary", SummaryCommand.self), ("preview", PreviewCommand.self),
    ("datasets", DatasetsCommand.self), ("synthesize", SynthesizeCommand.self),
  ]

  /// Names a command that does not exist, and the nearest that does.
  private static func checkCommand(_ name: String?) throws {
    let names = commands.map(\.name) + ["help"]
    guard let name, !name.hasPrefix("-"), !names.contains(name) else { return }
    let hint = nearestName(to: name, in: names).map { "did you mean \($0)?" } ?? "see `martlet --help`"
    throw MartletError("command", "there is no \(name); \(hint)")
  }

  /// The command that the arguments ask for.
  private static func parse() throws -> any ParsableCommand {
    let arguments = Array(CommandLine.arguments.dropFirst())
    // Of one that is complete nothing is needed but itself: the others, with their help, take milliseconds to make.
    // Requests for help and whatever is not complete get their texts from the whole program.
    if let named = commands.first(where: { $0.name == arguments.first }),
      let command = try? named.type.parseAsRoot(Array(arguments.dropFirst())),
      ([named.type] + named.type.configuration.subcommands).contains(where: { $0 == type(of: command) })
    {
      return command
    }
    return try parseAsRoot(arguments)
  }

  static func main() {
    do {
      if let problem = InstructionSet.environmentProblem ?? ThreadPool.environmentProblem {
        throw MartletError("environment", problem)
      }
      try checkCommand(CommandLine.arguments.dropFirst().first)
      var command = try parse()
      try command.run()
    } catch let error as MartletError {
      printError("martlet: \(error)")
      terminate(.badInput)
    } catch let status as ExitStatus {
      terminate(status)
    } catch {
      // Usage errors, help and version come with their own texts and codes.
      let code = exitCode(for: error)
      if code == .success { exit(withError: error) }
      printError(fullMessage(for: error))
      terminate(.badInput)
    }
  }
}
