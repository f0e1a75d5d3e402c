import Foundation
import Testing

@Suite("martlet preview, datasets inspect and annotated datasets", .serialized)
struct DatasetCommandTests {
  private func configuration(_ scratch: Scratch) throws -> String {
    let file = scratch.path("run.yaml")
    let text = """
      images: \(scratch.path("cells/images"))
      masks: \(scratch.path("cells/masks"))
      size: 32
      batch-size: 2
      output: \(scratch.path("run"))
      augmentation: {rotation: {probability: 1}, mosaic: {}, hue: {}, cutOut: {labels: ignore}}
      """
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    return file
  }

  @Test("a preview is the same whatever the threads, and another in another epoch")
  func previews() throws {
    let scratch = try Scratch()
    try scratch.cells()
    let file = try configuration(scratch)
    func preview(_ name: String, _ more: [String] = [], threads: String = "1") throws -> Data {
      let result = try Program.run(
        ["preview", file, "--output", scratch.path(name), "--count", "3", "--columns", "2"] + more,
        environment: ["MARTLET_THREADS": threads])
      #expect(result.status == 0, "\(result.errors)")
      return try scratch.data(name)
    }
    let first = try preview("a.png")
    // Two columns of 32 pixels with gaps of 6, in two rows.
    #expect(Array(first[16..<24]) == [0, 0, 0, 82, 0, 0, 0, 108])
    #expect(try preview("b.png", threads: "2") == first)
    #expect(try preview("c.png", ["--epoch", "1"]) != first)
    // What is mixed is shown mixed.
    let text = try String(contentsOfFile: file, encoding: .utf8)
    try (text + "\nmix-up: 4\n").write(toFile: file, atomically: true, encoding: .utf8)
    #expect(try preview("d.png") != first)
    #expect(!FileManager.default.fileExists(atPath: scratch.path("run")))
  }

  @Test("a preview takes a run folder")
  func previewOfARun() throws {
    let scratch = try Scratch()
    try scratch.cells()
    #expect(try Program.run(scratch.trainArguments("run", epochs: 1)).status == 0)
    let result = try Program.run(["preview", scratch.path("run"), "--output", scratch.path("sheet.png")])
    #expect(result.status == 0 && result.output.contains("sheet.png"), "\(result.errors)")
  }

  @Test("what cannot be previewed is refused")
  func previewRefusals() throws {
    let scratch = try Scratch()
    try scratch.cells()
    let file = try configuration(scratch)
    let sheet = scratch.path("s.png")
    try expectRefusal(["preview", file, "--output", sheet, "--count", "0"], mentioning: ["samples, got 0"])
    try expectRefusal(["preview", file, "--output", sheet, "--columns", "-1"], mentioning: ["got -1"])
    try expectRefusal(["preview", file, "--output", sheet, "--epoch", "-1"], mentioning: ["got -1"])
    try expectRefusal(["preview", file, "--output", scratch.path("s.gif")], mentioning: ["s.gif"])
    try expectRefusal(["preview", scratch.path("no.yaml"), "--output", sheet], mentioning: ["no.yaml"])
    try "task: recommendation\n".write(toFile: scratch.path("r.yaml"), atomically: true, encoding: .utf8)
    try expectRefusal(
      ["preview", scratch.path("r.yaml"), "--output", sheet], mentioning: ["expected a run of segmentation"])
  }

  @Test("datasets are inspected as a table and as JSON")
  func inspects() throws {
    let scratch = try Scratch()
    try scratch.cells()
    let table = try Program.run(["datasets", "inspect", scratch.path("cells")])
    #expect(table.status == 0 && table.output.contains("foreground"), "\(table.errors)")
    let json = try Program.run([
      "datasets", "inspect", scratch.path("cells/images"), scratch.path("cells/masks"), "--json",
    ])
    let values = try #require(
      try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    #expect(values["images"] as? Int == 6 && (values["problems"] as? [String]) == [])

    try FileManager.default.removeItem(atPath: scratch.path("cells/masks/cell_0001.png"))
    let broken = try Program.run(["datasets", "inspect", scratch.path("cells")])
    #expect(broken.status == 2 && broken.output.contains("1 image without a mask"))
    try expectRefusal(["datasets", "inspect", scratch.path("nothing")], mentioning: ["nothing"])
    try expectRefusal(
      ["datasets", "inspect", scratch.path("cells"), "--format", "xyz"], mentioning: ["xyz"])
    let encoded = try Program.run([
      "datasets", "inspect", scratch.path("cells/images"), scratch.path("cells/instances"), "--mask-encoding",
      "nonzero", "--json",
    ])
    #expect(encoded.output.contains(#""encoding" : "nonzero""#), "\(encoded.output)\(encoded.errors)")
  }

  @Test("one folder can hold images and masks, in training and evaluation as in inspection")
  func onePlace() throws {
    let scratch = try Scratch()
    try scratch.cells()
    // Masks beside their images.
    let mixed = URL(filePath: scratch.path("mixed"))
    try FileManager.default.copyItem(atPath: scratch.path("cells/images"), toPath: mixed.path)
    for name in try FileManager.default.contentsOfDirectory(atPath: scratch.path("cells/masks")) {
      let stem = String(name.dropLast(4))
      try FileManager.default.copyItem(
        atPath: scratch.path("cells/masks/\(name)"), toPath: mixed.appending(path: "\(stem)_mask.png").path)
    }
    func figures(_ arguments: [String]) throws -> String {
      let result = try Program.run(arguments)
      try #require(result.status == 0, "\(result.errors)")
      return result.output
    }
    _ = try figures(scratch.trainArguments("two", epochs: 1))
    let expected = try figures(["evaluate", scratch.path("two"), "--json"])
    for place in ["cells", "mixed"] {
      _ = try figures(["datasets", "inspect", scratch.path(place)])
      var arguments = scratch.trainArguments("run-\(place)", epochs: 1)
      let masks = try #require(arguments.firstIndex(of: "--masks"))
      arguments.removeSubrange(masks...masks + 1)
      arguments[try #require(arguments.firstIndex(of: "--images")) + 1] = scratch.path(place)
      _ = try figures(arguments)
      #expect(try figures(["evaluate", scratch.path("run-\(place)"), "--json"]) == expected)
      let whole = try figures(["evaluate", scratch.path("two"), "--json", "--images", scratch.path(place)])
      let values = try #require(
        try JSONSerialization.jsonObject(with: Data(whole.utf8)) as? [String: Any])
      #expect(values["images"] as? Int == 6)
      // Nothing comes to lie among what was found there.
      let among = scratch.path(place == "cells" ? "cells/images/new.onnx" : "mixed/new.onnx")
      try expectRefusal(
        ["export", scratch.path("run-\(place)"), "--output", among], mentioning: ["which is read"])
    }
    try expectRefusal(
      ["evaluate", scratch.path("two"), "--masks", scratch.path("cells/masks")],
      mentioning: ["without images"])
    try expectRefusal(
      ["datasets", "inspect", scratch.path("cells/images")], mentioning: ["folder of their own, give it too"])
  }

  @Test("a run trains on COCO's annotations, is evaluated on them, and goes on with no others")
  func trainsOnAnnotations() throws {
    let scratch = try Scratch()
    try scratch.cells()
    let images = (0..<6).map {
      #"{"id": \#($0), "file_name": "cell_000\#($0 + 1).png", "width": 32, "height": 32}"#
    }
    let annotations = (0..<6).map {
      #"{"id": \#($0), "image_id": \#($0), "category_id": 1, "segmentation": [[4, 4, 20, 4, 20, \#(9 + $0)]]}"#
    }
    func write(_ annotations: [String]) throws {
      let text =
        #"{"images": [\#(images.joined(separator: ","))], "annotations": [\#(annotations.joined(separator: ","))], "categories": [{"id": 1, "name": "cell"}]}"#
      try text.write(toFile: scratch.path("a.json"), atomically: true, encoding: .utf8)
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path("cells/images")).sorted()
    try #require(names.first == "cell_0000.png" || names.first == "cell_0001.png")
    if names.first == "cell_0000.png" {
      try FileManager.default.copyItem(
        atPath: scratch.path("cells/images/cell_0000.png"), toPath: scratch.path("cells/images/cell_0006.png")
      )
    }
    try write(annotations)
    var arguments = scratch.trainArguments("run", epochs: 1)
    arguments[arguments.firstIndex(of: scratch.path("cells/masks")) ?? 0] = scratch.path("a.json")
    let train = try Program.run(arguments)
    #expect(train.status == 0 && train.errors.contains("classes background, cell"), "\(train.errors)")
    let evaluate = try Program.run(["evaluate", scratch.path("run"), "--json"])
    #expect(evaluate.status == 0, "\(evaluate.errors)")
    let other = try Program.run([
      "evaluate", scratch.path("run"), "--images", scratch.path("cells/images"), "--masks",
      scratch.path("a.json"), "--format", "coco",
    ])
    #expect(other.status == 0 && other.output.contains("cell"), "\(other.errors)")
    // Files of 0 and 255 are read as such, whatever the drawn masks meant by 255.
    let files = try Program.run([
      "evaluate", scratch.path("run"), "--images", scratch.path("cells/images"), "--masks",
      scratch.path("cells/masks"), "--json",
    ])
    let figures = try #require(
      try JSONSerialization.jsonObject(with: Data(files.output.utf8)) as? [String: Any])
    let cell = try #require((figures["classes"] as? [[String: Any]])?.last)
    #expect(cell["pixels"] as? Int ?? 0 > 0, "\(files.output)\(files.errors)")

    try write(Array(annotations.dropLast()))
    try expectRefusal(["train", "--resume", scratch.path("run")], mentioning: ["a.json"])
    try expectRefusal(
      scratch.trainArguments("other") + ["--format", "pictures"],
      mentioning: ["pictures", "auto"])
  }
}
