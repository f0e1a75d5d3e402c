import ArgumentParser
import CMartletKernels
import Martlet
import MartletKernels

/// What the machine can do at best, for figures to be set against.
struct MachineLimits: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "machine", abstract: "Measure peak arithmetic and memory bandwidth.")

  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    let figures = Figures(
      threads: ThreadPool.threadCount, instructionSets: InstructionSet.available.map(Self.peaks),
      readGigabytesPerSecond: try Self.bandwidth(arrays: 1) { keep($0.read($2, $3)) },
      copyGigabytesPerSecond: try Self.bandwidth(arrays: 2) { $0.copy($1, $2, $3) })
    if json { return try printJSON(figures) }
    for set in figures.instructionSets {
      print(
        "\(set.name): float32 \(rounded(set.oneCoreGflops)) GFLOP/s on one core, "
          + "\(rounded(set.allCoresGflops)) on \(figures.threads) threads")
    }
    print(
      "memory, \(figures.threads) threads: read \(rounded(figures.readGigabytesPerSecond)) GB/s, "
        + "copy \(rounded(figures.copyGigabytesPerSecond)) GB/s (bytes read and bytes written)")
  }

  struct Figures: Encodable {
    var threads: Int
    var instructionSets: [Peak]
    var readGigabytesPerSecond: Double
    var copyGigabytesPerSecond: Double
  }

  struct Peak: Encodable {
    var name: String
    var lanes: Int
    var oneCoreGflops: Double
    var allCoresGflops: Double
  }

  private static func peaks(_ set: InstructionSet) -> Peak {
    let loops = PeakLoop(set)
    let threads = ThreadPool.threadCount
    let alone = fastestSeconds(runs: 200) { loops.run() }
    // Several pieces a thread, so that one that starts late does not idle the others.
    let pieces = threads * 8
    let together = fastestSeconds(runs: 50) { ThreadPool.parallelFor(pieces) { _ in loops.run() } }
    return Peak(
      name: set.rawValue, lanes: loops.lanes, oneCoreGflops: loops.flops / alone / 1e9,
      allCoresGflops: loops.flops * Double(pieces) / together / 1e9)
  }

  /// Gigabytes a second that `touch` moves on all threads, through arrays that no cache holds.
  private static func bandwidth(
    arrays: Int,
    _ touch: (martlet_limits_loops, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
  ) throws -> Double {
    let loops = martlet_limits_table(InstructionSet.available.last!.cValue).pointee
    let count = 32 << 20
    let target = try Floats(count, stream: 1)
    let source = try Floats(count, stream: 2)
    let pieces = 64
    let piece = count / pieces
    let seconds = fastestSeconds(runs: 20) {
      ThreadPool.parallelFor(pieces) {
        touch(loops, target.pointer + $0 * piece, source.pointer + $0 * piece, piece)
      }
    }
    return Double(arrays * count * MemoryLayout<Float>.stride) / seconds / 1e9
  }
}

/// The loop of independent multiply-adds of an instruction set, about a millisecond of it.
struct PeakLoop {
  private let loops: martlet_limits_loops
  private let rounds = 200_000

  init(_ set: InstructionSet) { loops = martlet_limits_table(set.cValue).pointee }

  var lanes: Int { Int(loops.lanes) }
  var flops: Double { 2 * Double(rounds * Int(loops.chains) * lanes) }
  func run() { keep(loops.multiply_add(rounds)) }
}
