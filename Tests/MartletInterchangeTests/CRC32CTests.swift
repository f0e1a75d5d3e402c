import MartletInterchange
import MartletKernels
import Testing

@Suite struct CRC32CTests {
  /// The examples of RFC 3720, appendix B.4, and the usual check value.
  static let published: [([UInt8], UInt32)] = [
    ([], 0),
    (Array("123456789".utf8), 0xE306_9283),
    ([UInt8](repeating: 0, count: 32), 0x8A91_36AA),
    ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
    ([UInt8](0..<32), 0x46DD_794E),
    ([UInt8]((0..<32).reversed()), 0x113F_DB5C),
  ]

  @Test(arguments: published)
  func agreesWithPublishedValues(bytes: [UInt8], expected: UInt32) {
    for set in InstructionSet.available {
      #expect(InstructionSet.with(set) { CRC32C.checksum(bytes) } == expected, "\(set)")
    }
  }

  /// Long inputs, which are taken in runs side by side where the set has an instruction.
  @Test(arguments: [12_287, 12_288, 12_289, 24_575, 24_576, 40_007])
  func longInputsAreTheSameOnAllSets(count: Int) {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) }
    let results = InstructionSet.available.map { set in InstructionSet.with(set) { CRC32C.checksum(bytes) } }
    #expect(results.allSatisfy { $0 == results[0] })
    // Each of the runs matters, and where it stands.
    for place in [0, 4096, 8192, count - 1] {
      var other = bytes
      other[place] ^= 1
      #expect(CRC32C.checksum(other) != results[0], "byte \(place)")
    }
  }

  @Test func doesNotDependOnHowTheBytesAreCut() {
    let bytes = (0..<61).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
    let expected = InstructionSet.with(.portable) { CRC32C.checksum(bytes) }
    for set in InstructionSet.available {
      #expect(InstructionSet.with(set) { CRC32C.checksum(bytes) } == expected)
    }
    for cut in 0...bytes.count {
      var crc = CRC32C()
      bytes.withUnsafeBytes { whole in
        crc.update(UnsafeRawBufferPointer(rebasing: whole[..<cut]))
        crc.update(UnsafeRawBufferPointer(rebasing: whole[cut...]))
      }
      #expect(crc.value == expected, "cut at \(cut)")
    }
  }
}
