import Foundation
import Martlet
import Testing

@testable import MartletInterchange

/// Whatever fails while writing, the old file stands and nothing else is left in the folder.
@Suite struct SafetensorsWriteFailureTests {
  let folder: TemporaryFolder
  let url: URL
  let old: Data

  init() throws {
    folder = try TemporaryFolder()
    url = folder.url.appendingPathComponent("model.safetensors")
    try Safetensors.write(["weight": SafetensorsValue(floats: [1, 2], [2])], to: url)
    old = try Data(contentsOf: url)
  }

  private func expectRefusal(
    _ tensors: [String: SafetensorsValue], _ message: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let error = #expect(throws: MartletError.self, sourceLocation: sourceLocation) {
      try Safetensors.write(tensors, to: url)
    }
    #expect(
      error?.message.contains(message) == true, "\(String(describing: error))", sourceLocation: sourceLocation
    )
    #expect(try Data(contentsOf: url) == old, sourceLocation: sourceLocation)
    #expect(try folder.names == ["model.safetensors"], sourceLocation: sourceLocation)
  }

  @Test func bytesThatDoNotFitTheShape() throws {
    try expectRefusal(
      ["w": SafetensorsValue(floats: [1, 2, 3], [2])], "expected 8 bytes for tensor 'w' of F32 [2], got 12")
  }

  @Test func bytesGivenTwiceOrNotAtAll() throws {
    let twice = SafetensorsValue(.uint8, [1]) { body in
      for _ in 0..<2 { try [UInt8(1)].withUnsafeBytes(body) }
    }
    try expectRefusal(["w": twice], "expected 1 bytes for tensor 'w' of U8 [1], got 2")
    try expectRefusal(["w": SafetensorsValue(.uint8, [1]) { _ in }], "got 0")
  }

  @Test func reservedName() throws {
    try expectRefusal(["__metadata__": SafetensorsValue(floats: [], [0])], "reserved")
  }

  @Test func shapesThatAreNone() throws {
    try expectRefusal(["w": SafetensorsValue(floats: [], [-1, 0])], "got F32 [-1, 0]")
    try expectRefusal(
      ["w": SafetensorsValue(.uint8, [1 << 40, 1 << 40], bytes: [])], "whole bytes for tensor 'w'")
    try expectRefusal(["w": SafetensorsValue(.float4, [3], bytes: [0, 0])], "whole bytes for tensor 'w'")
  }

  @Test func namesThatReadersTakeForEqual() throws {
    // Swift compares strings by canonical equivalence, so such a file could not be read back into a dictionary.
    // A dictionary cannot hold both names either; what is checked is that the header's checks run when writing.
    let tensors = ["e\u{301}": SafetensorsValue(floats: [1], [1])]
    try Safetensors.write(tensors, to: url)
    #expect(try SafetensorsFile(contentsOf: url).contains("é"))
  }

  @Test func tensorThatCannotBeProduced() throws {
    struct Failure: Error {}
    #expect(throws: Failure.self) {
      try Safetensors.write(
        [
          "a": SafetensorsValue(floats: [1], [1]),
          "b": SafetensorsValue(.float32, [1]) { _ in throw Failure() },
        ], to: url)
    }
    #expect(try Data(contentsOf: url) == old)
    #expect(try folder.names == ["model.safetensors"])
  }

  @Test func folderThatIsMissingOrAFile() throws {
    for (parent, reason) in [
      ("missing", "No such file or directory"), ("model.safetensors", "Not a directory"),
    ] {
      let inside = folder.url.appendingPathComponent(parent).appendingPathComponent("x.safetensors")
      let error = #expect(throws: MartletError.self) { try Safetensors.write([:], to: inside) }
      #expect(error?.message.contains("\(parent)/x.safetensors: cannot be written: \(reason)") == true)
    }
    #expect(try folder.names == ["model.safetensors"])
  }

  @Test func nameThatIsAFolder() throws {
    let taken = folder.url.appendingPathComponent("taken")
    try FileManager.default.createDirectory(at: taken, withIntermediateDirectories: true)
    let error = #expect(throws: MartletError.self) { try Safetensors.write([:], to: taken) }
    #expect(error?.message.contains("taken: cannot be written: Is a directory") == true)
    #expect(try folder.names == ["model.safetensors", "taken"])
  }

  /// In a process of its own, whose files may not grow: as on a full disk, some bytes are written and then no more.
  @Test func fileThatCannotGrow() async {
    await #expect(processExitsWith: .success) {
      let tests = try SafetensorsWriteFailureTests()
      // Without its signal, which would end the process, the limit is an error of the call that writes.
      signal(SIGXFSZ, SIG_IGN)
      try #require(limitFileSizes(to: 1 << 20) == 0)
      let large = SafetensorsValue(.uint8, [4 << 20], bytes: [UInt8](repeating: 1, count: 4 << 20))
      try tests.expectRefusal(["large": large], "model.safetensors: cannot be written: File too large")
    }
  }
}

private func limitFileSizes(to byteCount: Int) -> Int32 {
  #if canImport(Glibc)
    let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
  #else
    let resource = RLIMIT_FSIZE
  #endif
  var limit = rlimit()
  guard getrlimit(resource, &limit) == 0 else { return -1 }
  limit.rlim_cur = rlim_t(byteCount)
  return setrlimit(resource, &limit)
}
