/// A task that a run folder is kept for: what ``RunRecorder`` has to know to show a training and write its figures down.
public protocol RunTask: TrainingTask {
  /// What samples are called in the plural, such as `images`.
  var sampleName: String { get }
  /// A line on the network and the data, shown before the first step.
  var introduction: String { get }
  /// Names of the ``ValidationResult/metrics``, in order.
  var metricNames: [String] { get }
  /// The score that decides which epoch is best, as it is called in a sentence.
  var scoreName: String { get }
  /// Metrics that are shown after each epoch, and what they are called there.
  var shownMetrics: [(metric: String, label: String)] { get }

  /// Adds what an epoch that has ended looks like, for TensorBoard.
  func addExamples(to events: EventWriter, epoch: Int) throws
}
