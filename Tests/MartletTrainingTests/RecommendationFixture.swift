import Foundation
import Martlet
import MartletData

@testable import MartletTraining

/// Small logs in which an item is mostly followed by the next one.
enum RecommendationFixture {
  /// Users with `4 + user % 25` interactions each, with items `i0` to `i39`; every seventh step goes elsewhere.
  static func text(users: Int = 60, items: Int = 40) -> String {
    var lines = ["user_id:token\titem_id:token\ttimestamp:float"]
    for user in 0..<users {
      var item = user * 13 % items
      for step in 0..<4 + user % 25 {
        lines.append("u\(user)\ti\(item)\t\(Double(step) + Double(user) / 100)")
        item = (item + ((user * 5 + step) % 7 == 0 ? 7 : 1)) % items
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// A small network and a short training on a log that is written into a folder.
  static func configuration(
    in folder: URL, log: String = text(), model: String = "paup", loss: String = "cross-entropy"
  ) throws -> RecommendationConfiguration {
    let file = folder.appendingPathComponent("log.inter")
    try log.write(to: file, atomically: true, encoding: .utf8)
    var configuration = RecommendationConfiguration()
    configuration.interactions = file.path
    configuration.model = model
    configuration.loss = loss
    configuration.maximumLength = 20
    configuration.hiddenSize = 16
    configuration.innerSize = 32
    if model == "paup" { (configuration.segments, configuration.kernel1) = (2, 5) }
    configuration.batchSize = 64
    configuration.epochs = 3
    configuration.learningRate = 0.01
    configuration.output = folder.appendingPathComponent("run").path
    return configuration
  }
}
