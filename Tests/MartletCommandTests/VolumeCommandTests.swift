import Foundation
import Testing

@Suite("Volumes", .serialized)
struct VolumeCommandTests {
  @Test("go from NIfTI files to masks that lie where they lie")
  func wholeWay() throws {
    let scratch = try Scratch()
    try VolumeFiles.write(5, to: scratch)
    let inspect = try Program.run(["datasets", "inspect", scratch.path("images"), scratch.path("masks")])
    #expect(inspect.status == 0, "\(inspect.output)")
    #expect(inspect.output.contains("case3: 12×16×14 voxels of 2×0.7×0.8, LPS, int16"), "\(inspect.output)")

    let train = try Program.run(scratch.volumeArguments("run", epochs: 8))
    try #require(train.status == 0, "\(train.errors)")
    let table = try String(decoding: scratch.data("run/metrics.csv"), as: UTF8.self)
    let losses = table.split(separator: "\n").dropFirst().compactMap { Double($0.split(separator: ",")[1]) }
    try #require(losses.count == 8)
    #expect(losses[7] < 0.7 * losses[0], "\(losses)")
    let report = try String(decoding: scratch.data("run/report.html"), as: UTF8.self)
    #expect(report.contains("data:image/png;base64,"))

    let evaluate = try Program.run(["evaluate", scratch.path("run"), "--json"])
    #expect(evaluate.status == 0, "\(evaluate.errors)")
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(evaluate.output.utf8)) as? [String: Any])
    let volume = try #require((json["volumes"] as? [[String: Any]])?.first)
    let spacing = try #require(volume["spacing"] as? [Double])
    #expect(zip(spacing, [2, 0.7, 0.8]).allSatisfy { abs($0 - $1) < 1e-6 }, "\(spacing)")
    #expect((volume["mean_dice"] as? Double).map { (0...1).contains($0) } == true)
    #expect((volume["classes"] as? [Any])?.count == 3 && json["instances"] == nil)
    let batches = try Program.run(["evaluate", scratch.path("run"), "--batch-size", "2"])
    #expect(batches.status != 0 && batches.errors.contains("expected no batch size"), "\(batches.errors)")
    // Without its checkpoint a run is what its configuration gives.
    try FileManager.default.removeItem(atPath: scratch.path("run/checkpoints/last.safetensors"))
    let bare = try Program.run(["evaluate", scratch.path("run"), "--json"])
    #expect(bare.status == 0 && bare.output == evaluate.output, "\(bare.errors)")

    let file = "images/case1.nii"
    let predict = try Program.run([
      "predict", scratch.path("run"), scratch.path(file), "--output", scratch.path("out"), "--overlap", "0.5",
    ])
    #expect(predict.status == 0 && predict.output == scratch.path("out/case1.nii.gz\n"), "\(predict.errors)")
    // What was written is read as a mask of the volume, at the same place.
    try FileManager.default.createDirectory(
      atPath: scratch.path("one"), withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: scratch.path(file), toPath: scratch.path("one/case1.nii"))
    let again = try Program.run(["datasets", "inspect", scratch.path("one"), scratch.path("out"), "--json"])
    #expect(again.status == 0 && !again.output.contains("lies elsewhere"), "\(again.output)")
  }

  @Test("a stopped and resumed run ends with the bytes of one that was not stopped, on any number of threads")
  func resumes() throws {
    let scratch = try Scratch()
    try VolumeFiles.write(4, to: scratch)
    let whole = try Program.run(scratch.volumeArguments("whole"), environment: ["MARTLET_THREADS": "1"])
    try #require(whole.status == 0, "\(whole.errors)")
    var stops = 0
    var result = try Program.run(
      scratch.volumeArguments("parts"), environment: ["MARTLET_THREADS": "2"],
      interruptWhen: { $0.contains("Epoch 1/4") })
    while result.status == 130, stops < 10 {
      stops += 1
      result = try Program.run(
        ["train", "--resume", scratch.path("parts")], environment: ["MARTLET_THREADS": "2"],
        interruptWhen: { $0.contains("Epoch") })
    }
    #expect(result.status == 0 && stops > 0, "\(result.errors)")
    for file in ["model.safetensors", "checkpoints/last.safetensors", "metrics.csv"] {
      #expect(try scratch.data("whole/\(file)") == scratch.data("parts/\(file)"), "\(file)")
    }
    // Other volumes than before are noticed.
    try VolumeFiles.write(5, to: scratch)
    let changed = try Program.run(["train", "--resume", scratch.path("parts")])
    #expect(
      changed.status == 2 && changed.errors.contains("the data has changed since the run began"),
      "\(changed.errors)")
  }

  @Test("what is not for volumes, or not for images, is refused by name")
  func refusals() throws {
    let scratch = try Scratch()
    try VolumeFiles.write(3, to: scratch)
    let base = scratch.volumeArguments("run", epochs: 1)
    for (flags, words) in [
      (["--model", "fpn"], ["fpn has no axes"]),
      (["--axes", "4"], ["axes: expected 2, or 3 for volumes, got 4"]),
      (["--axes", "2"], ["size: expected one length from 1 to 32768 for images, got 8x8x8"]),
      (["--format", "coco"], ["format", "volumes"]),
      (["--foreground-share", "2"], ["foreground-share"]), (["--patches", "0"], ["patches"]),
      (["--loss", "boundary-cross-entropy"], ["boundary-cross-entropy", "images"]),
    ] {
      try expectRefusal(base + flags, mentioning: words)
    }
    let size = try #require(base.firstIndex(of: "--size"))
    let large = Array(base[..<size]) + Array(base[(size + 2)...])
    try expectRefusal(large, mentioning: ["size", "such as 64 or 32x64x64, got 256×256×256"])
    #expect(!FileManager.default.fileExists(atPath: scratch.path("run")))

    try #require(try Program.run(base).status == 0)
    for flag in [
      ["--overlay"], ["--tile", "32"], ["--tta", "flips"], ["--instances"], ["--probabilities", "uint8"],
    ] {
      try expectRefusal(
        ["predict", scratch.path("run"), scratch.path("images/case1.nii"), "--output", scratch.path("out")]
          + flag,
        mentioning: ["expected no \(flag[0]) for volumes"])
    }
    // Of two channels, which a volume has in its fourth axis.
    var pair = VolumeFiles.bytes([Int16](repeating: 1, count: 2 * VolumeFiles.shape.reduce(1, *)), code: 4)
    withUnsafeBytes(of: Int16(4)) { pair.replaceSubrange(40..<42, with: $0) }
    withUnsafeBytes(of: Int16(2)) { pair.replaceSubrange(48..<50, with: $0) }
    try pair.write(to: scratch.url.appending(path: "pair.nii"))
    try expectRefusal(
      ["predict", scratch.path("run"), scratch.path("pair.nii"), "--output", scratch.path("out")],
      mentioning: ["[predict] \(scratch.path("pair.nii")): expected 1 channel, got 2"])
    try expectRefusal(
      ["predict", scratch.path("run"), scratch.path("run/config.yaml"), "--output", scratch.path("out")],
      mentioning: ["config.yaml", "expected a NIfTI header"])
    try expectRefusal(
      [
        "predict", scratch.path("run"), scratch.path("images/case1.nii"), "--output", scratch.path("out"),
        "--memory", "0.00001",
      ], mentioning: ["12×16×14 voxels take"])
    try expectRefusal(
      ["preview", scratch.path("run"), "--output", scratch.path("a.png")], mentioning: ["volumes"])
    #expect(!FileManager.default.fileExists(atPath: scratch.path("out/case1.nii.gz")))
    // Images take no volumes, and say what does.
    try expectRefusal(
      [
        "train", "segmentation", "--images", scratch.path("images"), "--masks", scratch.path("masks"),
        "--output", scratch.path("flat"),
      ], mentioning: ["volumes take axes 3"])
  }

  @Test("a volume unlike those of training, and masks elsewhere, are told")
  func differences() throws {
    let scratch = try Scratch()
    try VolumeFiles.write(3, to: scratch)
    try #require(try Program.run(scratch.volumeArguments("run", epochs: 1)).status == 0)
    let folder = try Program.run([
      "predict", scratch.path("run"), scratch.path("images"), "--output", scratch.path("all"),
    ])
    #expect(folder.status == 0 && folder.errors.isEmpty, "\(folder.errors)")
    #expect(folder.output.split(separator: "\n").count == 3)
    // The last element of the map's first row in its third column: slices that are further apart.
    var bytes = try scratch.data("images/case0.nii")
    withUnsafeBytes(of: Float(6)) { bytes.replaceSubrange(280 + 4 * 10..<284 + 4 * 10, with: $0) }
    try bytes.write(to: scratch.url.appending(path: "other.nii"))
    let predict = try Program.run([
      "predict", scratch.path("run"), scratch.path("other.nii"), "--output", scratch.path("out"),
    ])
    #expect(predict.status == 0)
    #expect(
      predict.errors.contains("its spacing along depth is 6, in training it was 2"), "\(predict.errors)")
    try bytes.write(to: scratch.url.appending(path: "images/case0.nii"))
    try expectRefusal(
      scratch.volumeArguments("again", epochs: 1),
      mentioning: ["case0.nii: expected a mask that lies in space where case0.nii does", "voxels of 2×"])
  }

  @Test func summary() throws {
    let result = try Program.run([
      "summary", "unet", "--axes", "3", "--base-channels", "4", "--depth", "1", "--input", "1x1x8x8x8",
    ])
    #expect(result.status == 0 && result.output.contains("encoder.0.conv1"), "\(result.errors)")
    // Without a shape it is one that the network can take.
    let small = ["--axes", "3", "--base-channels", "1", "--depth", "1"]
    #expect(try Program.run(["summary", "unet"] + small).output.contains("[1, 1, 64, 64, 64]"))
    let scratch = try Scratch()
    try VolumeFiles.write(3, to: scratch)
    try #require(try Program.run(scratch.volumeArguments("unet", epochs: 1)).status == 0)
    let run = try Program.run(["summary", scratch.path("unet")])
    #expect(run.status == 0 && run.output.contains("[1, 4, 8, 8, 8]"), "\(run.output)\(run.errors)")
    try expectRefusal(["summary", scratch.path("unet"), "--depth", "2"], mentioning: ["expected no --depth"])
    try expectRefusal(
      ["summary", scratch.path("unet"), "--class-count", "2"], mentioning: ["expected no --class-count"])
    // In a folder with a run of that name, the network's name is the network.
    let named = try Program.run(["summary", "unet"] + small, directory: scratch.url)
    #expect(named.status == 0 && named.output.contains("[1, 1, 64, 64, 64]"), "\(named.errors)")
    #expect(
      try Program.run(["summary", "./unet"], directory: scratch.url).output.contains("[1, 4, 8, 8, 8]"))
  }
}
