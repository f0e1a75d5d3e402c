import ArgumentParser
import Foundation
import MartletKernels

/// Speaks the line protocol of Benchmarks/peers/worker.py: announces itself, then does the work as often as each line
/// `run COUNT` asks and answers with the milliseconds of one run on average and a value that shows that it was done.
///
/// - Parameters:
///   - how: What was chosen to do the work with, if the announcement is to say.
///   - prepare: Makes what the work needs; called at the first `run`, so that its memory counts.
///   - value: Sums up what the work made; its time does not count.
func serve<Made>(
  _ how: String? = nil, prepare: () throws -> () throws -> Made, value: (Made) throws -> Double
) throws {
  let version = "Martlet (\(InstructionSet.current), \(ThreadPool.threadCount) threads)"
  print("ready " + ([version] + (how.map { [$0] } ?? [])).joined(separator: "; "))
  flushOutput()
  var work: (() throws -> Made)?
  let clock = ContinuousClock()
  while let line = readLine() {
    let words = line.split(separator: " ")
    guard words.count == 2, words[0] == "run", let count = Int(words[1]), count > 0 else {
      throw ValidationError("expected 'run COUNT', got '\(line)'")
    }
    let job = try work ?? prepare()
    work = job
    let start = clock.now
    for _ in 1..<count { _ = try job() }
    let made = try job()
    let milliseconds = (clock.now - start) / .milliseconds(1) / Double(count)
    print("\(milliseconds) \(try value(made))")
    flushOutput()
  }
}

private func flushOutput() { fflush(nil) }
