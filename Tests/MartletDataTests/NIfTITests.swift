import Foundation
import Martlet
import Testing

@testable import MartletData

/// Files of every kind are read as `Tests/Fixtures/make_volumes.py` wrote them, and written back.
@Suite struct NIfTITests {
  @Test func thereAreFixtures() { #expect(VolumeFixture.all.count == 30) }

  @Test("every type, both orders and versions, packed or not", arguments: VolumeFixture.all.keys.sorted())
  func reads(_ name: String) throws {
    let expected = try #require(VolumeFixture.all[name])
    let volume = try Volume(contentsOf: VolumeFixture.path(name))
    let padded = [Int](repeating: 1, count: 3 - expected.shape.count) + expected.shape
    #expect(volume.size.lengths == padded)
    #expect(volume.channels == expected.channels)
    #expect(volume.values == expected.values.map { Float($0) })
  }

  @Test func geometry() throws {
    for name in ["qform.nii.gz", "sform.nii.gz"] {
      let geometry = try Volume.header(contentsOf: VolumeFixture.path(name)).geometry
      let expected = try #require(VolumeFixture.all[name]?.affine)
      for (got, wanted) in zip(geometry.affine, expected) { #expect(abs(got - wanted) < 1e-6, "\(name)") }
      for (got, wanted) in zip(geometry.spacing, [2.5, 0.75, 0.5]) { #expect(abs(got - wanted) < 1e-6) }
      #expect(geometry.orientation == "RAI")
    }
    let plain = try Volume.header(contentsOf: VolumeFixture.path("int16.nii")).geometry
    #expect(plain.spacing == [2.5, 0.75, 0.5] && plain.orientation == "RAS")
  }

  @Test("what is written is read again, with its geometry, in every type", arguments: NIfTISample.allCases)
  func writes(_ sample: NIfTISample) throws {
    let folder = try TemporaryFolder()
    let geometry = try Volume.header(contentsOf: VolumeFixture.path("qform.nii.gz")).geometry
    let values = (0..<2 * 3 * 4 * 2).map { Float($0) }
    let volume = Volume(
      size: VolumeSize(depth: 2, height: 3, width: 4), channels: 2, values: values, geometry: geometry)
    for name in ["a.nii", "a.nii.gz"] {
      try volume.write(to: folder.file(name), as: sample)
      #expect(try Volume(contentsOf: folder.file(name)) == volume, "\(name)")
    }
    // The second version keeps numbers of 64 bits.
    let header = try Volume.header(contentsOf: VolumeFixture.path("sform.nii.gz"))
    let writer = try NIfTIWriter(
      folder.file("b.nii"),
      NIfTIHeader(size: volume.size, sample: sample, geometry: header.geometry, version: header.version))
    try values.prefix(24).withContiguousStorageIfAvailable { try writer.append($0) }
    try writer.commit()
    #expect(try Volume.header(contentsOf: folder.file("b.nii")).geometry == header.geometry)
    #expect(try Volume(contentsOf: folder.file("b.nii")).values == Array(values.prefix(24)))
  }

  @Test(
    "with the header of a file that was read: of a pair, or with a scale",
    arguments: ["pair.hdr", "scaled.nii.gz"])
  func writesWithAHeaderThatWasRead(_ name: String) throws {
    let folder = try TemporaryFolder()
    let volume = try Volume(contentsOf: VolumeFixture.path(name))
    let header = try Volume.header(contentsOf: VolumeFixture.path(name))
    let writer = try NIfTIWriter(folder.file("a.nii"), header)
    try volume.values.withUnsafeBufferPointer { try writer.append($0) }
    try writer.commit()
    let again = try Volume(contentsOf: folder.file("a.nii"))
    #expect(again.values == volume.values && again.geometry == volume.geometry)
    #expect(try Volume.header(contentsOf: folder.file("a.nii")).slope == header.slope)
  }

  @Test func sizesThatWereChangedAreWritten() throws {
    let folder = try TemporaryFolder()
    var header = try Volume.header(contentsOf: VolumeFixture.path("int16.nii"))
    header.size = VolumeSize(depth: 1, height: 1, width: 40_000)
    let writer = try NIfTIWriter(folder.file("a.nii"), header)
    try [Float](repeating: 3, count: 40_000).withUnsafeBufferPointer { try writer.append($0) }
    try writer.commit()
    #expect(try Volume(contentsOf: folder.file("a.nii")).size == header.size)
    header.slope = 0
    #expect(throws: MartletError.self) { try NIfTIWriter(folder.file("b.nii"), header) }
    header.slope = 1
    header.size = VolumeSize(depth: 0, height: 1, width: 1)
    #expect(throws: MartletError.self) { try NIfTIWriter(folder.file("b.nii"), header) }
  }

  @Test func valuesThatDoNotFitAreHeldWithin() throws {
    let folder = try TemporaryFolder()
    let volume = Volume(size: VolumeSize(depth: 1, height: 1, width: 4), values: [-3, 300, 1.5, 2.4])
    try volume.write(to: folder.file("a.nii"), as: .uint8)
    #expect(try Volume(contentsOf: folder.file("a.nii")).values == [0, 255, 2, 2])
  }

  @Test("files that are written twice have equal bytes, and long axes take the second version")
  func reproducible() throws {
    let folder = try TemporaryFolder()
    let volume = Volume(
      size: VolumeSize(depth: 1, height: 1, width: 40_000), values: [Float](repeating: 1, count: 40_000))
    for name in ["a.nii.gz", "b.nii.gz"] { try volume.write(to: folder.file(name), as: .uint8) }
    let bytes = try ["a.nii.gz", "b.nii.gz"].map { try Data(contentsOf: URL(filePath: folder.file($0))) }
    #expect(bytes[0] == bytes[1] && bytes[0].count < 2000)
    #expect(try Volume(contentsOf: folder.file("a.nii.gz")) == volume)
    #expect(try Volume.header(contentsOf: folder.file("a.nii.gz")).version == .second)
    #expect(folder.names == ["a.nii.gz", "b.nii.gz"])
  }

  @Test("gzip members one after the other are one stream")
  func members() throws {
    let folder = try TemporaryFolder()
    let whole = try VolumeFixture.bytes("int16.nii")
    func packed(_ bytes: some Collection<UInt8>) throws -> [UInt8] {
      let draft = try PackedDraft(folder.file("part.gz"))
      try Array(bytes).withUnsafeBytes { try draft.append($0) }
      try draft.commit()
      return [UInt8](try Data(contentsOf: URL(filePath: folder.file("part.gz"))))
    }
    let parts = try packed(whole[..<100]) + packed(whole[100..<360]) + packed(whole[360...])
    let path = try folder.file("a.nii.gz", holding: parts + [0, 0, 0])
    #expect(
      try Volume(contentsOf: path).values == Volume(contentsOf: VolumeFixture.path("int16.nii")).values)
  }
}
