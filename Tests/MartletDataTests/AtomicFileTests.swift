import Foundation
import Martlet
import Testing

@testable import MartletData
@testable import MartletFiles

@Suite struct AtomicFileTests {
  @Test func writesAndReplaces() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("model.bin")
    try AtomicFile.write([1, 2, 3], to: path)
    try AtomicFile.write([UInt8](repeating: 7, count: 100_000), to: path)
    #expect(try ReadableFile.read(path, operation: "test").bytes == [UInt8](repeating: 7, count: 100_000))
    try AtomicFile.write([], to: path)
    #expect(try ReadableFile.read(path, operation: "test").bytes == [])
    try AtomicFile.write("größer", to: path)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "größer")
    #expect(folder.names == ["model.bin"])
  }

  @Test func aFailureLeavesWhatWasThere() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("model.bin")
    try AtomicFile.write([1, 2, 3], to: path)
    let error = #expect(throws: MartletError.self) {
      try AtomicFile.write(to: path) { contents in
        try [UInt8](repeating: 9, count: 50_000).withUnsafeBytes { try contents.append($0) }
        #expect(folder.names.count == 2, "the new bytes must be beside the file, not in it")
        throw MartletError("test", "stop")
      }
    }
    #expect(error == MartletError("test", "stop"))
    #expect(folder.names == ["model.bin"])
    #expect(try ReadableFile.read(path, operation: "test").bytes == [1, 2, 3])
  }

  /// However the bytes come, they are written in order.
  @Test(arguments: [0, 1, 2 << 20, (2 << 20) + 1, 5 << 20])
  func blocks(count: Int) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("model.bin")
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) }
    for part in [1_000_003, 2 << 20, 10 << 20] {
      try AtomicFile.writeInBlocks(to: path, operation: "test") { append in
        for start in stride(from: 0, to: count, by: part) {
          try bytes[start..<min(start + part, count)].withUnsafeBytes { try append($0) }
        }
      }
      #expect(try ReadableFile.read(path, operation: "test").bytes == bytes)
    }
    #expect(throws: MartletError.self) {
      try AtomicFile.writeInBlocks(to: path, operation: "test") { append in
        try [UInt8](repeating: 9, count: 3 << 20).withUnsafeBytes { try append($0) }
        throw MartletError("test", "stop")
      }
    }
    #expect(folder.names == ["model.bin"])
    #expect(try ReadableFile.read(path, operation: "test").bytes == bytes)
  }

  /// Replacing a device by a file would break whatever else uses it.
  @Test(arguments: ["pipe", "link"])
  func whatIsNoFileStaysWhatItIs(name: String) throws {
    let folder = try TemporaryFolder()
    let pipe = folder.file("pipe")
    try #require(mkfifo(pipe, 0o600) == 0)
    try FileManager.default.createSymbolicLink(atPath: folder.file("link"), withDestinationPath: pipe)
    let reader = open(pipe, O_RDONLY | O_NONBLOCK)
    try #require(reader >= 0)
    defer { close(reader) }
    try AtomicFile.write([1, 2, 3], to: folder.file(name))
    var bytes = [UInt8](repeating: 0, count: 10)
    #expect(read(reader, &bytes, 10) == 3 && bytes.prefix(3) == [1, 2, 3])
    var status = stat()
    #expect(stat(pipe, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
    #expect(folder.names.sorted() == ["link", "pipe"])
    try AtomicFile.write([1, 2, 3], to: "/dev/null")
    #expect(stat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
  }

  @Test func aMissingFolderIsNamed() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("none/model.bin")
    let error = #expect(throws: MartletError.self) { try AtomicFile.write([1], to: path) }
    #expect(error?.description == "[file] \(path): cannot be written: No such file or directory")
    #expect(throws: MartletError.self) { try AtomicFile.write([1], to: folder.path + "/") }
    #expect(throws: MartletError.self) { try AtomicFile.write([1], to: "") }
  }

  @Test func aFolderIsNotReplaced() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("folder")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    let error = #expect(throws: MartletError.self) { try AtomicFile.write([1], to: path) }
    #expect(error?.message.hasPrefix("\(path): cannot be written") == true)
    #expect(folder.names == ["folder"])
  }

  @Test func anUnwritableFolderIsNamed() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.setAttributes([.posixPermissions: 0o500], ofItemAtPath: folder.path)
    defer { try? FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder.path) }
    // Root may write everywhere, except where the kernel itself refuses.
    let path = geteuid() == 0 ? "/proc/model.bin" : folder.file("model.bin")
    let error = #expect(throws: MartletError.self) { try AtomicFile.write([1], to: path) }
    #expect(error?.message.hasPrefix("\(path): cannot be written: ") == true)
  }

  #if os(Linux)
    @Test func aFullDiskIsAnErrorNumber() throws {
      let descriptor = open("/dev/full", O_WRONLY)
      try #require(descriptor >= 0)
      let file = FileDescriptor(number: descriptor)
      let number = [UInt8](repeating: 1, count: 10_000).withUnsafeBytes { file.write($0) }
      #expect(number == ENOSPC)
      let error = AtomicFile.failure("runs/a/model.safetensors", ENOSPC, "file")
      #expect(error.message == "runs/a/model.safetensors: cannot be written: No space left on device")
    }
  #endif

  @Test func aLinkStaysALink() throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write([1], to: folder.file("target"))
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("link"), withDestinationPath: folder.file("target"))
    try AtomicFile.write([2, 3], to: folder.file("link"))
    #expect(try ReadableFile.read(folder.file("target"), operation: "test").bytes == [2, 3])
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: folder.file("link")) == folder.file("target"))
    #expect(folder.names == ["link", "target"])
  }

  @Test func aLinkToAFileThatIsStillToBeMadeStaysALink() throws {
    let folder = try TemporaryFolder()
    let manager = FileManager.default
    try manager.createDirectory(atPath: folder.file("data"), withIntermediateDirectories: true)
    try manager.createSymbolicLink(atPath: folder.file("link"), withDestinationPath: "data/second")
    try manager.createSymbolicLink(atPath: folder.file("data/second"), withDestinationPath: "file")
    try AtomicFile.write([7], to: folder.file("link"))
    #expect(try ReadableFile.read(folder.file("data/file"), operation: "test").bytes == [7])
    #expect(try manager.destinationOfSymbolicLink(atPath: folder.file("link")) == "data/second")

    try manager.createSymbolicLink(atPath: folder.file("a"), withDestinationPath: "b")
    try manager.createSymbolicLink(atPath: folder.file("b"), withDestinationPath: "a")
    let error = #expect(throws: MartletError.self) { try AtomicFile.write([1], to: folder.file("a")) }
    #expect(error?.message.contains("cannot be written") == true, "\(error as Any)")
  }

  @Test func permissionsStayAsTheyWere() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("private")
    try AtomicFile.write([1], to: path)
    for permissions in [0o600, 0o640, 0o755] {
      try FileManager.default.setAttributes([.posixPermissions: permissions], ofItemAtPath: path)
      try AtomicFile.write([2], to: path)
      let attributes = try FileManager.default.attributesOfItem(atPath: path)
      #expect(attributes[.posixPermissions] as? Int == permissions)
    }
  }

  @Test func manyThreadsWriteTheSameName() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("model.bin")
    try await withThrowingTaskGroup(of: Void.self) { group in
      for value in 0..<8 as Range<UInt8> {
        group.addTask { try AtomicFile.write([UInt8](repeating: value, count: 30_000), to: path) }
      }
      try await group.waitForAll()
    }
    let bytes = try ReadableFile.read(path, operation: "test").bytes
    #expect(bytes.count == 30_000 && Set(bytes).count == 1)
    #expect(folder.names == ["model.bin"])
  }

  /// 255 bytes are as many as a name may have, and characters can have many.
  @Test func longNames() throws {
    let folder = try TemporaryFolder()
    let family = "\u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467}"
    for name in [String(repeating: "n", count: 255), String(repeating: family, count: 14)] {
      let path = folder.file(name)
      try AtomicFile.write("text", to: path)
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "text")
    }
  }
}
