import Foundation
import Testing

@Suite("Bad input for recommendation ends with a message and exit code 2", .serialized)
struct RecommendationBadInputTests {
  private func refuse(
    _ arguments: [String], _ words: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try expectRefusal(arguments, mentioning: words, sourceLocation: sourceLocation)
  }

  @Test("logs")
  func logs() throws {
    let scratch = try Scratch()
    try scratch.log()
    let arguments = scratch.recommendationArguments("r")
    try refuse(arguments + ["--item-column", "product_id"], "product_id", "log.inter")
    try scratch.write(scratch.text("log.inter") + "u1\ti1\tyesterday\n", to: "log.inter")
    try refuse(arguments, "log.inter, line 887", "yesterday")
    try scratch.write("", to: "log.inter")
    try refuse(arguments, "log.inter")
    try scratch.write("user_id,item_id,timestamp\n", to: "log.inter")
    try refuse(arguments, "log.inter")
    try scratch.write("user_id,item_id\na,x\nb,y\n", to: "log.inter")
    try refuse(arguments, "expected users with two or more interactions to train on, got 2 with fewer")
    try scratch.write("user_id,item_id,timestamp\na,x,1\na,y,nan\n", to: "log.inter")
    try refuse(arguments, "log.inter, line 3", "nan")
    try FileManager.default.removeItem(atPath: scratch.path("log.inter"))
    try refuse(arguments, "log.inter")
    try refuse(["train", "recommendation", "--output", scratch.path("r")], "interactions: expected a file")
    #expect(!FileManager.default.fileExists(atPath: scratch.path("r")))
  }

  @Test("arguments")
  func arguments() throws {
    let scratch = try Scratch()
    try scratch.log()
    let arguments = scratch.recommendationArguments("r")
    try refuse(arguments + ["--segments", "7"], "[down_conv] expected sizes that give 7 segments", "nearby")
    for size in ["21", "1000000000", "9223372036854775807"] {
      try refuse(arguments + ["--segments", size], "[down_conv] expected", size)
      try refuse(arguments + ["--kernel1", size], "[down_conv] expected", size)
    }
    try refuse(arguments + ["--max-length", "65536"], "expected a maximum length of 1 to 8192, got 65536")
    // Said before memory is asked for, and before the log is read.
    try refuse(
      scratch.recommendationArguments("r", model: "sasrec")
        + ["--hidden-size", "65536", "--interactions", "nowhere"], "nowhere")
    try refuse(arguments + ["--model", "sasrec"], "segments: expected the model paup with it, got sasrec")
    try refuse(arguments + ["--heads", "3"], "expected heads that divide the hidden size 16, got 3")
    try refuse(arguments + ["--model", "unet"], "model: expected paup, sasrec, got unet")
    try refuse(arguments + ["--loss", "dice"], "loss: expected cross-entropy, bpr, got dice")
    try refuse(arguments + ["--learning-rate", "nan"], "learning-rate: expected a positive number, got nan")
    try refuse(arguments + ["--base-channels", "4"], "--base-channels")
    try refuse(
      arguments + ["--optimizer", "sgd", "--learning-rate", "1e30"], "at step", "not finite",
      "parameters were not updated")
    try refuse(["train"], "`segmentation`, `recommendation`, a YAML file or --resume RUN")
  }

  @Test("places for results that would replace what is there")
  func outputs() throws {
    let scratch = try Scratch()
    try scratch.recommender()
    let run = scratch.path("run")
    let log = try scratch.data("log.inter")
    try FileManager.default.createSymbolicLink(
      atPath: scratch.path("link"), withDestinationPath: scratch.path("log.inter"))
    for name in ["log.inter", "link", "./log.inter"] {
      try refuse(["predict", run, "--output", scratch.path(name)], "expected another file for the results")
    }
    for name in ["config.yaml", "model.safetensors", "checkpoints/last.safetensors", "new.csv"] {
      try refuse(["predict", run, "--output", scratch.path("run/\(name)")], "for the results, got")
    }
    try refuse(
      ["predict", scratch.path("run/model.safetensors")],
      "expected a run folder, for its interactions, or --sequences")
    try refuse(
      ["evaluate", run, "--batch-size", "9223372036854775807"], "expected a batch size of 1 to 65536")
    #expect(try scratch.data("log.inter") == log)
    #expect(try Program.run(["evaluate", run]).status == 0)
  }

  @Test("flags of the other kind of network")
  func otherKind() throws {
    let scratch = try Scratch()
    try scratch.recommender()
    try scratch.cells()
    try #require(try Program.run(scratch.trainArguments("cells-run", epochs: 1)).status == 0)
    let (recommender, segmentation) = (scratch.path("run"), scratch.path("cells-run"))
    let image = scratch.path("cells/images/cell_0001.png")
    try refuse(
      [
        "evaluate", recommender, "--images", scratch.path("cells/images"), "--masks",
        scratch.path("cells/masks"),
      ],
      "[evaluate] expected no --images, since the network is for recommendation")
    try refuse(
      ["evaluate", segmentation, "--split", "test"],
      "expected no --split, since the network is for segmentation")
    try refuse(
      ["predict", recommender, image, "--output", scratch.path("masks")],
      "expected no images, since the network is for recommendation, got ")
    try refuse(["predict", recommender, "--overlay"], "expected no --overlay")
    try refuse(["predict", segmentation, "--top", "3"], "expected no --top")
    try refuse(["predict", segmentation], "expected images to predict masks for, got none")
    try refuse(["predict", segmentation, image], "expected --output with a folder for the masks")
    try refuse(["summary", recommender, "--base-channels", "4"], "expected no --base-channels")
    try refuse(["summary", recommender, "--item-count", "4"], "expected no --item-count")
    try refuse(["summary", recommender, "--input", "1x3x8x8"], "expected an input such as 1x")
    try refuse(["summary", "unet", "--item-count", "4"], "expected no --item-count")
    try refuse(["summary", "sasrec", "--item-count", "0"], "items, got 0")
    let summary = try Program.run(["summary", recommender])
    #expect(summary.status == 0 && summary.output.contains("item_embedding"), "\(summary.errors)")
    let named = try Program.run(["summary", "paup", "--item-count", "100", "--input", "4x200"])
    #expect(named.output.contains("attpooling_key"), "\(named.errors)")
    try refuse(
      ["train", "--resume", recommender, "--max-length", "9"], "expected no other flags with --resume")
  }

  @Test("a log that has changed, and checkpoints that are damaged")
  func changed() throws {
    let scratch = try Scratch()
    try scratch.recommender()
    let run = scratch.path("run")
    let resumed = try Program.run(["train", "--resume", run])
    #expect(resumed.status == 0, "\(resumed.errors)")
    try scratch.write(scratch.text("log.inter") + "u60\ti1\t1\n", to: "log.inter")
    try refuse(
      ["train", "--resume", run],
      "[resume] the data has changed since the run began: there are 886 interactions instead of 885, 61 users instead of 60"
    )
    try refuse(["evaluate", run], "log.inter has changed since the run began", "--interactions")
    let given = try Program.run(["evaluate", run, "--interactions", scratch.path("log.inter"), "--json"])
    #expect(given.status == 0, "\(given.errors)")
    // The new user has one interaction: nothing to measure, but something to go on from.
    #expect(given.output.contains("\"examples\" : 60"))
    let users = try Program.run(["predict", run, "--top", "1"])
    #expect(users.status == 0 && users.output.contains("\nu60,1,"), "\(users.errors)")
    let checkpoint = try scratch.data("run/checkpoints/last.safetensors")
    try checkpoint.prefix(checkpoint.count / 2).write(
      to: URL(filePath: scratch.path("run/checkpoints/last.safetensors")))
    try refuse(["train", "--resume", run], "last.safetensors")
  }

  @Test("what cannot be predicted is reported, and the rest is done")
  func predictions() throws {
    let scratch = try Scratch()
    try scratch.recommender()
    let run = scratch.path("run")
    let known = try Program.run(["predict", run, "--sequences", "-", "--top", "1"], input: "i1 i2\n")
    let some = try Program.run(["predict", run, "--sequences", "-", "--top", "1"], input: "i1 zebra i2\n")
    #expect(some.status == 0 && some.output == known.output)
    #expect(
      some.errors.contains("line 1: left out what the network does not know: \"zebra\""), "\(some.errors)")
    let none = try Program.run(
      ["predict", run, "--sequences", "-", "--top", "1"], input: "zebra\n\ni1 i2")
    #expect(none.status == 2)
    #expect(none.errors.contains("line 1: expected an item that the network knows, got \"zebra\""))
    #expect(none.errors.contains("line 2: expected an item that the network knows, got nothing"))
    #expect(none.output.split(separator: "\n").last?.hasPrefix("3,1,") == true, "\(none.output)")

    let missing = try Program.run(["predict", run, "--users", scratch.path("nobody.txt")])
    #expect(missing.status == 2 && missing.output.isEmpty, "\(missing.output)")
    #expect(
      missing.errors.contains("nobody.txt: cannot be read: No such file or directory"), "\(missing.errors)")
    let users = try Program.run(["predict", run, "--users", "-", "--top", "1"], input: "u1\nnobody\n\nu2\n")
    #expect(users.status == 2)
    #expect(
      users.errors.contains("[predict] line 2: expected a user of the interactions, got \"nobody\""),
      "\(users.errors)")
    #expect(users.output.split(separator: "\n").map { $0.prefix(3) } == ["use", "u1,", "u2,"])

    try refuse(
      ["predict", run, "--users", "a", "--sequences", "b"], "expected --users or --sequences, got both")
    try refuse(["predict", run, "--users", scratch.path("no.txt")], "no.txt: cannot be read")
    try refuse(["predict", run, "--top", "0"], "expected 1 or more items with --top, got 0")
    try refuse(["predict", run, "--format", "xml"], "xml")
    try refuse(["predict", run, "--output", ""], "output: expected a file, got an empty name")
    try scratch.write("u1\n", to: "users.txt")
    let file = scratch.path("users.txt")
    try refuse(["predict", run, "--users", file, "--output", file], "expected another file for the results")
    #expect(try scratch.text("users.txt") == "u1\n")
    try refuse(
      ["predict", run, "--output", scratch.path("none/results.csv")], "none/results.csv: there is no folder ")
    try refuse(
      ["predict", scratch.path("run/model.safetensors")], "expected a run folder, for its interactions")
  }
}
