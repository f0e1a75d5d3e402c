import Foundation
import Testing

@Suite("Stopping and going on", .serialized)
struct ResumeTests {
  @Test("a run that was killed before its first checkpoint begins again")
  func beforeTheFirstCheckpoint() throws {
    let scratch = try Scratch()
    try scratch.cells()
    try #require(try Program.run(scratch.trainArguments("whole")).status == 0)
    // What is there when the process is killed in the first epoch.
    for name in ["killed/checkpoints", "killed/events"] {
      try FileManager.default.createDirectory(
        atPath: scratch.path(name), withIntermediateDirectories: true)
    }
    let fresh = try Program.run(scratch.trainArguments("killed", epochs: 2))
    #expect(fresh.status == 0, "a folder that holds only empty folders is as good as new: \(fresh.errors)")
    try FileManager.default.removeItem(atPath: scratch.path("killed/checkpoints"))
    try FileManager.default.removeItem(atPath: scratch.path("killed/model.safetensors"))
    let again = try Program.run(scratch.trainArguments("killed"))
    #expect(again.status == 2 && again.errors.contains("martlet train --resume"), "\(again.errors)")
    let resumed = try Program.run(["train", "--resume", scratch.path("killed")])
    #expect(resumed.status == 0, "\(resumed.errors)")
    for file in ["model.safetensors", "checkpoints/last.safetensors", "metrics.csv"] {
      #expect(try scratch.data("whole/\(file)") == scratch.data("killed/\(file)"), "\(file)")
    }
  }

  @Test("a run does not go on with other data, and is evaluated on the images it was validated on")
  func changedData() throws {
    let scratch = try Scratch()
    try scratch.cells(8)
    try #require(try Program.run(scratch.trainArguments("run", epochs: 1)).status == 0)
    let before = try Program.run(["evaluate", scratch.path("run"), "--json"])
    try #require(before.status == 0, "\(before.errors)")
    #expect(try Program.run(["train", "--resume", scratch.path("run")]).status == 0)

    let more = try Scratch()
    try more.cells(20)
    for folder in ["images", "masks"] {
      for number in 9...20 {
        let name = "cells/\(folder)/cell_00\(number < 10 ? "0" : "")\(number).png"
        try FileManager.default.copyItem(atPath: more.path(name), toPath: scratch.path(name))
      }
    }
    let resumed = try Program.run(["train", "--resume", scratch.path("run")])
    #expect(resumed.status == 2)
    #expect(resumed.errors.contains("the data has changed since the run began: "), "\(resumed.errors)")
    #expect(resumed.errors.contains("cell_00"), "\(resumed.errors)")
    let after = try Program.run(["evaluate", scratch.path("run"), "--json"])
    #expect(after.status == 0 && after.output == before.output, "\(after.errors)")

    // Any of the first eight can be a validation image; without them evaluation has nothing to stand on.
    for folder in ["images", "masks"] {
      for number in 1...8 {
        try FileManager.default.removeItem(atPath: scratch.path("cells/\(folder)/cell_000\(number).png"))
      }
    }
    let gone = try Program.run(["evaluate", scratch.path("run")])
    #expect(gone.status == 2 && gone.errors.contains("which the run was validated on"), "\(gone.errors)")
  }

  @Test("a run goes on as it began: other flags and another configuration are refused by name")
  func changedConfiguration() throws {
    let scratch = try Scratch()
    try scratch.cells()
    try #require(try Program.run(scratch.trainArguments("run", epochs: 2)).status == 0)
    let resume = ["train", "--resume", scratch.path("run")]
    let finished = try Program.run(resume)
    #expect(finished.status == 0 && finished.errors.contains("finished after 2 epochs"), "\(finished.errors)")
    // Flags at their defaults are flags too.
    for flags in [
      ["--epochs", "20"], ["--learning-rate", "0.001"], ["--model", "unet"], ["--no-batch-norm"],
      ["--format", "auto"], ["--heads", "2"],
    ] {
      try expectRefusal(
        resume + flags,
        mentioning: ["no other flags with --resume", "got \(flags[0].replacing("--no-", with: "--"))"])
    }
    let file = scratch.url.appending(path: "run/config.yaml")
    let text = try String(contentsOf: file, encoding: .utf8)
    func write(_ old: String, _ new: String) throws {
      try text.replacing(old, with: new).write(to: file, atomically: true, encoding: .utf8)
    }
    try write("epochs: 2\n", "epochs: 5\n")
    try expectRefusal(
      resume, mentioning: ["config.yaml has changed since the run began: epochs is 5 and was 2"])
    try write("seed: 1\n", "seed: 2\n")
    try expectRefusal(resume, mentioning: ["seed is 2 and was 1"])
    // Data may lie elsewhere.
    try FileManager.default.moveItem(atPath: scratch.path("cells"), toPath: scratch.path("moved"))
    try write(scratch.path("cells/"), scratch.path("moved/"))
    #expect(try Program.run(resume).status == 0)
  }

  @Test("an image that was changed in place is noticed, however long it is")
  func changedInPlace() throws {
    let scratch = try Scratch()
    try scratch.cells()
    try #require(try Program.run(scratch.trainArguments("run", epochs: 1)).status == 0)
    // The same pixels in a file of the same length: a comment that a picture does not show.
    for number in 1...6 {
      let file = scratch.url.appending(path: "cells/images/cell_000\(number).png")
      var bytes = try Data(contentsOf: file)
      try bytes.insert(contentsOf: Self.comment("a"), at: 33)
      try bytes.write(to: file)
    }
    try #require(try Program.run(scratch.trainArguments("other", epochs: 1)).status == 0)
    for number in 1...6 {
      let file = scratch.url.appending(path: "cells/images/cell_000\(number).png")
      var bytes = try Data(contentsOf: file)
      let comment = try Self.comment("b")
      bytes.replaceSubrange(33..<33 + comment.count, with: comment)
      try bytes.write(to: file)
    }
    try expectRefusal(
      ["train", "--resume", scratch.path("other")],
      mentioning: ["the data has changed since the run began", "holds something else than before"])
    try expectRefusal(
      ["evaluate", scratch.path("other")], mentioning: ["holds something else than before", "--images"])
  }

  /// A PNG's `tEXt` chunk of one letter.
  private static func comment(_ letter: String) throws -> Data {
    let body = Data("tEXtComment".utf8) + [0] + Data(letter.utf8)
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in body {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = (crc >> 1) ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    func bytes(_ number: UInt32) -> Data { withUnsafeBytes(of: number.bigEndian) { Data($0) } }
    return bytes(UInt32(body.count - 4)) + body + bytes(~crc)
  }

  @Test("two processes do not train in one folder")
  func oneProcess() throws {
    let scratch = try Scratch()
    try scratch.cells()
    try #require(try Program.run(scratch.trainArguments("run", epochs: 1)).status == 0)
    let descriptor = open(scratch.path("run/.lock"), O_RDWR)
    try #require(descriptor >= 0 && flock(descriptor, LOCK_EX | LOCK_NB) == 0)
    let refused = try Program.run(["train", "--resume", scratch.path("run")])
    #expect(refused.status == 2)
    #expect(refused.errors.contains("run is being trained by another process"), "\(refused.errors)")
    close(descriptor)
    #expect(try Program.run(["train", "--resume", scratch.path("run")]).status == 0)
  }

  @Test("Ctrl-C and a closing terminal save and say so", arguments: [SIGINT, SIGHUP])
  func signals(_ number: Int32) throws {
    let scratch = try Scratch()
    try scratch.cells()
    let result = try Program.run(
      scratch.trainArguments("run", epochs: 500), interruptWith: number,
      interruptWhen: { $0.contains("Epoch   1/500") })
    #expect(result.status == 130, "\(result.errors)")
    #expect(result.errors.contains("stopping after this step; press again to quit at once"))
    #expect(FileManager.default.fileExists(atPath: scratch.path("run/checkpoints/last.safetensors")))
  }
}
