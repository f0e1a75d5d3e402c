import Foundation
import Martlet
import MartletKernels
import Testing

@testable import MartletData

/// Headers that cannot be meant, files that are cut short and bytes that are changed give an error, or a volume of the
/// size that the header says; nothing traps, and no memory is taken for what a file cannot hold.
@Suite struct NIfTIBadInputTests {
  private func text(_ bytes: [UInt8], name: String = "a.nii") throws -> String {
    let folder = try TemporaryFolder()
    let path = try folder.file(name, holding: bytes)
    do {
      _ = try Volume(contentsOf: path)
      return ""
    } catch let error as MartletError {
      #expect(error.message.hasPrefix(path), "\(error)")
      return error.message
    }
  }

  private func changed(_ name: String = "int16.nii", _ changes: [(Int, [UInt8])]) throws -> [UInt8] {
    var bytes = try VolumeFixture.bytes(name)
    for (offset, new) in changes { bytes.replaceSubrange(offset..<offset + new.count, with: new) }
    return bytes
  }

  private func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
  }

  @Test func hostileHeaders() throws {
    let float = { (value: Float) in little(value.bitPattern) }
    let cases: [([(Int, [UInt8])], String)] = [
      ([(0, little(Int32(999)))], "expected a NIfTI header, whose first number is 348 or 540, got 999"),
      ([(344, Array("nix\0".utf8))], "expected the mark of NIfTI-1"),
      ([(344, [0, 0, 0, 0])], "ANALYZE 7.5"),
      ([(40, little(Int16(0)))], "expected 1 to 7 axes in dim, got 0"),
      ([(40, little(Int16(8)))], "expected 1 to 7 axes in dim, got 8"),
      ([(42, little(Int16(-4)))], "expected lengths above 0 in dim"),
      ([(44, little(Int16(0)))], "expected lengths above 0 in dim"),
      ([(40, little(Int16(5))), (48, little(Int16(2))), (50, little(Int16(2)))], "one axis of channels"),
      ([(42, little(Int16(32767))), (44, little(Int16(32767))), (46, little(Int16(32767)))], "at most"),
      ([(70, little(Int16(128)))], "got rgb24 (128)"),
      ([(70, little(Int16(-1)))], "an unknown type (-1)"),
      ([(108, float(.nan))], "vox_offset"),
      ([(108, float(-1))], "vox_offset"),
      ([(108, float(1e30))], "vox_offset"),
      ([(108, float(347))], "vox_offset"),
      ([(108, float(352.5))], "vox_offset"),
      ([(112, float(1)), (116, float(.infinity))], "expected a finite scl_inter"),
      ([(112, float(3e38)), (116, float(0))], "expected finite numbers"),
      ([(80, float(.nan))], "expected an affine map of finite numbers"),
      ([(254, little(Int16(1)))], "expected voxels of a size above 0"),
      ([(344, Array("ni1\0".utf8))], "expected a name that ends in .hdr"),
    ]
    for (changes, expected) in cases {
      let message = try text(changed("float32.nii", changes))
      #expect(message.contains(expected), "\(changes): \(message)")
    }
    // The second version's lengths are of 64 bits.
    let huge = (0..<3).map { (24 + 8 * $0, little(Int64.max / 2)) }
    #expect(try text(changed("second.nii", huge)).contains("expected voxels that can be counted"))
    let many = [(24, little(Int64(1) << 40))]
    #expect(try text(changed("second.nii", many)).contains("a file that holds"))
  }

  @Test("a slope that is none leaves numbers as they are")
  func slopes() throws {
    let folder = try TemporaryFolder()
    for slope: Float in [0, .nan, .infinity] {
      let bytes = try changed(
        "int16.nii", [(112, little(slope.bitPattern)), (116, little(Float(7).bitPattern))])
      let volume = try Volume(contentsOf: folder.file("a.nii", holding: bytes))
      #expect(volume.values.first == -12)
    }
  }

  @Test("files that end early", arguments: ["int16.nii", "scaled.nii.gz", "second_big.nii.gz"])
  func truncated(_ name: String) throws {
    let bytes = try VolumeFixture.bytes(name)
    for count in bytes.indices {
      #expect(try !text(Array(bytes[..<count]), name: name).isEmpty, "\(count) bytes of \(name)")
    }
    #expect(try text(bytes, name: name) == "")
  }

  @Test("bytes that are changed at random", arguments: ["int16.nii", "scaled.nii.gz", "second.nii"])
  func flipped(_ name: String) throws {
    let folder = try TemporaryFolder()
    let bytes = try VolumeFixture.bytes(name)
    var generator = PhiloxGenerator(seed: 9, stream: 0)
    for _ in 0..<1500 {
      var damaged = bytes
      for _ in 0..<1 + Int(generator.next() % 3) {
        damaged[Int(generator.next() % UInt64(bytes.count))] ^= UInt8(1 << (generator.next() % 8))
      }
      let path = try folder.file(name, holding: damaged)
      do {
        let volume = try Volume(contentsOf: path)
        #expect(volume.values.count == volume.size.count * volume.channels)
        #expect(volume.geometry.spacing.allSatisfy { $0 > 0 })
      } catch is MartletError {}
    }
  }

  @Test("a checksum that is wrong, and what unpacks to more than its header says, are refused")
  func packed() throws {
    var bytes = try VolumeFixture.bytes("scaled.nii.gz")
    bytes[bytes.count - 6] ^= 1
    #expect(try text(bytes, name: "a.nii.gz").contains("its packed data is damaged"))

    // A hundred megabytes of zeros in a hundred kilobytes, behind a header of a few voxels.
    let folder = try TemporaryFolder()
    let draft = try PackedDraft(folder.file("bomb.nii.gz"))
    try VolumeFixture.bytes("int16.nii").withUnsafeBytes { try draft.append($0) }
    let zeros = [UInt8](repeating: 0, count: 1 << 20)
    for _ in 0..<100 { try zeros.withUnsafeBytes { try draft.append($0) } }
    try draft.commit()
    let error = #expect(throws: MartletError.self) { try Volume(contentsOf: folder.file("bomb.nii.gz")) }
    #expect(error?.message.contains("expected the end after 48 bytes of voxels") == true)
  }

  @Test func otherFiles() throws {
    let folder = try TemporaryFolder()
    for path in [folder.path, folder.file("none.nii"), "/dev/null"] {
      let error = #expect(throws: MartletError.self) { try Volume(contentsOf: path) }
      #expect(error?.message.hasPrefix(path) == true)
    }
    let header = try VolumeFixture.bytes("pair.hdr")
    let alone = try folder.file("alone.hdr", holding: header)
    let error = #expect(throws: MartletError.self) { try Volume(contentsOf: alone) }
    #expect(error?.message.contains("got nothing there") == true)
  }
}
