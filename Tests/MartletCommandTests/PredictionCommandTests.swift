import Foundation
import Testing

/// `martlet predict` on images: windows, objects, and what cannot be meant.
@Suite("predict in windows and with objects", .serialized)
struct PredictionCommandTests {
  /// A network of two levels that has seen a few cells, and pictures in `cells/`.
  private func trained(_ scratch: Scratch, size: Int = 96) throws {
    try scratch.cells(size: size)
    try #require(try Program.run(scratch.trainArguments("run", epochs: 1)).status == 0)
  }

  private func names(_ scratch: Scratch, _ folder: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: scratch.path(folder)).sorted()) ?? []
  }

  private func predict(
    _ scratch: Scratch, _ output: String, _ flags: [String], on image: String? = nil,
    environment: [String: String] = [:]
  ) throws -> Program.Result {
    let file = image ?? scratch.path("cells/images/cell_0001.png")
    return try Program.run(
      ["predict", scratch.path("run"), file, "--output", scratch.path(output)] + flags,
      environment: environment)
  }

  @Test func windows() throws {
    let scratch = try Scratch()
    try trained(scratch)
    func mask(_ output: String, _ flags: String...) throws -> Data {
      let result = try predict(scratch, output, flags)
      #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
      #expect(result.output == scratch.path("\(output)/cell_0001.png") + "\n")
      return try scratch.data("\(output)/cell_0001.png")
    }
    let whole = try mask("whole")
    // One window as large as the image, or larger, is the image.
    #expect(try mask("same", "--tile", "96") == whole)
    #expect(try mask("large", "--tile", "128x160").count > 0)
    let tiled = try mask("tiled", "--tile", "40x56", "--overlap", "0.4", "--tta", "d4")
    for threads in ["1", "3"] {
      let result = try predict(
        scratch, "threads\(threads)", ["--tile", "40x56", "--overlap", "0.4", "--tta", "d4"],
        environment: ["MARTLET_THREADS": threads])
      #expect(result.status == 0)
      #expect(try scratch.data("threads\(threads)/cell_0001.png") == tiled)
    }
    #expect(try mask("batch", "--tile", "48", "--batch-size", "5", "--blend", "constant").count > 0)
  }

  /// A packed file changes no mask, is made anew where it does not fit, and replaces nothing else.
  @Test func packed() throws {
    let scratch = try Scratch()
    try trained(scratch)
    let file = scratch.path("packed")
    func mask(_ output: String, _ flags: [String], says words: String? = nil) throws -> Data {
      let result = try predict(scratch, output, flags)
      #expect(result.status == 0, "\(result.errors)")
      #expect(words.map(result.errors.contains) ?? result.errors.isEmpty, "\(result.errors)")
      return try scratch.data("\(output)/cell_0001.png")
    }
    let expected = try mask("plain", [])
    #expect(try mask("first", ["--packed", file]) == expected)
    let made = try scratch.data("packed")
    #expect(try mask("second", ["--packed", file]) == expected)
    #expect(try mask("windows", ["--packed", file, "--tile", "48"]) == mask("tiled", ["--tile", "48"]))
    #expect(try scratch.data("packed") == made)

    // In the header, and in the constants.
    for position in [40, made.count / 2] {
      var damaged = made
      damaged[position] ^= 1
      try damaged.write(to: URL(filePath: file))
      let masks = "damaged-\(position)"
      #expect(try mask(masks, ["--packed", file], says: "it is made anew") == expected)
      #expect(try scratch.data("packed") == made)
    }
    let training = try Program.run(scratch.trainArguments("other", epochs: 1) + ["--seed", "9"])
    try #require(training.status == 0, "\(training.errors)")
    let other = try Program.run([
      "predict", scratch.path("other"), scratch.path("cells/images/cell_0001.png"), "--output",
      scratch.path("others"), "--packed", file,
    ])
    #expect(other.status == 0 && other.errors.contains("other weights"), "\(other.errors)")
    #expect(try scratch.data("packed") != made)

    for name in ["cells/images/cell_0001.png", "run/model.safetensors", "run/config.yaml"] {
      let before = try scratch.data(name)
      let refused = try predict(scratch, "refused", ["--packed", scratch.path(name)])
      #expect(refused.status == 2 && refused.errors.contains("another file"), "\(refused.errors)")
      #expect(try scratch.data(name) == before)
    }
  }

  @Test func tuned() throws {
    let scratch = try Scratch()
    try trained(scratch)
    let flags = ["--tune", scratch.path("choices.json")]
    #expect(try predict(scratch, "first", flags).status == 0)
    let kept = try scratch.data("choices.json")
    #expect(try predict(scratch, "second", flags).errors.isEmpty)
    #expect(try scratch.data("choices.json") == kept)
    // The same choices give the same bytes.
    #expect(try scratch.data("first/cell_0001.png") == scratch.data("second/cell_0001.png"))
    let picture = scratch.path("cells/images/cell_0001.png")
    let before = try Data(contentsOf: URL(filePath: picture))
    let useless = try predict(scratch, "third", ["--tune", picture])
    #expect(useless.status == 2 && useless.errors.contains("expected a file of choices"), "\(useless.errors)")
    #expect(try Data(contentsOf: URL(filePath: picture)) == before)
    let nowhere = try predict(scratch, "fourth", ["--tune", scratch.path("none/choices.json")])
    #expect(
      nowhere.status == 2 && nowhere.errors.contains("expected a folder that can be written"),
      "\(nowhere.errors)")
    let both = try predict(scratch, "fifth", ["--tune", scratch.path("x"), "--packed", scratch.path("x")])
    #expect(
      both.status == 2 && both.errors.contains("expected another file than that for packed"), "\(both.errors)"
    )
    let packedNowhere = try predict(scratch, "sixth", ["--packed", scratch.path("none/x")])
    #expect(packedNowhere.status == 2, "\(packedNowhere.errors)")
    #expect(packedNowhere.errors.contains("expected a folder that can be written"), "\(packedNowhere.errors)")
    for folder in ["third", "fourth", "fifth", "sixth"] {
      #expect(names(scratch, folder).isEmpty, "\(folder)")
    }
  }

  /// An image that takes more memory than allowed is cut, and the program says so; one that takes more however it is cut
  /// is refused.
  @Test func memory() throws {
    let scratch = try Scratch()
    try trained(scratch, size: 32)
    let large = scratch.path("large")
    let drawn = try Program.run(
      ["synthesize", "cells", "--count", "1", "--size", "1024", "--output", large])
    try #require(drawn.status == 0, "\(drawn.errors)")
    let image = "\(large)/images/cell_0001.png"
    let cut = try predict(scratch, "cut", ["--memory", "0.04"], on: image)
    #expect(cut.status == 0)
    #expect(cut.errors.contains("1024×1024 pixels would take more than 41.0 MiB at once"), "\(cut.errors)")
    #expect(cut.errors.contains("windows of 512×512"))
    let refused = try predict(scratch, "refused", ["--memory", "0.001"], on: image)
    #expect(refused.status == 2)
    #expect(refused.errors.contains("more than the limit of 1.0 MiB"), "\(refused.errors)")
    let map = try predict(scratch, "map", ["--tile", "64", "--memory", "0.015", "--overlay"], on: image)
    #expect(map.status == 2)
    #expect(map.errors.contains("an overlay takes"), "\(map.errors)")
    #expect(names(scratch, "refused").isEmpty && names(scratch, "map").isEmpty)
  }

  @Test func objects() throws {
    let scratch = try Scratch()
    try trained(scratch)
    let result = try predict(
      scratch, "out",
      [
        "--overlay", "--instances", "--geojson", "--split", "4", "--min-size", "5", "--fill-holes", "20",
        "--simplify", "0.8", "--probabilities", "uint16",
      ])
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      names(scratch, "out") == [
        "cell_0001.geojson", "cell_0001.png", "cell_0001_instances.png", "cell_0001_overlay.png",
        "cell_0001_probabilities.tif",
      ])
    let collection = try #require(
      JSONSerialization.jsonObject(with: scratch.data("out/cell_0001.geojson")) as? [String: Any])
    #expect(collection["type"] as? String == "FeatureCollection")
  }

  @Test func refusals() throws {
    let scratch = try Scratch()
    try trained(scratch, size: 32)
    for (flags, words) in [
      (["--overlap", "1.0", "--tile", "16"], ["overlap", "without, 1", "got 1.0"]),
      (["--overlap", "-0.25"], ["overlap", "-0.25"]), (["--tile", "0"], ["tile", "0×0"]),
      (["--tile", "-5"], ["tile", "-5"]), (["--tile", "9223372036854775807"], ["tile"]),
      (["--tile", "40000"], ["more than the limit of 2.0 GiB"]),
      (["--batch-size", "0"], ["batch-size", "0"]),
      (["--min-size", "-1"], ["min-size", "-1"]), (["--fill-holes", "-1"], ["fill-holes", "-1"]),
      (["--split", "0", "--instances"], ["split", "0"]), (["--split", "5"], ["split", "--instances"]),
      (["--simplify", "1"], ["simplify", "--geojson"]),
      (["--simplify", "-1", "--geojson"], ["simplify", "-1"]),
      (["--memory", "0"], ["memory"]), (["--memory", "nan"], ["memory"]),
    ] {
      let result = try predict(scratch, "out", flags)
      #expect(result.status == 2, "\(flags): \(result.output)\(result.errors)")
      for word in words { #expect(result.errors.contains(word), "\(flags): \(result.errors)") }
      #expect(names(scratch, "out").isEmpty)
    }
    for flags in [
      ["--tile", "abc"], ["--blend", "linear"], ["--tta", "all"], ["--probabilities", "int8"],
    ] {
      #expect(try predict(scratch, "out", flags).status != 0)
    }
  }

  @Test func folders() throws {
    let scratch = try Scratch()
    try trained(scratch, size: 32)
    let result = try predict(scratch, "out", [scratch.path("extra.png")], on: scratch.path("cells/images"))
    // What is not there is reported, the others are done.
    #expect(result.status == 2 && result.errors.contains("extra.png"), "\(result.errors)")
    #expect(names(scratch, "out") == names(scratch, "cells/masks") && names(scratch, "out").count == 6)
    #expect(result.output.contains(scratch.path("out/cell_0001.png") + "\n"))
    try FileManager.default.createDirectory(atPath: scratch.path("none"), withIntermediateDirectories: true)
    let empty = try predict(scratch, "empty", [], on: scratch.path("none"))
    #expect(empty.status == 2 && empty.errors.contains("expected PNG, JPEG or TIFF files to predict in"))
  }

  /// Ctrl-C while files are being written.
  @Test func interruption() throws {
    let scratch = try Scratch()
    try trained(scratch, size: 32)
    let large = scratch.path("large")
    let drawn = try Program.run(
      ["synthesize", "cells", "--count", "1", "--size", "1024", "--output", large])
    try #require(drawn.status == 0, "\(drawn.errors)")
    for signal in [SIGINT, SIGTERM] {
      var hasDraft = false
      let result = try Program.run(
        [
          "predict", scratch.path("run"), "\(large)/images/cell_0001.png", "--output", scratch.path("out"),
          "--tile", "32", "--overlap", "0.9", "--probabilities", "float32",
        ], interruptWith: signal
      ) { _ in
        hasDraft = hasDraft || names(scratch, "out").contains { $0.hasSuffix(".partial") }
        return hasDraft
      }
      try #require(hasDraft)
      #expect(result.status == 130, "\(result.errors)")
      #expect(names(scratch, "out") == [])
    }
  }

  @Test func collisions() throws {
    let scratch = try Scratch()
    try trained(scratch, size: 32)
    func copy(_ name: String) throws -> String {
      let path = scratch.path(name)
      try FileManager.default.copyItem(atPath: scratch.path("cells/images/cell_0001.png"), toPath: path)
      return path
    }
    let first = try copy("a.tif")
    for (name, flag) in [
      ("a_instances.png", ["--instances"]), ("a_probabilities.tif", ["--probabilities", "uint8"]),
      ("a_instances.tif", ["--instances"]), ("a.geojson", ["--geojson"]),
    ] {
      let other = try copy(name)
      let result = try Program.run(
        ["predict", scratch.path("run"), first, other, "--output", scratch.url.path] + flag)
      #expect(result.status == 2 && result.errors.contains("would replace"), "\(name): \(result.errors)")
      try FileManager.default.removeItem(atPath: other)
    }
  }
}
