import Martlet

/// One batch as a task's loss takes it.
public struct TrainingBatch: Sendable {
  /// Concrete tensors, in the order of the loss's arguments.
  public var tensors: [Tensor]
  /// Samples in the batch.
  public var count: Int
  /// Whether the loss of the batch is a number. A mean over no pixels, such as of a crop in which nothing is labelled,
  /// is none: the batch then changes nothing and counts in no figure.
  public var hasLoss: Bool

  public init(tensors: [Tensor], count: Int, hasLoss: Bool = true) {
    self.tensors = tensors
    self.count = count
    self.hasLoss = hasLoss
  }
}

/// The batches of one epoch, in order.
public protocol BatchSource: AnyObject {
  /// The next batch, `nil` after the last.
  ///
  /// - Throws: What went wrong while the batch was read.
  func next() throws -> TrainingBatch?
}

/// Batches that a function gives.
final class FunctionBatchSource: BatchSource {
  private let nextBatch: () throws -> TrainingBatch?

  init(_ nextBatch: @escaping () throws -> TrainingBatch?) { self.nextBatch = nextBatch }

  func next() throws -> TrainingBatch? { try nextBatch() }
}

/// What a ``Trainer`` needs to know of the thing it trains: the model, its data, its loss and how good it is.
public protocol TrainingTask: AnyObject {
  /// What is trained. Checkpoints hold its parameters and buffers.
  var model: any Module { get }
  /// Batches in an epoch.
  var stepsPerEpoch: Int { get }
  /// Samples in an epoch.
  var samplesPerEpoch: Int { get }

  /// Types of the tensors of each kind of batch that an epoch has, as far as they are known before there is one. Steps
  /// for them are recorded when a training is made, so that what does not fit is known then.
  var batchTypes: [[TensorType]] { get }

  /// The batches of an epoch, from a position on. The same epoch and position give the same bytes.
  func batches(epoch: Int, startingAt step: Int) throws -> any BatchSource

  /// The mean loss of a batch; recorded once for each shape of batch.
  ///
  /// - Parameter batch: Symbolic tensors of the types of ``TrainingBatch/tensors``.
  func loss(_ batch: [Tensor]) throws -> Tensor

  /// Measures the model on data that it was not trained on.
  func validate() throws -> ValidationResult

  /// What tells the training's data from other data; kept in checkpoints.
  var data: String { get }

  /// Checks that a run which had other ``data`` before can go on with the present one.
  ///
  /// - Throws: What has changed.
  func checkData(since earlier: String) throws

  /// Text that lets the weights be used without the run: configuration, classes, normalisation.
  var modelDescription: [String: String] { get }
}

/// How many samples each kind of batch has that an epoch is cut into: the last one may have fewer.
func batchSizes(of samples: Int, atMost size: Int) -> [Int] {
  let rest = samples % size
  return (samples < size ? [] : [size]) + (rest == 0 ? [] : [rest])
}

extension TrainingTask {
  /// None: steps are recorded when their first batch comes.
  public var batchTypes: [[TensorType]] { [] }
}

/// What validation found.
public struct ValidationResult: Sendable {
  /// A training ends with an error where this or the score is not finite.
  public var loss: Double
  /// What decides which epoch is the best and when to stop early; more is better.
  public var score: Double
  /// Named figures in the order in which they are shown.
  public var metrics: [(name: String, value: Double)]

  public init(loss: Double, score: Double, metrics: [(name: String, value: Double)]) {
    self.loss = loss
    self.score = score
    self.metrics = metrics
  }
}
