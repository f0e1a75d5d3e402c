import Foundation
import Testing

/// Expects the program to end with exit code 2 and a message that mentions a few words.
func expectRefusal(
  _ arguments: [String], mentioning words: [String], sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let result = try Program.run(arguments)
  #expect(result.status == 2, "\(result.output)\(result.errors)", sourceLocation: sourceLocation)
  for word in words {
    #expect(result.errors.contains(word), "\(result.errors)", sourceLocation: sourceLocation)
  }
}

/// The built program, run as a user runs it.
struct Program {
  struct Result {
    var status: Int32
    var output: String
    var errors: String
  }

  static let url: URL = {
    // Tests and program are built side by side.
    let test = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    let beside = test.appending(path: "martlet")
    if FileManager.default.isExecutableFile(atPath: beside.path) { return beside }
    return URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: ".build/release/martlet")
  }()

  /// Runs it to its end.
  ///
  /// - Parameters:
  ///   - input: What standard input holds.
  ///   - output: Where standard output goes instead of into the result.
  ///   - directory: The working directory.
  ///   - interruptWith: The signal to send.
  ///   - interruptWhen: Called with what was written so far; the signal is sent once it says so.
  static func run(
    _ arguments: [String], environment: [String: String] = [:], input: String = "",
    output: FileHandle? = nil, directory: URL? = nil,
    interruptWith signal: Int32 = SIGINT, interruptWhen shouldInterrupt: ((String) -> Bool)? = nil
  ) throws -> Result {
    let process = Process()
    process.executableURL = url
    process.arguments = arguments
    if let directory { process.currentDirectoryURL = directory }
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let folder = FileManager.default.temporaryDirectory
    let outputFile = folder.appending(path: "martlet-\(UUID()).out")
    let errorFile = folder.appending(path: "martlet-\(UUID()).err")
    let inputFile = folder.appending(path: "martlet-\(UUID()).in")
    for file in [outputFile, errorFile] { try Data().write(to: file) }
    try Data(input.utf8).write(to: inputFile)
    defer {
      for file in [outputFile, errorFile, inputFile] { try? FileManager.default.removeItem(at: file) }
    }
    process.standardOutput = try output ?? FileHandle(forWritingTo: outputFile)
    process.standardError = try FileHandle(forWritingTo: errorFile)
    process.standardInput = try FileHandle(forReadingFrom: inputFile)
    try process.run()
    if let shouldInterrupt {
      while process.isRunning {
        if shouldInterrupt(try String(contentsOf: errorFile, encoding: .utf8)) {
          kill(process.processIdentifier, signal)
          break
        }
        usleep(2000)
      }
    }
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus, output: try String(contentsOf: outputFile, encoding: .utf8),
      errors: try String(contentsOf: errorFile, encoding: .utf8))
  }
}

/// A folder that goes away with the test.
final class Scratch {
  let url = FileManager.default.temporaryDirectory.appending(path: "martlet-command-\(UUID())")
  init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(at: url) }
  func path(_ name: String) -> String { url.appending(path: name).path }

  /// Synthetic cells in `cells/`.
  func cells(_ count: Int = 6, size: Int = 32) throws {
    let result = try Program.run(
      [
        "synthesize", "cells", "--count", "\(count)", "--size", "\(size)", "--seed", "3", "--output",
        path("cells"),
      ])
    try #require(result.status == 0, "\(result.errors)")
  }

  func trainArguments(_ run: String, epochs: Int = 2) -> [String] {
    [
      "train", "segmentation", "--images", path("cells/images"), "--masks", path("cells/masks"),
      "--base-channels", "4", "--depth", "2", "--size", "32", "--batch-size", "2", "--epochs", "\(epochs)",
      "--dropout", "0.1", "--output", path(run),
    ]
  }

  func data(_ name: String) throws -> Data { try Data(contentsOf: url.appending(path: name)) }
}
