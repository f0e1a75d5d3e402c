import Foundation
import Martlet
import MartletFiles
import Testing

@testable import MartletInterchange

@Suite("Damaged PyTorch files end in an error or in tensors, never in a crash")
struct PyTorchDamageTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  static let files = [
    "parameters.pt", "parameters_legacy.pt", "views.pt", "types_legacy.pt", "checkpoint.pt",
  ]

  @Test("every truncation is refused", arguments: ["parameters.pt", "parameters_legacy.pt"])
  func truncation(_ name: String) throws {
    let whole = try PyTorchFixtures.bytes(name)
    for count in 0..<whole.count {
      let url = try folder.file("cut.pt", Array(whole[..<count]))
      #expect(throws: MartletError.self, "cut to \(count) bytes") { try loadWeights(url) }
    }
  }

  /// Reads a file that may be damaged in any way; an error of another kind than ours fails the test.
  private func read(_ bytes: [UInt8]) throws -> Bool {
    let url = try folder.file("damaged.pt", bytes)
    do {
      _ = try loadWeights(url)
      return true
    } catch is MartletError {
      return false
    }
  }

  @Test("bytes changed at random", arguments: files)
  func flips(_ name: String) throws {
    let whole = try PyTorchFixtures.bytes(name)
    var random = SplitMix(state: 7)
    var accepted = 0
    for _ in 0..<1000 {
      var bytes = whole
      for _ in 0...(random.next() % 4) {
        let place = Int(random.next() % UInt64(bytes.count))
        // Numbers at their limits find more than others.
        let values: [UInt8] = [0, 0xFF, 0x7F, 0x80, 1, UInt8(truncatingIfNeeded: random.next())]
        bytes[place] = values[Int(random.next() % 6)]
      }
      if try read(bytes) { accepted += 1 }
    }
    #expect(accepted > 0, "changes in the numbers cannot be noticed")
  }

  @Test("parts moved, dropped and repeated at random", arguments: files)
  func splices(_ name: String) throws {
    let whole = try PyTorchFixtures.bytes(name)
    var random = SplitMix(state: 11)
    for _ in 0..<300 {
      func place() -> Int { Int(random.next() % UInt64(whole.count)) }
      let (a, b, c) = (place(), place(), place())
      _ = try read(Array(whole[..<a]) + whole[min(b, c)..<max(b, c)] + whole[a...])
      _ = try read(Array(whole[..<min(a, b)]) + whole[max(a, b)...])
    }
  }

  @Test("opcodes changed within the pickle", arguments: ["parameters.pt", "views.pt"])
  func opcodes(_ name: String) throws {
    let whole = try PyTorchFixtures.bytes(name)
    let pickle = try #require(whole.firstRange(of: [0x80, 2]))
    let end = try #require(whole.firstRange(of: Array("PK\u{7}\u{8}".utf8))).lowerBound
    let opcodes: [UInt8] = Array("(.cR\u{81}bt)]}aesuNJKMGXUQqrhj".unicodeScalars.map { UInt8($0.value) })
    for place in pickle.lowerBound..<end {
      for step in [1, 7] {
        var bytes = whole
        bytes[place] = opcodes[place * step % opcodes.count]
        _ = try read(bytes)
      }
    }
  }

  @Test("a file shortened while it is read")
  func shortened() throws {
    let whole = try PyTorchFixtures.bytes("types_legacy.pt")
    let url = try folder.file("open.pt", whole)
    let file = try PyTorchFile(ReadableFile(url.relativePath, operation: "pytorch"))
    let tensors = try StateDictSearch(heap: file.heap).tensors(in: file.root)
    let handle = try FileHandle(forWritingTo: url)
    try handle.truncate(atOffset: UInt64(whole.count - 1))
    try handle.close()
    let error = #expect(throws: MartletError.self) { try file.read(tensors) }
    #expect(error?.message.contains("the file was shortened") == true)
  }
}

/// Numbers that look random, the same in every run (Steele, Lea and Flood, OOPSLA 2014).
struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
