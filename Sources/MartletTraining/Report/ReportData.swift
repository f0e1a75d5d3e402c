import Foundation

/// What a run's page shows.
public struct ReportData: Sendable {
  /// The figures of one epoch; `nan` where there is none.
  public struct Epoch: Hashable, Sendable {
    /// From 0.
    public var epoch: Int
    /// Mean over the epoch's samples.
    public var trainingLoss: Double
    /// Measured after the epoch.
    public var validationLoss: Double
    /// What decided which epoch is best.
    public var score: Double
    /// Of the epoch's last step.
    public var learningRate: Double

    public init(
      epoch: Int, trainingLoss: Double, validationLoss: Double, score: Double, learningRate: Double
    ) {
      self.epoch = epoch
      self.trainingLoss = trainingLoss
      self.validationLoss = validationLoss
      self.score = score
      self.learningRate = learningRate
    }
  }

  /// The run's name, shown as the title.
  public var name: String
  /// When the run ended.
  public var date: Date
  /// Figures of the best epoch that are shown large, such as `("Mean IoU", 0.84)`, the most important first.
  public var figures: [(name: String, value: Double)]
  /// What the epochs' score is called.
  public var scoreName: String
  /// Those that ran, in order.
  public var epochs: [Epoch]
  /// The epoch that the model file holds, from 0.
  public var bestEpoch: Int?
  /// What only this kind of run has to show.
  public var sections: [any ReportSection]
  /// Everything that decides the run.
  public var configuration: [(key: String, value: String)]

  public init(
    name: String, date: Date, figures: [(name: String, value: Double)], scoreName: String, epochs: [Epoch],
    bestEpoch: Int?, sections: [any ReportSection], configuration: [(key: String, value: String)]
  ) {
    self.name = name
    self.date = date
    self.figures = figures
    self.scoreName = scoreName
    self.epochs = epochs
    self.bestEpoch = bestEpoch
    self.sections = sections
    self.configuration = configuration
  }
}

/// A part of a run's page.
public protocol ReportSection: Sendable {
  /// A `section` element with all text escaped; empty when there is nothing to show.
  var html: String { get }
}

extension ReportData {
  /// What the page of a run shows, from what its folder holds.
  ///
  /// - Parameters:
  ///   - score: The column of the figures that decided which epoch is best.
  ///   - figures: What is shown large.
  init(
    _ files: RunFolder, task: any RunTask, score: String, figures: [(name: String, value: Double)],
    sections: [any ReportSection], configuration: some RunConfiguration
  ) throws {
    let columns = RunRecorder.columns(task)
    func value(_ name: String, _ row: MetricsFile.Row) -> Double {
      columns.firstIndex(of: name).map { row.values[$0] } ?? .nan
    }
    let epochs = try MetricsFile.rows(of: files.metrics, columns: columns).map { row in
      Epoch(
        epoch: row.epoch, trainingLoss: value("training_loss", row),
        validationLoss: value("validation_loss", row), score: value(score, row),
        learningRate: value("learning_rate", row))
    }
    var best: Epoch?
    for epoch in epochs where epoch.score > best?.score ?? -1 { best = epoch }
    self.init(
      name: files.url.lastPathComponent, date: Date(), figures: figures,
      scoreName: task.scoreName.prefix(1).uppercased() + task.scoreName.dropFirst(), epochs: epochs,
      bestEpoch: best?.epoch, sections: sections, configuration: try ConfigurationFile.settings(configuration)
    )
  }
}
