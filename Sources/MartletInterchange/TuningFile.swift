import Martlet
import MartletFiles
import MartletKernels

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Tuning {
  /// Checks that choices can be kept in a file: it is missing, in a folder that is there, or holds choices.
  ///
  /// - Throws: ``MartletError`` naming what is in the way.
  public static func check(cache: URL) throws {
    if FileManager.default.fileExists(atPath: cache.path) {
      _ = try TuningFile(contentsOf: cache)
    } else {
      let folder = cache.deletingLastPathComponent()
      try require(
        FileManager.default.isWritableFile(atPath: folder.path), "tuning",
        "expected a folder that can be written to for \(cache.relativePath), got \(folder.path)")
    }
  }

  /// By measurement, with what was found kept in a file: what is there is not measured again.
  ///
  /// The file says for which machine, instruction set and number of threads it is. One that is for others is replaced; one
  /// that is no such file is left alone, and nothing is kept.
  ///
  /// - Parameters:
  ///   - cache: A JSON file, made if it is missing.
  ///   - report: Called with a line of text when the file is not used, or cannot be written.
  public static func measured(
    cache: URL, report: @escaping @Sendable (String) -> Void = { _ in }
  ) -> Tuning {
    var known: MeasuredTuner.Choices = [:]
    if FileManager.default.fileExists(atPath: cache.path) {
      do {
        let file = try TuningFile(contentsOf: cache)
        if file.fitsHere {
          known = file.choices()
        } else {
          report(
            "\(cache.relativePath): expected choices for \(TuningFile([:]).conditions), got some for "
              + "\(file.conditions); convolutions are measured anew")
        }
      } catch {
        report("\(error); what is measured is not kept")
        return Tuning(MeasuredTuner())
      }
    }
    return Tuning(
      MeasuredTuner(known: known) { choices in
        do {
          try TuningFile(choices).write(to: cache)
        } catch {
          report("\(error)")
        }
      })
  }
}

/// Which algorithm was found fastest for which convolution, on one machine.
struct TuningFile: Codable, Equatable {
  var version = martletVersion
  var machine = Self.currentMachine
  var instructionSet = InstructionSet.current.rawValue
  var threads = ThreadPool.threadCount
  /// An algorithm's name by ``TunedConvolution/key``.
  var algorithms: [String: String]

  private static let largest = 64 << 20

  init(_ choices: MeasuredTuner.Choices) { algorithms = choices.mapValues(\.description) }

  /// - Throws: ``MartletError`` when it is no such file.
  init(contentsOf url: URL) throws {
    let file = try ReadableFile(url.relativePath, operation: "tuning")
    try require(
      file.byteCount <= Self.largest, "tuning",
      "\(file.path): expected choices of algorithms, got a file of \(file.byteCount) bytes")
    do {
      self = try JSONDecoder().decode(Self.self, from: Data(file.bytes(0..<file.byteCount)))
    } catch let error as MartletError {
      throw error
    } catch {
      throw MartletError("tuning", "\(file.path): expected a file of choices of algorithms, got another")
    }
  }

  /// Whether it is for this machine as it is used now.
  var fitsHere: Bool {
    var here = TuningFile([:])
    here.algorithms = algorithms
    return self == here
  }

  var conditions: String {
    "\(printable(machine)), \(printable(instructionSet)), \(threads) threads, version \(printable(version))"
  }

  /// Those that name an algorithm that there is.
  func choices() -> MeasuredTuner.Choices {
    let known = Dictionary(uniqueKeysWithValues: Numerics.fast.algorithms.map { ($0.description, $0) })
    return algorithms.compactMapValues { known[$0] }
  }

  func write(to url: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try AtomicFile.write(Array(try encoder.encode(self)), to: url.relativePath)
  }

  /// What the processor calls itself, where the system says so.
  private static let currentMachine: String = {
    guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return "unknown" }
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":").last.map { $0.drop { $0 == " " } }.map(String.init) ?? "unknown"
  }()
}
