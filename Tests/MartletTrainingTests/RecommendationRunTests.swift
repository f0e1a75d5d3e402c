import Foundation
import Martlet
import MartletData
import MartletModels
import Testing

@testable import MartletTraining

@Suite struct RecommendationRunTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// The message of what is thrown when a run is started; nothing may have been written then.
  private func refusal(
    log: String = RecommendationFixture.text(),
    _ change: (inout RecommendationConfiguration) -> Void = { _ in }
  ) throws -> String {
    var configuration = try RecommendationFixture.configuration(in: folder.url, log: log)
    change(&configuration)
    let error = #expect(throws: MartletError.self) { try RecommendationRun.start(configuration) }
    #expect(!FileManager.default.fileExists(atPath: configuration.output))
    return error?.description ?? ""
  }

  @Test(arguments: ["paup", "sasrec"], ["cross-entropy", "bpr"])
  func learnsTheRule(model: String, loss: String) throws {
    var configuration = try RecommendationFixture.configuration(in: folder.url, model: model, loss: loss)
    configuration.epochs = 8
    let run = try RecommendationRun.start(configuration)
    #expect(try run.train() == .finished)
    let result = try evaluateRecommendation(run.folder)
    #expect(result.evaluation.all.count == 60)
    // By chance it would be 0.11.
    #expect(result.evaluation.score > 0.5, "\(result.evaluation.score)")
    #expect(result.evaluation.loss.isFinite)
    #expect(result.evaluation.groups.map(\.metrics.count).reduce(0, +) == 60)
    #expect(result.evaluation.unseen.ndcg(at: 10) >= result.evaluation.score)
  }

  @Test func learnsTheRuleFromWindows() throws {
    var configuration = try RecommendationFixture.configuration(in: folder.url, model: "sasrec")
    (configuration.examples, configuration.batchSize, configuration.epochs) = ("windows", 8, 15)
    let run = try RecommendationRun.start(configuration)
    #expect(try run.train() == .finished)
    let score = try evaluateRecommendation(run.folder).evaluation.score
    #expect(score > 0.5, "\(score)")
  }

  @Test func windowsAreForNetworksAndLossesThatTheySuit() throws {
    let network = try refusal { $0.examples = "windows" }
    #expect(network.contains("examples: expected beginnings for paup"), "\(network)")
    let loss = try refusal {
      ($0.examples, $0.model, $0.loss) = ("windows", "sasrec", "bpr")
      ($0.segments, $0.kernel1) = (4, 10)
    }
    #expect(loss.contains("with the loss bpr, got windows"), "\(loss)")
    let name = try refusal { $0.examples = "all" }
    #expect(name.contains("examples: expected beginnings, windows, got all"), "\(name)")
  }

  @Test func theRunFolderHoldsWhatIsToBeKnown() throws {
    let configuration = try RecommendationFixture.configuration(in: folder.url)
    let run = try RecommendationRun.start(configuration)
    _ = try run.train()
    let files = RunFolder(run.folder)
    let kept = try ConfigurationFile.read(files.configuration, as: RecommendationConfiguration.self)
    #expect(kept == run.configuration)
    #expect(try ConfigurationFile.kind(of: files.configuration) == .recommendation)
    let heading = try String(contentsOf: files.metrics, encoding: .utf8).prefix { $0 != "\n" }
    let names = [5, 10, 20].flatMap { cutoff in ["hit", "ndcg", "mrr"].map { "\($0)@\(cutoff)" } }
    let columns = ["epoch", "training_loss", "validation_loss", "learning_rate"]
    #expect(heading == (columns + names + names.map { "unseen_\($0)" }).joined(separator: ","))
    let (network, description) = try RecommendationModelDescription.load(runOrWeights: run.folder)
    #expect(network.itemCount == 40 && description.items.count == 40)
    #expect(description.items.first == "i0" && description.paup?.kernel1 == 5)
    let html = try String(contentsOf: files.report, encoding: .utf8)
    for text in [
      "<dt>Test NDCG@10</dt>", "Test examples by length of history", "Histories from the test split",
      "<dt>max-length</dt><dd>20</dd>", "<h3>NDCG@10</h3>",
    ] {
      #expect(html.contains(text), "\(text)")
    }
  }

  @Test func namesSurviveAsTheyAre() throws {
    let odd = ["i1": "a \"b\"", "i2": "c,d", "i3": "é", "i4": "e\u{301}", "i5": "<i>\\"]
    var log = RecommendationFixture.text()
    for (name, other) in odd { log = log.replacingOccurrences(of: "\t\(name)\t", with: "\t\(other)\t") }
    let run = try RecommendationRun.start(RecommendationFixture.configuration(in: folder.url, log: log))
    _ = try run.train()
    let (network, description) = try RecommendationModelDescription.load(runOrWeights: run.folder)
    // Names are told apart by their bytes, where strings would be equal.
    let bytes = Set(description.items.map { Array($0.utf8) })
    for name in odd.values { #expect(bytes.contains(Array(name.utf8)), "\(name)") }
    #expect(bytes.count == 40)
    let predictor = try RecommendationPredictor(network: network, description: description)
    let all = try predictor.recommendations(after: [["é"], ["e\u{301}"]], count: 100)
    #expect(all.map(\.count) == [40, 40])
    #expect(all[0] != all[1])
    let html = try String(contentsOf: RunFolder(run.folder).report, encoding: .utf8)
    #expect(!html.contains("<i>"))
  }

  @Test func theMostRecentItemsOfALongHistoryAreRead() throws {
    let run = try RecommendationRun.start(RecommendationFixture.configuration(in: folder.url))
    _ = try run.train()
    let (network, description) = try RecommendationModelDescription.load(runOrWeights: run.folder)
    let predictor = try RecommendationPredictor(network: network, description: description)
    let history = (0..<30).map { "i\($0)" }
    let long = try predictor.recommendations(after: [history], count: 5)
    #expect(try long == predictor.recommendations(after: [Array(history.suffix(20))], count: 5))
    #expect(try long != predictor.recommendations(after: [Array(history.prefix(20))], count: 5))
    let unseen = try predictor.recommendations(after: [history], count: 40, excludesSeen: true)
    #expect(Set(unseen[0].map(\.name)) == Set((30..<40).map { "i\($0)" }))
    #expect(throws: MartletError.self) { try predictor.recommendations(after: [["i1", "x"]], count: 5) }
    #expect(throws: MartletError.self) { try predictor.recommendations(after: [[]], count: 5) }
  }

  @Test func sizesThatDoNotGoTogetherAreRefusedBeforeAnythingIsRead() throws {
    func refuse(_ words: String, _ change: @escaping (inout RecommendationConfiguration) -> Void) throws {
      let text = try refusal {
        change(&$0)
        $0.interactions = "nowhere.inter"
      }
      #expect(text.contains(words), "\(text)")
    }
    try refuse("expected sizes that give 7 segments") { $0.segments = 7 }
    try refuse("expected heads that divide the hidden size 16, got 3") { $0.heads = 3 }
    try refuse("expected a channel reduction that divides") { $0.channelReduction = 5 }
    try refuse("model: expected paup, sasrec, got unet") { $0.model = "unet" }
    try refuse("loss: expected cross-entropy, bpr, got dice") { $0.loss = "dice" }
    try refuse("softmax-axis: expected queries, keys, got rows") { $0.softmaxAxis = "rows" }
    try refuse("learning-rate: expected a positive number, got nan") { $0.learningRate = .nan }
    try refuse("hidden-dropout: expected a probability below 1, got nan") { $0.hiddenDropout = .nan }
    try refuse("cutoffs: expected 10 among them") { $0.cutoffs = [5] }
    try refuse("cutoffs: expected different numbers from 1 to 1000000, got [0, 10]") { $0.cutoffs = [0, 10] }
    try refuse("early-stopping: expected 0 or more epochs, got -1") { $0.earlyStopping = -1 }
    try refuse("nowhere.inter") { _ in }
  }

  @Test func stepsThatTakeMoreThanTheMachineHasAreRefused() throws {
    for (examples, loss) in [
      ("beginnings", "cross-entropy"), ("beginnings", "bpr"), ("windows", "cross-entropy"),
    ] {
      let text = try refusal(log: RecommendationFixture.text(users: 600)) {
        ($0.model, $0.segments, $0.kernel1) = ("sasrec", 4, 10)
        ($0.examples, $0.loss) = (examples, loss)
        ($0.maximumLength, $0.innerSize, $0.batchSize) = (8192, 65536, 65536)
      }
      #expect(text.contains("a step of a batch [") && text.contains(", 8192] takes "), "\(text)")
      #expect(text.contains("TiB, more than the ") && text.contains("of this machine"), "\(text)")
    }
  }

  @Test(arguments: ["beginnings", "windows"], ["cross-entropy", "bpr"])
  func typesOfBatchesAreKnownBeforehand(examples: String, loss: String) throws {
    if examples == "windows", loss == "bpr" { return }
    var configuration = try RecommendationFixture.configuration(in: folder.url, model: "sasrec", loss: loss)
    configuration.examples = examples
    for size in [8, 1000] {
      configuration.batchSize = size
      let task = try configuration.makeTask(isNew: true)
      let batches = try task.batches(epoch: 0, startingAt: 0)
      var types: Set<[TensorType]> = []
      while let batch = try batches.next() { types.insert(batch.tensors.map(\.type)) }
      #expect(types == Set(task.batchTypes))
    }
  }

  @Test func dataThatCannotBeLearnedFromIsRefused() throws {
    let header = "user_id:token\titem_id:token\ttimestamp:float\n"
    #expect(try refusal(log: "").contains("log.inter"))
    #expect(try refusal(log: header + "a\tx\t1\nb\tx\t2\n").contains("two or more interactions"))
    let short = try refusal(log: header + "a\tx\t1\na\ty\t2\nb\tx\t2\n")
    #expect(short.contains("expected a user with four or more interactions"), "\(short)")
    let number = try refusal(log: header + "a\tx\t1\na\ty\tsoon\n")
    #expect(number.contains("log.inter, line 3") && number.contains("soon"), "\(number)")
    #expect(try refusal { $0.itemColumn = "product" }.contains("product"))
    let core = try refusal { $0.minimumUserInteractions = 100 }
    #expect(core.contains("at least 100"), "\(core)")
    // Against what a user has not done there would be nothing to compare.
    let everything = header + (0..<6).map { "a\ti\($0)\t\($0)\n" }.joined()
    let bpr = try refusal(log: everything) { $0.loss = "bpr" }
    #expect(bpr.contains("acted on all 6 items"), "\(bpr)")
  }

  @Test func usersWithOneInteractionAreLeftOutAndSaidSo() throws {
    let log = RecommendationFixture.text() + "single\ti1\t1\n"
    let task = try RecommendationFixture.configuration(in: folder.url, log: log).makeTask(isNew: true)
    #expect(task.introduction.hasSuffix("61 users and 40 items; 1 user with one interaction left out"))
    #expect(task.split.test.count == 60)
    let untimed = RecommendationFixture.text().replacingOccurrences(of: "timestamp:float", with: "when:float")
    let other = try RecommendationFixture.configuration(in: folder.url, log: untimed).makeTask(isNew: true)
    #expect(other.introduction.hasSuffix("; in the order of the file, for want of a column with times"))
  }

  @Test func changedDataIsRefusedOnResumeAndEvaluation() throws {
    let configuration = try RecommendationFixture.configuration(in: folder.url)
    // The run's lock goes with it.
    _ = try RecommendationRun.start(configuration).train()
    let run = URL(filePath: configuration.output)
    let before = try evaluateRecommendation(run).evaluation.score
    func change(_ log: String) throws -> String {
      try log.write(toFile: configuration.interactions, atomically: true, encoding: .utf8)
      let evaluation = #expect(throws: MartletError.self) { try evaluateRecommendation(run) }
      #expect(evaluation?.message.contains("has changed since the run began: there are ") == true)
      return #expect(throws: MartletError.self) { try RecommendationRun.resume(run) }?.message ?? ""
    }
    let log = RecommendationFixture.text()
    let count = log.split(separator: "\n").count - 1
    let more = try change(log + "u0\tnew\t1000\n")
    #expect(
      more == "the data has changed since the run began: there are \(count + 1) interactions instead of "
        + "\(count), 41 items instead of 40")
    let others = try change(log.replacingOccurrences(of: "\ti3\t", with: "\ti-3\t"))
    #expect(others.contains("but they, their names or their order are others"), "\(others)")
    // Items that are new are left out of another log, and the rest is measured.
    let result = try evaluateRecommendation(run, interactions: configuration.interactions)
    #expect(result.leftOut > 0 && result.evaluation.all.count <= 60)
    try log.write(toFile: configuration.interactions, atomically: true, encoding: .utf8)
    #expect(try evaluateRecommendation(run).evaluation.score == before)
    try "user_id,item_id\na,zz\na,yy\n".write(
      toFile: configuration.interactions, atomically: true, encoding: .utf8)
    let strange = #expect(throws: MartletError.self) {
      try evaluateRecommendation(run, interactions: configuration.interactions)
    }
    #expect(strange?.message.contains("expected items that the network was trained on") == true)
  }

  @Test func weightsOfOtherItemsAreRefused() throws {
    let first = try RecommendationRun.start(RecommendationFixture.configuration(in: folder.url))
    _ = try first.train()
    let other = RecommendationFixture.text().replacingOccurrences(of: "\ti5\t", with: "\tother\t")
    var configuration = try RecommendationFixture.configuration(in: folder.url)
    configuration.weights = RunFolder(first.folder).model.path
    configuration.output += "-2"
    _ = try RecommendationRun.start(configuration)
    configuration.output += "-3"
    try other.write(toFile: configuration.interactions, atomically: true, encoding: .utf8)
    let error = #expect(throws: MartletError.self) { try RecommendationRun.start(configuration) }
    #expect(error?.message.contains("expected \"other\" to be item") == true, "\(String(describing: error))")
  }
}
