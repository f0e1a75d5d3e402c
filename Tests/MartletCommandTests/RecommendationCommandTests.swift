import Foundation
import Testing

@Suite("martlet train, evaluate and predict for recommendation", .serialized)
struct RecommendationCommandTests {
  @Test("go from a log to items", arguments: ["paup", "sasrec"], ["cross-entropy", "bpr"])
  func wholeWay(model: String, loss: String) throws {
    let scratch = try Scratch()
    try scratch.log()
    let train = try Program.run(
      scratch.recommendationArguments("run", model: model, epochs: 3) + ["--loss", loss])
    #expect(train.status == 0, "\(train.errors)")
    #expect(train.errors.contains("\(model): "), "\(train.errors)")
    #expect(train.errors.contains("60 validation examples of 60 users and 40 items"), "\(train.errors)")
    #expect(train.errors.contains("NDCG@10 "), "\(train.errors)")
    for file in [
      "config.yaml", "metrics.csv", "model.safetensors", "report.html", "checkpoints/last.safetensors",
    ] {
      #expect(FileManager.default.fileExists(atPath: scratch.path("run/\(file)")), "\(file)")
    }
    for split in ["test", "validation"] {
      let evaluate = try Program.run(["evaluate", scratch.path("run"), "--json", "--split", split])
      #expect(evaluate.status == 0, "\(evaluate.errors)")
      let json = try #require(
        try JSONSerialization.jsonObject(with: Data(evaluate.output.utf8)) as? [String: Any])
      #expect(json["split"] as? String == split)
      #expect(json["examples"] as? Int == 60)
      for name in ["loss", "hit@5", "ndcg@10", "mrr@20", "unseen_ndcg@10"] {
        #expect((json[name] as? Double).map { $0 >= 0 } == true, "\(name)")
      }
      let groups = try #require(json["by_history_length"] as? [[String: Any]])
      #expect(groups.compactMap { $0["examples"] as? Int }.reduce(0, +) == 60)
    }
    let table = try Program.run(["evaluate", scratch.path("run")])
    #expect(table.status == 0 && table.output.contains("NDCG@10"), "\(table.errors)")

    let predict = try Program.run(["predict", scratch.path("run"), "--top", "3"])
    #expect(predict.status == 0, "\(predict.errors)")
    let lines = predict.output.split(separator: "\n")
    #expect(lines.first == "user,rank,item,score" && lines.count == 1 + 60 * 3)
    #expect(lines[1].hasPrefix("u0,1,i"))
  }

  @Test("histories that items are predicted for need not be long enough to learn from")
  func fewInteractions() throws {
    let scratch = try Scratch()
    try scratch.recommender(["--minimum-user-interactions", "4", "--minimum-item-interactions", "4"])
    try scratch.write(
      "user_id:token\titem_id:token\ttimestamp:float\na\ti3\t1\nb\ti4\t2\nb\tnew\t3\n", to: "today.inter")
    let predict = try Program.run([
      "predict", scratch.path("run"), "--interactions", scratch.path("today.inter"), "--top", "3",
    ])
    #expect(predict.status == 0, "\(predict.errors)")
    let lines = predict.output.split(separator: "\n")
    #expect(lines.count == 1 + 2 * 3 && lines[1].hasPrefix("a,1,i"), "\(predict.output)")
    #expect(
      predict.errors.contains("1 interaction with items that the network does not know"), "\(predict.errors)")
  }

  @Test("a stopped and resumed run ends with the bytes of one that was not stopped, on any number of threads")
  func resumes() throws {
    let scratch = try Scratch()
    try scratch.log()
    let epochs = 20
    let whole = try Program.run(
      scratch.recommendationArguments("whole", epochs: epochs), environment: ["MARTLET_THREADS": "1"])
    #expect(whole.status == 0, "\(whole.errors)")
    var stops = 0
    var result = try Program.run(
      scratch.recommendationArguments("parts", epochs: epochs), environment: ["MARTLET_THREADS": "2"],
      interruptWhen: { $0.contains("Epoch  1/") })
    while result.status == 130, stops < 30 {
      stops += 1
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
    try scratch.log()
    let yaml = """
      task: recommendation
      interactions: \(scratch.path("log.inter"))
      max-length: 20
      hidden-size: 16
      inner-size: 32
      segments: 2
      kernel1: 5
      batch-size: 64
      learning-rate: 0.01
      epochs: 9
      output: \(scratch.path("file"))
      """
    try scratch.write(yaml, to: "run.yaml")
    let file = try Program.run(["train", scratch.path("run.yaml"), "--epochs", "1"])
    #expect(file.status == 0, "\(file.errors)")
    #expect(try Program.run(scratch.recommendationArguments("flags", epochs: 1)).status == 0)
    #expect(try scratch.data("file/model.safetensors") == scratch.data("flags/model.safetensors"))

    func refuse(_ text: String, _ flags: [String], _ words: String) throws {
      try scratch.write(text, to: "bad.yaml")
      let bad = try Program.run(["train", scratch.path("bad.yaml")] + flags)
      #expect(bad.status == 2 && bad.errors.contains(words), "\(bad.errors)")
    }
    try refuse(
      yaml + "\nmax-lenght: 8\n", [], "bad.yaml:12: unknown key max-lenght; did you mean max-length?")
    try refuse(yaml, ["--base-channels", "8"], "expected flags of recommendation, which ")
    try refuse(yaml, ["--base-channels", "8"], "got --base-channels")
    try refuse(
      yaml.replacingOccurrences(of: "recommendation", with: "cooking"), [],
      "task: expected segmentation or recommendation, got cooking")
  }

  @Test("predict takes users and histories, from files and standard input, and writes files")
  func predictions() throws {
    let scratch = try Scratch()
    try scratch.recommender()
    let run = scratch.path("run")
    try scratch.write("u3\r\nu59\n", to: "users.txt")
    let users = try Program.run(
      [
        "predict", run, "--users", scratch.path("users.txt"), "--top", "2", "--format", "json-lines",
        "--output", scratch.path("users.jsonl"),
      ])
    #expect(users.status == 0 && users.output.isEmpty, "\(users.errors)")
    let objects = try scratch.text("users.jsonl").split(separator: "\n").map {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }
    #expect(objects.map { $0?["user"] as? String } == ["u3", "u59"])
    let items = try #require(objects[0]?["items"] as? [[String: Any]])
    #expect(items.count == 2 && items[0]["item"] is String)
    let scores = items.compactMap { $0["score"] as? Double }
    #expect(scores.count == 2 && scores[0] >= scores[1])

    // All that users did, and what of it the network reads.
    let history = (10..<40).map { "i\($0)" }
    let input = history.joined(separator: " ") + "\n" + history.suffix(20).joined(separator: ",\t") + "\n"
    let sequences = try Program.run(["predict", run, "--sequences", "-", "--top", "4"], input: input)
    #expect(sequences.status == 0, "\(sequences.errors)")
    let lines = sequences.output.split(separator: "\n")
    #expect(lines.first == "line,rank,item,score" && lines.count == 9)
    #expect(lines[1...4].map { $0.dropFirst() } == lines[5...8].map { $0.dropFirst() })
    let unseen = try Program.run(
      ["predict", run, "--sequences", "-", "--top", "40", "--exclude-seen"], input: input)
    // 30 of the 40 items are in the first history, and 20 in the second.
    #expect(unseen.output.split(separator: "\n").count == 1 + 10 + 20)
    #expect(!unseen.output.contains("1,1,i25,"))

    // A weights file is enough for histories.
    let weights = try Program.run(
      ["predict", scratch.path("run/model.safetensors"), "--sequences", "-", "--top", "4"], input: input)
    #expect(weights.output == sequences.output, "\(weights.errors)")
  }
}
