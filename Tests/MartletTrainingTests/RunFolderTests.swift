import Foundation
import Martlet
import Testing

@testable import MartletTraining

@Suite struct RunFolderTests {
  let folder: TemporaryFolder
  let run: RunFolder

  init() throws {
    folder = try TemporaryFolder()
    run = RunFolder(folder.url.appendingPathComponent("runs/nuclei"))
  }

  @Test func makesItsFolders() throws {
    try run.checkIsNew()
    try run.create()
    for file in [run.configuration, run.metrics, run.model, run.report, run.checkpoint] {
      try Data().write(to: file)
    }
    #expect(run.checkpoint.path.hasSuffix("runs/nuclei/checkpoints/last.safetensors"))
    try run.create()
  }

  @Test func leftoversAreRemoved() throws {
    try run.create()
    let checkpoints = run.checkpoint.deletingLastPathComponent()
    for name in [".last.safetensors.1-2.partial", "last.safetensors", "notes.partial"] {
      try Data().write(to: checkpoints.appendingPathComponent(name))
    }
    try run.create()
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: checkpoints.path).sorted()
        == ["last.safetensors", "notes.partial"])
  }

  @Test func foldersInUseAreRefused() throws {
    try FileManager.default.createDirectory(at: run.url, withIntermediateDirectories: true)
    try run.checkIsNew()
    try Data().write(to: run.metrics)
    let error = #expect(throws: MartletError.self) { try run.checkIsNew() }
    #expect(error?.message.hasSuffix("runs/nuclei, which holds metrics.csv") == true)
    try run.create()
    try Data().write(to: run.configuration)
    let resumable = #expect(throws: MartletError.self) { try run.checkIsNew() }
    #expect(resumable?.message.contains("use `martlet train --resume ") == true)
  }

  @Test func whatMakingItLeavesIsAsGoodAsNew() throws {
    _ = try run.locked()
    try run.create()
    try Data().write(to: run.url.appendingPathComponent(".config.yaml.1-2.partial"))
    try run.checkIsNew()
    try Data().write(to: run.checkpoint)
    let error = #expect(throws: MartletError.self) { try run.checkIsNew() }
    #expect(error?.message.hasSuffix("which holds checkpoints") == true)
  }

  @Test func onlyOneHoldsTheLock() throws {
    var lock: RunLock? = try run.locked()
    let error = #expect(throws: MartletError.self) { try run.locked() }
    #expect(error?.message.hasSuffix("runs/nuclei is being trained by another process") == true)
    withExtendedLifetime(lock) {}
    lock = nil
    _ = try run.locked()
  }

  @Test func filesAreRefused() throws {
    let file = folder.url.appendingPathComponent("file")
    try Data().write(to: file)
    let error = #expect(throws: MartletError.self) { try RunFolder(file).checkIsNew() }
    #expect(error?.message.contains("got the file") == true)
    let inside = #expect(throws: MartletError.self) {
      try RunFolder(file.appendingPathComponent("run")).create()
    }
    #expect(inside?.message.hasSuffix("file/run: cannot be made: Not a directory") == true)
  }
}
