import Foundation
import Martlet
import Testing

@testable import MartletTraining

@Suite struct MetricFileTests {
  let folder: TemporaryFolder
  let url: URL
  let columns = ["loss", "IoU a,\"b\""]

  init() throws {
    folder = try TemporaryFolder()
    url = folder.url.appendingPathComponent("metrics.csv")
  }

  private var text: String { get throws { try String(contentsOf: url, encoding: .utf8) } }

  private func write(_ epochs: Range<Int>) throws {
    let file = try MetricsFile(url, columns: columns)
    for epoch in epochs { try file.append(.init(epoch: epoch, values: [1 / Double(epoch + 2), .nan])) }
  }

  @Test func hasAHeadingAndARowAnEpoch() throws {
    try write(0..<2)
    #expect(try text == "epoch,loss,\"IoU a,\"\"b\"\"\"\n0,0.5,nan\n1,0.3333333333333333,nan\n")
  }

  @Test func resumedRunGoesOnAtItsEpoch() throws {
    try write(0..<4)
    let whole = try text
    let file = try MetricsFile(url, columns: columns, continuingAt: 2)
    #expect(file.rows.map(\.epoch) == [0, 1])
    #expect(file.rows[1].values[0] == 1.0 / 3)
    #expect(file.rows[1].values[1].isNaN)
    for epoch in 2..<4 { try file.append(.init(epoch: epoch, values: [1 / Double(epoch + 2), .nan])) }
    #expect(try text == whole)
    #expect(file.rows.count == 4)
  }

  @Test func everyCutLeavesTheWholeRows() throws {
    try write(0..<3)
    let whole = try text
    let ends = whole.utf8.enumerated().filter { $0.element == UInt8(ascii: "\n") }.map(\.offset)
    for count in (ends[0] + 1)...whole.utf8.count {
      try String(decoding: whole.utf8.prefix(count), as: UTF8.self).write(
        to: url, atomically: false, encoding: .utf8)
      let file = try MetricsFile(url, columns: columns, continuingAt: 9)
      #expect(file.rows.count == ends.filter { $0 < count }.count - 1, "cut to \(count) bytes")
      #expect(try whole.hasPrefix(text))
    }
  }

  @Test func startingAfreshForgetsTheOldRows() throws {
    try write(0..<3)
    _ = try MetricsFile(url, columns: columns)
    #expect(try text.split(separator: "\n").count == 1)
  }

  @Test func resumingWithoutAFileStartsOne() throws {
    #expect(try MetricsFile(url, columns: columns, continuingAt: 3).rows == [])
    #expect(try text.hasPrefix("epoch,loss"))
  }

  @Test func otherColumnsAreRefused() throws {
    try write(0..<1)
    let before = try text
    let error = #expect(throws: MartletError.self) {
      try MetricsFile(url, columns: ["loss"], continuingAt: 1)
    }
    #expect(error?.message.contains("metrics.csv: expected the columns epoch,loss, got epoch,loss,") == true)
    #expect(try text == before)
  }

  @Test func wrongNumberOfValuesIsRefused() throws {
    let file = try MetricsFile(url, columns: columns)
    let error = #expect(throws: MartletError.self) { try file.append(.init(epoch: 0, values: [1])) }
    #expect(error?.message == "expected 2 values, got 1")
  }

  @Test func folderThatIsMissingIsNamed() {
    let error = #expect(throws: MartletError.self) {
      try MetricsFile(folder.url.appendingPathComponent("none/metrics.csv"), columns: [])
    }
    #expect(error?.message.contains("none/metrics.csv") == true)
  }
}
