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
