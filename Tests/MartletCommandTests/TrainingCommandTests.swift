import Foundation
import Testing

@Suite("martlet train, evaluate and predict", .serialized)
struct TrainingCommandTests {
  @Test("go from images to masks")
  func wholeWay() throws {
    let scratch = try Scratch()
    try scratch.cells()
    let train = try Program.run(scratch.trainArguments("run"))
    #expect(train.status == 0, "\(train.errors)")
    let run = scratch.path("run")
    #expect(train.output == "wrote \(run), with \(run)/report.html to look at\n")
    for file in [
      "config.yaml", "metrics.csv", "model.safetensors", "report.html", "checkpoints/last.safetensors",
    ] {
      #expect(FileManager.default.fileExists(atPath: scratch.path("run/\(file)")), "\(file)")
    }
    let evaluate = try Program.run(["evaluate", scratch.path("run"), "--json"])
    #expect(evaluate.status == 0, "\(evaluate.errors)")
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(evaluate.output.utf8)) as? [String: Any])
    #expect((json["mean_iou"] as? Double).map { (0...1).contains($0) } == true)

    let predict = try Program.run([
      "predict", scratch.path("run"), scratch.path("cells/images/cell_0001.png"), "--output",
      scratch.path("masks"),
      "--overlay",
    ])
    #expect(predict.status == 0, "\(predict.errors)")
    #expect(FileManager.default.fileExists(atPath: scratch.path("masks/cell_0001.png")))
    #expect(FileManager.default.fileExists(atPath: scratch.path("masks/cell_0001_overlay.png")))
    let summary = try Program.run(["summary", run])
    #expect(summary.status == 0 && summary.output.contains("encoder.0.conv1"), "\(summary.errors)")
    // As large as what it was trained on.
    #expect(summary.output.contains("[1, 4, 32, 32]"), "\(summary.output)")
  }

  @Test("a stopped and resumed run ends with the bytes of one that was not stopped, on any number of threads")
  func resumes() throws {
    let scratch = try Scratch()
    try scratch.cells()
    #expect(
      try Program.run(scratch.trainArguments("whole", epochs: 4), environment: ["MARTLET_THREADS": "1"])
        .status == 0)
    var stops = 0
    var result = try Program.run(
      scratch.trainArguments("parts", epochs: 4), environment: ["MARTLET_THREADS": "2"],
      interruptWhen: { $0.contains("Epoch 1/4") })
    while result.status == 130, stops < 10 {
      stops += 1
      #expect(result.errors.contains("martlet train --resume"))
      // The next part is stopped after its first epoch line, too.
      result = try Program.run(
        ["train", "--resume", scratch.path("parts")], environment: ["MARTLET_THREADS": "2"],
        interruptWhen: { $0.contains("Epoch") })
    }
    #expect(result.status == 0, "\(result.errors)")
    #expect(stops > 0)
    for file in ["model.safetensors", "checkpoints/last.safetensors", "metrics.csv"] {
      #expect(try scratch.data("whole/\(file)") == scratch.data("parts/\(file)"), "\(file)")
    }
  }

  @Test("a YAML file says the same as flags, and flags go on top")
  func fromFile() throws {
    let scratch = try Scratch()
    try scratch.cells()
    let yaml = """
      images: \(scratch.path("cells/images"))
      masks: \(scratch.path("cells/masks"))
      base-channels: 4
      depth: 2
      size: 32
      batch-size: 2
      epochs: 9
      dropout: 0.1
      output: \(scratch.path("file"))
      """
    try yaml.write(toFile: scratch.path("run.yaml"), atomically: true, encoding: .utf8)
    let file = try Program.run(["train", scratch.path("run.yaml"), "--epochs", "1"])
    #expect(file.status == 0, "\(file.errors)")
    #expect(try Program.run(scratch.trainArguments("flags", epochs: 1)).status == 0)
    #expect(try scratch.data("file/model.safetensors") == scratch.data("flags/model.safetensors"))

    try (yaml + "\nbase-chanels: 8\n").write(
      toFile: scratch.path("bad.yaml"), atomically: true, encoding: .utf8)
    let bad = try Program.run(["train", scratch.path("bad.yaml")])
    #expect(bad.status == 2)
    #expect(bad.errors.contains("unknown key base-chanels; did you mean base-channels?"), "\(bad.errors)")
  }

  @Test("help is that of the whole program", arguments: ["predict", "train", "datasets", "synthesize"])
  func usage(command: String) throws {
    for arguments in [[command, "--help"], ["help", command]] {
      let help = try Program.run(arguments)
      #expect(help.status == 0)
      #expect(help.output.contains("USAGE: martlet \(command)"), "\(help.output)")
      #expect(help.output.contains("--version"), "\(help.output)")
    }
  }

  @Test("help begins with the data and marks what is required")
  func help() throws {
    // As one line, however it is wrapped.
    let help = try Program.run(["train", "segmentation", "--help"]).output
      .split(whereSeparator: \.isWhitespace).joined(separator: " ")
    func place(_ text: String) throws -> String.Index {
      try #require(help.range(of: text)?.lowerBound, "\(text)")
    }
    #expect(try place("DATA:") < place("--images <dir>") && place("--images <dir>") < place("NETWORK:"))
    #expect(try place("NETWORK:") < place("--model") && place("--model") < place("--encoder "))
    #expect(try place("--encoder ") < place("TRAINING:") && place("TRAINING:") < place("--output <run>"))
    #expect(help.components(separatedBy: "(required").count == 3, "images and output: \(help)")
    #expect(
      help.contains("(values: adam, adamw, sgd, sparse-adam)")
        && help.contains("(values: constant, step, cosine)"))
  }

  @Test("a loss that is not finite stops training, names the layer and keeps the weights")
  func notFinite() throws {
    let scratch = try Scratch()
    try scratch.cells()
    let result = try Program.run(
      scratch.trainArguments("run") + ["--optimizer", "sgd", "--learning-rate", "1e30", "--no-batch-norm"])
    #expect(result.status == 2)
    #expect(result.errors.contains("at step"), "\(result.errors)")
    #expect(result.errors.contains("encoder."), "\(result.errors)")
  }
}
