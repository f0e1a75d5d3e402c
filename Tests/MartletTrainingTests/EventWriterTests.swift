import Foundation
import Martlet
import Testing

@testable import MartletTraining

@Suite struct EventWriterTests {
  let folder: TemporaryFolder
  let events: URL

  init() throws {
    folder = try TemporaryFolder()
    events = folder.url.appendingPathComponent("events")
  }

  private var files: [URL] {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: events.path).sorted()
        .map { events.appendingPathComponent($0) }
    }
  }

  private func contents() throws -> [UInt8] {
    let files = try files
    #expect(files.count == 1)
    return Array(try Data(contentsOf: files[0]))
  }

  private func decode(_ bytes: [UInt8]) throws -> [TensorBoardEvent] {
    var offset = 0
    var decoded: [TensorBoardEvent] = []
    while let (record, next) = EventRecord.read(bytes, at: offset) {
      decoded.append(try TensorBoardEvent(serializedBytes: record))
      offset = next
    }
    #expect(offset == bytes.count)
    return decoded
  }

  /// The bytes that TensorBoard's own RecordWriter gives for the same two events.
  @Test func writesTheBytesThatTensorBoardWrites() throws {
    var time = 0.0
    let writer = try EventWriter(folder: events, continuingAt: nil) {
      time += 1
      return max(time - 1, 1)
    }
    try writer.add(scalars: [("loss", 0.5)], step: 3)
    try writer.flush()
    let expected =
      "1800000000000000a37f4b2209000000000000f03f1a0d627261696e2e4576656e743a3286bf577a"
      + "1a00000000000000129bd82d09000000000000004010032a0d0a0b0a046c6f7373150000003fbac36b94"
    #expect(try contents().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == expected)
    #expect(try files[0].lastPathComponent == "events.out.tfevents.0000000001.martlet")
  }

  @Test func holdsScalarsAndImages() throws {
    let writer = try EventWriter(folder: events)
    try writer.add(scalars: [("loss/training", 0.25), ("loss/validation", .nan)], step: 0)
    try writer.add(image: "masks/cell", png: smallPNG, step: 0)
    #expect(try decode(contents()).count == 1, "nothing is written before it is flushed")
    try writer.flush()
    let events = try decode(contents())
    #expect(events.count == 3)
    #expect(events[1].summary.value.map(\.tag) == ["loss/training", "loss/validation"])
    #expect(events[1].summary.value[0].simpleValue == 0.25)
    #expect(events[1].summary.value[1].simpleValue.isNaN)
    let image = events[2].summary.value[0].image
    #expect((image.width, image.height, image.colorspace) == (2, 1, 1))
    #expect(Array(image.encodedImageString) == smallPNG)
  }

  @Test func resumedRunContinuesTheFileFromItsStep() throws {
    let writer = try EventWriter(folder: events)
    for step in 0..<4 { try writer.add(scalars: [("loss", Double(step))], step: step) }
    try writer.flush()
    let resumed = try EventWriter(folder: events, continuingAt: 2)
    try resumed.add(scalars: [("loss", 20)], step: 2)
    try resumed.flush()
    #expect(try decode(contents()).map(\.step) == [0, 0, 1, 2])
    #expect(try decode(contents()).last?.summary.value[0].simpleValue == 20)
  }

  @Test func brokenEndIsCutOffWhenTheFileIsContinued() throws {
    let writer = try EventWriter(folder: events)
    for step in 0..<3 { try writer.add(scalars: [("loss", Double(step))], step: step) }
    try writer.flush()
    let whole = try contents()
    let file = try files[0]
    let lastRecord = (0..<whole.count).last { start in
      EventRecord.read(whole, at: start).map { $0.next == whole.count } ?? false
    }
    for count in try #require(lastRecord)..<whole.count {
      try Data(whole[..<count]).write(to: file)
      let resumed = try EventWriter(folder: events, continuingAt: 2)
      try resumed.add(scalars: [("loss", 2)], step: 2)
      try resumed.flush()
      #expect(try decode(contents()).map(\.step) == [0, 0, 1, 2], "cut to \(count) bytes")
    }
  }

  @Test func damagedRecordsAreNotRead() throws {
    let record = EventRecord.framed([1, 2, 3, 4, 5])
    #expect(EventRecord.read(record, at: 0)?.record == [1, 2, 3, 4, 5])
    for position in 0..<(record.count * 8) {
      var flipped = record
      flipped[position / 8] ^= 1 << (position % 8)
      #expect(EventRecord.read(flipped, at: 0)?.record == nil, "bit \(position)")
    }
  }

  @Test func emptyFileIsStartedAfresh() throws {
    _ = try EventWriter(folder: events)
    let file = try files[0]
    try Data().write(to: file)
    let resumed = try EventWriter(folder: events, continuingAt: 0)
    try resumed.add(scalars: [("loss", 1)], step: 0)
    try resumed.flush()
    #expect(try decode(contents()).map(\.fileVersion) == ["brain.Event:2", ""])
  }

  @Test func secondRunInAFolderHasItsOwnFile() throws {
    _ = try EventWriter(folder: events, continuingAt: nil) { 5 }
    _ = try EventWriter(folder: events, continuingAt: nil) { 5 }
    #expect(try files.count == 2)
  }

  @Test func whatIsNoPNGIsRefused() throws {
    let writer = try EventWriter(folder: events)
    let error = #expect(throws: MartletError.self) { try writer.add(image: "x", png: [1, 2], step: 0) }
    #expect(error?.description == "[events] expected a PNG file for image 'x', got 2 other bytes")
  }

  @Test func folderThatCannotBeMadeIsNamed() throws {
    let file = folder.url.appendingPathComponent("file")
    try Data().write(to: file)
    let error = #expect(throws: MartletError.self) {
      try EventWriter(folder: file.appendingPathComponent("events"))
    }
    #expect(error?.message.hasSuffix("file/events: cannot be made: Not a directory") == true)
  }

  @Test(
    .enabled(
      if: ProcessInfo.processInfo.environment["MARTLET_PYTHON"] != nil,
      "needs MARTLET_PYTHON, the path of a Python that has TensorBoard"))
  func tensorBoardReadsIt() throws {
    let writer = try EventWriter(folder: events)
    for step in 0..<2 {
      try writer.add(scalars: [("loss/training", 1 / Double(step + 1))], step: step)
      try writer.add(image: "masks/cell", png: smallPNG, step: step)
      try writer.flush()
    }
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fixtures/read_events.py")
    let python = Process()
    python.executableURL = URL(fileURLWithPath: ProcessInfo.processInfo.environment["MARTLET_PYTHON"] ?? "")
    python.arguments = [script.path, events.path]
    let output = Pipe()
    python.standardOutput = output
    try python.run()
    let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    python.waitUntilExit()
    #expect(
      text == """
        scalar loss/training 0 1.0
        scalar loss/training 1 0.5
        image masks/cell 0 2 1 \(smallPNG.count)
        image masks/cell 1 2 1 \(smallPNG.count)

        """)
  }
}
