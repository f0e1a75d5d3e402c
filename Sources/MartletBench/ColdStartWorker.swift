import ArgumentParser
import Foundation
import Martlet
import MartletData
import MartletInterchange
import MartletModels
import MartletTraining

/// A process of `martlet predict` that starts from a packed file, reads a PNG and writes the mask; its whole time counts.
struct ColdStartWorker: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cold", abstract: "Start predicting processes as a worker of the benchmark.")

  @OptionGroup var workload: Workload
  @Option(help: "The program. (default: martlet beside this one)") var program: String?

  func run() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "martlet-cold-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let mask = folder.appending(path: "masks/image.png")
    try serve {
      try prepare(folder)
      let program =
        program
        ?? URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "martlet").path
      let arguments = [
        "predict", folder.appending(path: "model.safetensors").path, folder.appending(path: "image.png").path,
        "--output", folder.appending(path: "masks").path, "--packed", folder.appending(path: "packed").path,
      ]
      return {
        try? FileManager.default.removeItem(at: mask)
        try Self.run(program, arguments)
        return mask
      }
    } value: {
      Double(try Data(contentsOf: $0).count)
    }
  }

  /// Runs a program to its end. Foundation's `Process` sees the end late.
  private static func run(_ program: String, _ arguments: [String]) throws {
    var words = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
    var child = pid_t()
    let failure = posix_spawn(&child, program, &actions, nil, &words, environ)
    try require(failure == 0, "cold", "\(program): \(String(cString: strerror(failure)))")
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    try require(status == 0, "cold", "\(program) ended with status \(status)")
  }

  /// Weights as training leaves them, and an image.
  private func prepare(_ folder: URL) throws {
    var options = NetworkOptions()
    options.baseChannels = workload.base
    let architecture = try Architecture.named("unet", options)
    var segmentation = SegmentationOptions()
    segmentation.classes = ["background", "foreground"].map { SegmentationClass($0) }
    let description = SegmentationModelDescription(
      model: "unet", network: try architecture.completed(options), inputChannels: 3, classCount: 2,
      options: segmentation, normalization: .unit(channels: 3))
    let network = try workload.makeNetwork()
    try saveSafetensors(
      network.stateDict, metadata: description.metadata, to: folder.appending(path: "model.safetensors"))
    let size = workload.size
    let samples = (0..<3 * size * size).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
    try Image(width: size, height: size, channels: 3, samples: .uint8(samples))
      .write(to: folder.appending(path: "image.png").path)
  }
}
