import MartletData
import Testing

@testable import MartletTraining

@Suite struct DataFingerprintTests {
  @Test func changesAreNamedByExample() throws {
    let pair = { (name: String) in
      DataFingerprint.Pair(image: "\(name).png", imageBytes: 10, mask: "\(name)_mask.png", maskBytes: 5)
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
      change { $0.training[1].imageBytes = 11 } == "the training image b.png has 11 bytes, it had 10")
    #expect(
      change { $0.validation[0].maskBytes = 4 } == "the validation mask c_mask.png has 4 bytes, it had 5")
    #expect(change { $0.training[0].mask = "a.tif" } == "the mask of a.png is a.tif, it was a_mask.png")
    #expect(
      change { $0.normalization = .unit(channels: 3) } == "pixels have another mean or deviation than before")
  }
}
