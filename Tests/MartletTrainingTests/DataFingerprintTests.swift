import Foundation
import Martlet
import MartletData
import Testing

@testable import MartletTraining

@Suite struct DataFingerprintTests {
  @Test func changesAreNamedByExample() throws {
    let pair = { (name: String) in
      DataFingerprint.Pair(
        image: "\(name).png", imageBytes: 10, imageChecksum: 1, mask: "\(name)_mask.png", maskBytes: 5,
        maskChecksum: 2)
    }
    let before = DataFingerprint(
      training: ["a", "b"].map(pair), validation: [pair("c")], normalization: .unit(channels: 1))
    #expect(before.change(to: before) == nil)
    #expect(try DataFingerprint(text: before.text) == before)
    func change(_ edit: (inout DataFingerprint) -> Void) -> String? {
      var after = before
      edit(&after)
      return before.change(to: after)
    }
    #expect(change { $0.training.removeLast() } == "b.png is no longer among the training images")
    #expect(change { $0.training.append(pair("d")) } == "d.png has come to the training images")
    #expect(change { $0.validation = [] } == "c.png is no longer among the validation images")
    #expect(
      change {
        $0.training[1].imageBytes = 11
        $0.training[1].imageChecksum = 5
      } == "the training image b.png has 11 bytes, it had 10")
    #expect(
      change { $0.validation[0].maskChecksum = 4 }
        == "the validation mask c_mask.png of c.png holds something else than before")
    // A folder's size says nothing where its files are the same.
    #expect(change { $0.validation[0].maskBytes = 4096 } == nil)
    // Earlier versions knew sizes only.
    #expect(
      change {
        $0.training[1].imageChecksum = nil
        $0.training[1].imageBytes = 11
      } == "the training image b.png has 11 bytes, it had 10")
    #expect(change { $0.training[0].mask = "a.tif" } == "the mask of a.png is a.tif, it was a_mask.png")
    #expect(
      change { $0.normalization = .unit(channels: 3) } == "pixels have another mean or deviation than before")
  }

  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func file(_ name: String, _ text: String) throws -> URL {
    let url = folder.url.appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
    return url
  }

  @Test func checksumsAreOfContents() throws {
    // The check value of CRC-32C.
    let digits = try file("digits", "123456789")
    #expect(try ContentChecksums.of([digits]) == [digits: 0xE306_9283])
    // Longer than a block.
    let long = try file("long", String(repeating: "a", count: (1 << 20) + 3))
    let before = try ContentChecksums.of([long])
    _ = try file("long", String(repeating: "a", count: (1 << 20) + 2) + "b")
    #expect(try ContentChecksums.of([long]) != before)

    // A folder is what its files are called and hold, and a header what its voxels are too.
    _ = try file("masks/1.png", "a")
    let masks = folder.url.appendingPathComponent("masks")
    let one = try ContentChecksums.of([masks])
    _ = try file("masks/.DS_Store", "a")
    #expect(try ContentChecksums.of([masks]) == one)
    _ = try file("masks/1.png", "b")
    let other = try ContentChecksums.of([masks])
    _ = try file("masks/2.png", "")
    #expect(try other != one && ContentChecksums.of([masks]) != other)
    let header = try file("scan.hdr", "header")
    let bare = try ContentChecksums.of([header])
    _ = try file("scan.img", "voxels")
    #expect(try ContentChecksums.of([header]) != bare)

    let missing = folder.url.appendingPathComponent("missing")
    let error = #expect(throws: MartletError.self) { try ContentChecksums.of([digits, missing]) }
    #expect(error?.message.contains("missing: cannot be read: No such file") == true)
  }

  @Test func validationImagesAreTheOnesThatTheyWere() throws {
    func samples(_ names: [String], mask: String? = nil) throws -> [SampleFiles] {
      try names.map { name in
        SampleFiles(
          image: try file("\(name).png", name),
          mask: try mask.map { folder.url.appendingPathComponent($0) } ?? file("\(name)_mask.png", name),
          name: "\(name).png")
      }
    }
    var all = try samples(["a", "b", "c"])
    let run = DataFingerprint(
      training: [], validation: try DataFingerprint.Pair.pairs([all[2], all[0]]),
      normalization: .unit(channels: 1))
    func failure() -> String? {
      do {
        #expect(try run.validationPositions(among: all, in: "images") == [2, 0])
        return nil
      } catch {
        return "\(error)"
      }
    }
    #expect(failure() == nil)
    _ = try file("b.png", "x")
    #expect(failure() == nil, "b is none of them")
    _ = try file("a_mask.png", "x")
    #expect(failure()?.contains("the validation mask a_mask.png of a.png holds something else") == true)
    _ = try file("a_mask.png", "a")
    _ = try file("c.png", "x")
    #expect(failure()?.contains("image c.png holds something else") == true)
    all.removeLast()
    #expect(failure()?.contains("images no longer holds c.png") == true)

    // Annotations of all images in one file may grow.
    _ = try file("all.json", "1")
    all = try samples(["a", "b"], mask: "all.json")
    let annotated = DataFingerprint(
      training: [], validation: try DataFingerprint.Pair.pairs([all[0]]), normalization: .unit(channels: 1))
    _ = try file("all.json", "12")
    #expect(try annotated.validationPositions(among: all, in: "images") == [0])
  }
}
