import Foundation
import Martlet
import MartletInterchange

/// Where a training is: everything besides weights and moments that the next step depends on, and what has been
/// summed up so far of the epoch that is running.
struct TrainingProgress: Codable, Hashable, Sendable {
  /// The epoch that is running, from 0.
  var epoch = 0
  /// Steps of it that are done.
  var step = 0
  /// Steps done in all.
  var totalSteps = 0
  /// How many of them changed nothing, for want of a loss; `nil` for none.
  var stepsWithoutUpdate: Int?
  /// Sum over the epoch's samples of the batch's mean loss, and their number.
  var lossSum = 0.0
  var sampleCount = 0
  /// The best score so far and the epoch that had it.
  var bestScore: Double?
  var bestEpoch = 0
  /// Whether training came to its end.
  var isFinished = false
  /// Whether that was before the last epoch; `nil` before the end, and in files of earlier versions.
  var endedEarly: Bool?

  /// How often the parameters were updated.
  var updates: Int { totalSteps - (stepsWithoutUpdate ?? 0) }
}

/// A training on disk: weights, optimizer state and progress in one safetensors file with a checksum.
struct Checkpoint {
  var model: [String: Tensor]
  var optimizer: [String: Tensor]
  /// The average of the weights, where one is kept.
  var average: [String: Tensor]
  var progress: TrainingProgress
  /// What ``TrainingTask/data`` was; `nil` in files of earlier versions.
  var data: String?
  /// What decided the run, a ``RunConfiguration/record``; `nil` where there is none, and in files of earlier versions.
  var configuration: String?

  private static let modelPrefix = "model."
  private static let optimizerPrefix = "optimizer."
  private static let averagePrefix = "average."
  private static let progressKey = "martlet.progress"
  private static let dataKey = "martlet.data"
  private static let configurationKey = "martlet.configuration"

  func write(to url: URL) throws {
    var tensors: [String: Tensor] = [:]
    for (name, tensor) in model { tensors[Self.modelPrefix + name] = tensor }
    for (name, tensor) in optimizer { tensors[Self.optimizerPrefix + name] = tensor }
    for (name, tensor) in average { tensors[Self.averagePrefix + name] = tensor }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let text = String(decoding: try encoder.encode(progress), as: UTF8.self)
    var metadata = [Self.progressKey: text]
    metadata[Self.dataKey] = data
    metadata[Self.configurationKey] = configuration
    try saveSafetensors(tensors, metadata: metadata, to: url)
  }

  /// - Throws: ``MartletError`` when the file is cut short, damaged or not a checkpoint.
  init(contentsOf url: URL) throws {
    let file = try SafetensorsFile(contentsOf: url, checksum: .required)
    guard let text = file.metadata[Self.progressKey],
      let progress = try? JSONDecoder().decode(TrainingProgress.self, from: Data(text.utf8))
    else {
      throw MartletError("checkpoint", "\(url.path) is not a checkpoint: it has no \(Self.progressKey)")
    }
    self.progress = progress
    data = file.metadata[Self.dataKey]
    configuration = file.metadata[Self.configurationKey]
    let tensors = try file.tensors()
    func part(_ prefix: String) -> [String: Tensor] {
      Dictionary(
        uniqueKeysWithValues: tensors.filter { $0.key.hasPrefix(prefix) }
          .map { (String($0.key.dropFirst(prefix.count)), $0.value) })
    }
    model = part(Self.modelPrefix)
    optimizer = part(Self.optimizerPrefix)
    average = part(Self.averagePrefix)
  }

  /// What a checkpoint says of the data, without its tensors.
  static func data(of url: URL) throws -> String? { try SafetensorsFile(contentsOf: url).metadata[dataKey] }

  /// What decided the run of a checkpoint, without its tensors.
  static func configuration(of url: URL) throws -> String? {
    try SafetensorsFile(contentsOf: url).metadata[configurationKey]
  }

  init(
    model: any Module, optimizer: OptimizerState, average: WeightAverage?, progress: TrainingProgress,
    data: String, configuration: String?
  ) {
    self.model = model.stateDict
    self.optimizer = optimizer.stateDict
    self.average = average?.stateDict ?? [:]
    self.progress = progress
    self.data = data
    self.configuration = configuration
  }
}
