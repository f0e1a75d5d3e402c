import Foundation
import Martlet
import MartletKernels
import Synchronization
import Testing

@testable import MartletInterchange

/// Choices of algorithms are measured once and kept, and a file of them can do no harm.
@Suite struct TuningFileTests {
  private let folder: TemporaryFolder
  private var file: URL { folder.url.appending(path: "tuning.json") }

  init() throws { folder = try TemporaryFolder() }

  private final class Messages: Sendable {
    let lines = Mutex<[String]>([])
    @Sendable func add(_ line: String) { lines.withLock { $0.append(line) } }
  }

  private static func network() throws -> Conv2d {
    try withSeed(1) { try Conv2d(inputChannels: 16, outputChannels: 16, kernelSize: 3, padding: 1) }
  }

  private func image() throws -> Tensor {
    try .normal(TensorType([1, 16, 24, 24], .float32, .channelsLast), seed: 2, stream: 1)
  }

  /// What runs with the file as it is, and what was said about it.
  private func run() throws -> (operation: String, messages: [String]) {
    let messages = Messages()
    let predictor = Predictor(try Self.network(), tuning: .measured(cache: file, report: messages.add))
    _ = try predictor(image())
    return (
      try predictor.listing(for: [image().type]).rows[0].operation, messages.lines.withLock { $0 }
    )
  }

  @Test func choicesAreKept() throws {
    #expect(try run().messages.isEmpty)
    var kept = try TuningFile(contentsOf: file)
    #expect(kept.algorithms.count == 1 && kept.fitsHere)
    // Whatever the file says is done, where it can be.
    for algorithm in ConvolutionAlgorithm.allCases {
      kept.algorithms = kept.algorithms.mapValues { _ in "\(algorithm)" }
      try kept.write(to: file)
      let (operation, messages) = try run()
      // The network's convolution has no stride.
      let isTaken = ![.winograd(.strided), .winograd(.stem)].contains(algorithm)
      #expect((operation == "conv2d \(algorithm) prepared") == isTaken && messages.isEmpty)
    }
    kept.algorithms = kept.algorithms.mapValues { _ in "winograd F(9×9)" }
    try kept.write(to: file)
    #expect(try run().operation.hasPrefix("conv2d "))
    #expect(try TuningFile(contentsOf: file).algorithms.values.allSatisfy { !$0.contains("9") })
  }

  @Test func aChoiceThatNumericsDoNotAllowIsNotTaken() throws {
    _ = try run()
    var kept = try TuningFile(contentsOf: file)
    kept.algorithms = kept.algorithms.mapValues { _ in "winograd F(4×4)" }
    try kept.write(to: file)
    let predictor = Predictor(try Self.network(), numerics: .direct, tuning: .measured(cache: file))
    #expect(try predictor.listing(for: [image().type]).rows[0].operation == "conv2d direct prepared")
  }

  @Test(arguments: ["machine", "instructionSet", "threads", "version"])
  func filesOfOthersAreReplaced(_ what: String) throws {
    _ = try run()
    var kept = try TuningFile(contentsOf: file)
    switch what {
    case "machine": kept.machine = "Analytical Engine"
    case "instructionSet": kept.instructionSet = "cards"
    case "threads": kept.threads += 1
    default: kept.version = "0.0.0"
    }
    kept.algorithms = kept.algorithms.mapValues { _ in "direct" }
    try kept.write(to: file)
    let messages = try run().messages
    #expect(messages.count == 1 && messages[0].contains("measured anew"))
    #expect(try TuningFile(contentsOf: file).fitsHere)
  }

  @Test(arguments: ["", "{", "[]", #"{"algorithms": 3}"#, "my notes"])
  func otherFilesAreLeftAlone(_ text: String) throws {
    try Data(text.utf8).write(to: file)
    let messages = try run().messages
    #expect(messages.count == 1 && messages[0].contains("not kept"))
    #expect(try Data(contentsOf: file) == Data(text.utf8))
  }
}
