import Foundation
import MartletData
import Testing

@Suite("martlet evaluate", .serialized)
struct EvaluateCommandTests {
  private func object(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test("measures on masks that are stored in another way than those of the training")
  func otherMasks() throws {
    let scratch = try Scratch()
    try scratch.cells()
    try #require(try Program.run(scratch.trainArguments("run", epochs: 1)).status == 0)
    let own = try Program.run([
      "evaluate", scratch.path("run"), "--json", "--images", scratch.path("cells/images"), "--masks",
      scratch.path("cells/masks"),
    ])
    try #require(own.status == 0, "\(own.errors)")
    // The same masks as numbers of 1 where they had 255, and of 3 where nothing is to count.
    try FileManager.default.createDirectory(atPath: scratch.path("other"), withIntermediateDirectories: true)
    for file in try FileManager.default.contentsOfDirectory(atPath: scratch.path("cells/masks")) {
      let mask = try Image(contentsOf: URL(filePath: scratch.path("cells/masks/\(file)")))
      guard case .uint8(let samples) = mask.samples else { continue }
      var values = samples.map { $0 > 0 ? UInt8(1) : 0 }
      try Image(width: mask.width, height: mask.height, channels: 1, samples: .uint8(values))
        .write(to: scratch.path("other/\(file)"))
      for place in values.indices where place % mask.width < 4 { values[place] = 3 }
      try FileManager.default.createDirectory(atPath: scratch.path("part"), withIntermediateDirectories: true)
      try Image(width: mask.width, height: mask.height, channels: 1, samples: .uint8(values))
        .write(to: scratch.path("part/\(file)"))
    }
    func evaluate(_ masks: String, _ flags: String...) throws -> Program.Result {
      try Program.run(
        [
          "evaluate", scratch.path("run"), "--json", "--images", scratch.path("cells/images"), "--masks",
          scratch.path(masks),
        ]
          + flags)
    }
    let result = try evaluate("other", "--mask-encoding", "indices")
    try #require(result.status == 0, "\(result.errors)")
    #expect(result.output == own.output)
    #expect(try evaluate("part", "--mask-encoding", "indices").status == 2)
    let part = try evaluate("part", "--mask-encoding", "indices", "--ignore-index", "3")
    try #require(part.status == 0, "\(part.errors)")
    #expect(try object(part.output)["loss"] as? Double != object(own.output)["loss"] as? Double)
    for flags in [["--mask-encoding", "indices"], ["--ignore-index", "1"], ["--format", "folders"]] {
      try expectRefusal(["evaluate", scratch.path("run")] + flags, mentioning: ["without images"])
    }
  }

  @Test("measures pixels, objects, distances and calibration, and leaves out what it is told to")
  func measures() throws {
    let scratch = try Scratch()
    try scratch.cells()
    let train = try Program.run(
      scratch.trainArguments("run", epochs: 1) + ["--loss", "0.5*cross_entropy + 0.5*dice(smooth=1)"])
    try #require(train.status == 0, "\(train.errors)")
    let whole = try Program.run(["evaluate", scratch.path("run"), "--json"])
    #expect(whole.status == 0, "\(whole.errors)")
    let json = try object(whole.output)
    for key in ["instances", "calibration", "reductions", "macro_average", "weighted_average", "classes"] {
      #expect(json[key] != nil, "\(key)")
    }
    let classes = try #require(json["classes"] as? [[String: Any]])
    #expect(classes[0]["distances"] == nil && classes[1]["distances"] != nil)

    let part = try object(
      Program.run(["evaluate", scratch.path("run"), "--json", "--no-instances", "--no-distances"]).output)
    #expect(part["instances"] == nil && part["calibration"] != nil)
    let partClasses = try #require(part["classes"] as? [[String: Any]])
    #expect(partClasses[1]["distances"] == nil)
    #expect(part["mean_iou"] as? Double == json["mean_iou"] as? Double)

    let table = try Program.run(["evaluate", scratch.path("run")])
    for text in ["Precision", "instances:", "distances of", "calibration error"] {
      #expect(table.output.contains(text), "\(table.output)")
    }
    // The loss is the run's, as its figures have it.
    #expect(json["loss_name"] as? String == "0.5*cross_entropy + 0.5*dice(smooth=1)")
    #expect(table.output.contains("loss (0.5*cross_entropy + 0.5*dice(smooth=1))"))
    let rows = try String(decoding: scratch.data("run/metrics.csv"), as: UTF8.self).split(separator: "\n")
    let column = try #require(rows[0].split(separator: ",").firstIndex(of: "validation_loss"))
    #expect(json["loss"] as? Double == Double(rows[1].split(separator: ",")[column]))

    // A weights file says nothing of data, nor of a loss.
    let weights = scratch.path("run/model.safetensors")
    try expectRefusal(
      ["evaluate", weights],
      mentioning: ["expected --images, with --masks where they lie elsewhere", "is no run folder"])
    let alone = try object(
      Program.run(
        [
          "evaluate", weights, "--json", "--images", scratch.path("cells/images"), "--masks",
          scratch.path("cells/masks"),
        ]
      ).output)
    #expect(alone["loss_name"] as? String == "cross-entropy" && alone["images"] as? Int == 6)

    try expectRefusal(
      ["evaluate", scratch.path("run"), "--no-distances", "--spacing", "1", "1"],
      mentioning: ["no --spacing with --no-distances"])
    for count in ["0", "-1", "65537"] {
      try expectRefusal(
        ["evaluate", scratch.path("run"), "--batch-size", count], mentioning: ["a batch size of 1 to 65536"])
    }
    for spacing in [["1"], ["1", "0"], ["1", "nan"], ["1", "1", "1"]] {
      try expectRefusal(
        ["evaluate", scratch.path("run"), "--spacing"] + spacing, mentioning: ["spacing above 0"])
    }
  }
}
