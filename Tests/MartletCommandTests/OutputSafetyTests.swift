import Foundation
import Testing

@Suite("Nothing is overwritten or lost unseen", .serialized)
struct OutputSafetyTests {
  private func trained(_ scratch: Scratch) throws {
    try scratch.cells()
    try #require(try Program.run(scratch.trainArguments("run", epochs: 1)).status == 0)
  }

  @Test("predict refuses masks and overlays that would replace inputs or each other, before it writes any")
  func predictCollisions() throws {
    let scratch = try Scratch()
    try trained(scratch)
    func copy(_ name: String) throws {
      try FileManager.default.copyItem(
        atPath: scratch.path("cells/images/cell_0001.png"), toPath: scratch.path(name))
    }
    try FileManager.default.createDirectory(
      atPath: scratch.path("photos"), withIntermediateDirectories: true)
    for name in ["photos/a.png", "photos/a_overlay.png", "photos/b.tif"] { try copy(name) }
    let before = try scratch.data("photos/a_overlay.png")
    try FileManager.default.createSymbolicLink(
      atPath: scratch.path("link"), withDestinationPath: scratch.path("photos"))
    func refuse(_ files: [String], _ output: String, _ words: String...) throws {
      let result = try Program.run(
        ["predict", scratch.path("run")] + files.map(scratch.path) + [
          "--overlay", "--output", scratch.path(output),
        ])
      #expect(result.status == 2)
      for word in words { #expect(result.errors.contains(word), "\(result.errors)") }
    }
    try refuse(["photos/a.png"], "photos", "would replace")
    try refuse(["photos/a.png"], "link", "would replace")
    // The overlay of one image is another image.
    try refuse(["photos/b.tif", "photos/a_overlay.png", "photos/a.png"], "photos", "would replace")
    // The mask of one image is the overlay of another.
    try refuse(["photos/a.png", "photos/a_overlay.png"], "masks", "would both be written to")
    // Masks would come to lie among the images of a folder, where none has the name of one.
    try FileManager.default.createDirectory(
      atPath: scratch.path("scans"), withIntermediateDirectories: true)
    try copy("scans/c.tif")
    try refuse(["scans"], "scans", "which is read")
    #expect(try scratch.data("photos/a_overlay.png") == before)
    for name in ["masks", "photos/b.png", "photos/b_overlay.png"] {
      #expect(!FileManager.default.fileExists(atPath: scratch.path(name)), "\(name)")
    }
  }

  @Test("weights that a configuration names are read and not replaced")
  func configuredWeights() throws {
    let scratch = try Scratch()
    try trained(scratch)
    let weights = try scratch.data("run/model.safetensors")
    try weights.write(to: scratch.url.appending(path: "w.safetensors"))
    try "model: unet\nweights: \(scratch.path("w.safetensors"))\n".write(
      toFile: scratch.path("network.yaml"), atomically: true, encoding: .utf8)
    for arguments in [
      ["export", scratch.path("network.yaml")],
      ["export", "unet", "--set", "weights=\(scratch.path("w.safetensors"))"],
    ] {
      let result = try Program.run(arguments + ["--output", scratch.path("w.safetensors"), "--overwrite"])
      #expect(result.status == 2 && result.errors.contains("would replace"), "\(result.errors)")
      #expect(try scratch.data("w.safetensors") == weights)
    }
  }

  @Test("files that are there are replaced only when that is asked for, and a run's data never")
  func existingFiles() throws {
    let scratch = try Scratch()
    try trained(scratch)
    let (image, mask) = ("cells/images/cell_0001.png", "cells/masks/cell_0001.png")
    let (truth, picture) = (try scratch.data(mask), try scratch.data(image))
    try FileManager.default.createDirectory(
      atPath: scratch.path("photos"), withIntermediateDirectories: true)
    try picture.write(to: scratch.url.appending(path: "photos/cell_0001.png"))
    try FileManager.default.copyItem(atPath: scratch.path("cells/masks"), toPath: scratch.path("other"))
    func predict(_ output: String, _ flags: String...) throws -> Program.Result {
      try Program.run(
        [
          "predict", scratch.path("run"), scratch.path("photos/cell_0001.png"), "--output",
          scratch.path(output),
        ]
          + flags)
    }
    // The masks of another dataset, of the run's own, and images.
    let refused = try predict("other")
    #expect(refused.status == 2 && refused.errors.contains("cell_0001.png is there already; --overwrite"))
    for folder in ["cells/masks", "cells/images", "run", "run/checkpoints"] {
      for flags in [[], ["--overwrite"]] {
        let result = try Program.run(
          [
            "predict", scratch.path("run"), scratch.path("photos/cell_0001.png"), "--output",
            scratch.path(folder),
          ]
            + flags)
        #expect(result.status == 2 && result.errors.contains("which is read"), "\(folder): \(result.errors)")
      }
    }
    #expect(try scratch.data(mask) == truth && scratch.data(image) == picture)
    // Once more to where it wrote before.
    #expect(try predict("masks").status == 0)
    let again = try predict("masks", "--overlay", "--overwrite")
    #expect(
      again.status == 0 && FileManager.default.fileExists(atPath: scratch.path("masks/cell_0001_overlay.png"))
    )
    let both = try predict("masks", "--overlay")
    #expect(both.errors.contains("cell_0001.png and 1 other file are there already"), "\(both.errors)")

    // The same of a preview and of a tensor.
    try expectRefusal(
      ["preview", scratch.path("run"), "--output", scratch.path(image), "--overwrite"],
      mentioning: ["in the folder", "which is read"])
    try expectRefusal(
      ["preview", scratch.path("run"), "--output", scratch.path("other/cell_0001.png")],
      mentioning: ["is there already"])
    #expect(
      try Program.run(
        ["preview", scratch.path("run"), "--output", scratch.path("other/cell_0001.png"), "--overwrite"]
      ).status == 0)
    #expect(try scratch.data(image) == picture)
  }

  @Test("an exported network replaces neither what its run keeps nor what it was trained on")
  func exported() throws {
    let scratch = try Scratch()
    try trained(scratch)
    func export(_ output: String, _ flags: String...) throws -> Program.Result {
      try Program.run(["export", scratch.path("run"), "--output", scratch.path(output)] + flags)
    }
    let kept = [
      "run/model.safetensors", "run/checkpoints/last.safetensors", "run/config.yaml",
      "cells/images/cell_0001.png",
      "cells/masks/cell_0001.png",
    ]
    let before = try kept.map(scratch.data)
    for file in kept + ["run/new.onnx"] {
      let result = try export(file, "--overwrite")
      #expect(
        result.status == 2 && result.errors.contains("expected another file for the results"),
        "\(result.errors)")
    }
    #expect(try kept.map(scratch.data) == before)
    #expect(!FileManager.default.fileExists(atPath: scratch.path("run/new.onnx")))
    let made = try export("a.onnx")
    #expect(made.status == 0 && made.output == "wrote \(scratch.path("a.onnx"))\n", "\(made.errors)")
    let refused = try export("a.onnx")
    #expect(
      refused.status == 2 && refused.errors.contains("is there already; --overwrite"), "\(refused.errors)")
    #expect(try export("a.onnx", "--overwrite").status == 0)
  }

  @Test("a folder that is missing is named before the work by commands that make none")
  func missingFolder() throws {
    let scratch = try Scratch()
    try trained(scratch)
    let run = scratch.path("run")
    for (arguments, name) in [
      (["export", run], "a.onnx"), (["preview", run], "a.png"),
      (["calibrate", run, scratch.path("cells/masks")], "a.json"),
      // The work would begin with a file that is not there.
      (["run", run, "--input", scratch.path("nothing.safetensors")], "a.safetensors"),
    ] {
      let output = scratch.path("none/\(name)")
      try expectRefusal(
        arguments + ["--output", output], mentioning: ["\(output): there is no folder ", "/none"])
    }
    #expect(!FileManager.default.fileExists(atPath: scratch.path("none")))
  }

  @Test("an empty output is refused by every command that writes")
  func emptyOutput() throws {
    let scratch = try Scratch()
    for arguments in [
      ["synthesize", "cells", "--count", "1", "--size", "32"],
      ["train", "segmentation", "--images", scratch.path("i"), "--masks", scratch.path("m")],
      ["predict", scratch.path("run"), scratch.path("a.png")],
    ] {
      let result = try Program.run(arguments + ["--output", ""])
      #expect(result.status == 2)
      #expect(result.errors.contains("output: expected a folder, got an empty name"), "\(result.errors)")
    }
  }

  @Test("results that cannot be written are an error")
  func fullOutput() throws {
    let scratch = try Scratch()
    try trained(scratch)
    guard let full = FileHandle(forWritingAtPath: "/dev/full") else { return }
    for arguments in [
      ["evaluate", scratch.path("run"), "--json"], ["summary", scratch.path("run"), "--input", "1x3x32x32"],
    ] {
      let result = try Program.run(arguments, output: full)
      #expect(result.status == 2)
      #expect(result.errors.contains("standard output: cannot be written"), "\(result.errors)")
    }
  }
}
