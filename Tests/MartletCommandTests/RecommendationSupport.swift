import Foundation
import Testing

extension Scratch {
  /// A log in which an item is mostly followed by the next one: 60 users with `4 + user % 25` interactions each.
  func log(_ name: String = "log.inter") throws {
    var lines = ["user_id:token\titem_id:token\ttimestamp:float"]
    for user in 0..<60 {
      var item = user * 13 % 40
      for step in 0..<4 + user % 25 {
        lines.append("u\(user)\ti\(item)\t\(step)")
        item = (item + ((user * 5 + step) % 7 == 0 ? 7 : 1)) % 40
      }
    }
    try write(lines.joined(separator: "\n") + "\n", to: name)
  }

  func write(_ text: String, to name: String) throws {
    try text.write(toFile: path(name), atomically: true, encoding: .utf8)
  }

  func text(_ name: String) throws -> String { String(decoding: try data(name), as: UTF8.self) }

  func recommendationArguments(_ run: String, model: String = "paup", epochs: Int = 2) -> [String] {
    [
      "train", "recommendation", "--interactions", path("log.inter"), "--model", model, "--max-length", "20",
      "--hidden-size", "16", "--inner-size", "32", "--batch-size", "64", "--learning-rate", "0.01",
      "--epochs",
      "\(epochs)", "--early-stopping", "0", "--output", path(run),
    ] + (model == "paup" ? ["--segments", "2", "--kernel1", "5"] : [])
  }

  /// Trains a recommender in `run/`.
  func recommender(_ more: [String] = []) throws {
    try log()
    let result = try Program.run(recommendationArguments("run") + more)
    try #require(result.status == 0, "\(result.errors)")
  }
}
