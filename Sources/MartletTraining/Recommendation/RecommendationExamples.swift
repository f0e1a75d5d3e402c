import Martlet
import MartletData
import MartletModels

/// What a recommender is trained on: batches of examples, and the loss of one.
protocol RecommendationExamples {
  var batchCount: Int { get }
  /// Samples of an epoch, as batches count them.
  var sampleCount: Int { get }
  /// Types of the tensors of each kind of batch.
  var batchTypes: [[TensorType]] { get }
  func batches(epoch: Int, startingAt step: Int) -> any BatchSource
  func loss(_ batch: [Tensor]) throws -> Tensor
}

/// How a user's sequence is cut into examples.
enum ExampleCut: String, CaseIterable {
  /// Each beginning of the sequence by itself, as the published code of PAUP has it.
  case beginnings
  /// Windows in which every item is an example: for networks in which an item sees only what came before.
  case windows
}

/// Each beginning of each sequence, and the item after it.
struct BeginningExamples: RecommendationExamples {
  let network: any SequenceModel
  let loader: SequenceLoader
  let recommendationLoss: RecommendationLoss

  var batchCount: Int { loader.batchCount }
  var sampleCount: Int { loader.examples.count }
  var batchTypes: [[TensorType]] {
    batchSizes(of: loader.examples.count, atMost: loader.batchSize).map { count in
      let numbers = TensorType([count], .int32)
      return [TensorType([count, loader.maximumLength], .int32), numbers, numbers]
        + (loader.drawsNegatives ? [numbers] : [])
    }
  }

  func batches(epoch: Int, startingAt step: Int) -> any BatchSource {
    let batches = loader.batches(epoch: epoch, startingAt: step)
    return FunctionBatchSource {
      try batches.next().map { TrainingBatch(tensors: $0.tensors, count: $0.count) }
    }
  }

  func loss(_ batch: [Tensor]) throws -> Tensor { try recommendationLoss(network, batch) }
}

/// Windows of the sequences, with what came after each of their items.
struct WindowExamples: RecommendationExamples {
  let network: any CausalSequenceModel
  let loader: SequenceWindowLoader

  var batchCount: Int { loader.batchCount }
  var sampleCount: Int { loader.windows.exampleCount }
  var batchTypes: [[TensorType]] {
    batchSizes(of: loader.windows.count, atMost: loader.batchSize).map { count in
      let items = TensorType([count, loader.length], .int32)
      return [items, items]
    }
  }

  func batches(epoch: Int, startingAt step: Int) -> any BatchSource {
    let order = loader.order(epoch: epoch)
    var next = step
    return FunctionBatchSource { [loader] in
      guard next < loader.batchCount else { return nil }
      defer { next += 1 }
      let batch = try loader.batch(next, of: order)
      return TrainingBatch(tensors: [batch.items, batch.targets], count: batch.exampleCount)
    }
  }

  func loss(_ batch: [Tensor]) throws -> Tensor {
    try network.crossEntropyLoss(items: batch[0], targets: batch[1])
  }
}
