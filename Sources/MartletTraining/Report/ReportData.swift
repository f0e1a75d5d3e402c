import Foundation
import MartletData

/// What a run's page shows.
public struct ReportData: Sendable {
  /// The figures of one epoch; `nan` where there is none.
  public struct Epoch: Hashable, Sendable {
    /// From 0.
    public var epoch: Int
    public var trainingLoss: Double
    public var validationLoss: Double
    public var meanIntersectionOverUnion: Double
    public var learningRate: Double

    public init(
      epoch: Int, trainingLoss: Double, validationLoss: Double, meanIntersectionOverUnion: Double,
      learningRate: Double
    ) {
      self.epoch = epoch
      self.trainingLoss = trainingLoss
      self.validationLoss = validationLoss
      self.meanIntersectionOverUnion = meanIntersectionOverUnion
      self.learningRate = learningRate
    }
  }

  /// How well one class is found.
  public struct ClassScore: Hashable, Sendable {
    public var name: String
    /// The colour that marks the class in the examples.
    public var color: MaskColor?
    /// `nan` for a class that is neither in the truth nor predicted.
    public var intersectionOverUnion: Double
    public var dice: Double
    /// Share of the pixels that are of this class in truth.
    public var share: Double

    public init(name: String, color: MaskColor?, intersectionOverUnion: Double, dice: Double, share: Double) {
      self.name = name
      self.color = color
      self.intersectionOverUnion = intersectionOverUnion
      self.dice = dice
      self.share = share
    }
  }

  /// One validation image with truth and prediction drawn over it.
  public struct Example: Hashable, Sendable {
    public enum Rank: String, Sendable {
      case best = "Best"
      case median = "Median"
      case worst = "Worst"
    }

    public var rank: Rank
    /// The image's file name.
    public var name: String
    public var intersectionOverUnion: Double
    /// Whole PNG files.
    public var input: [UInt8]
    public var truth: [UInt8]
    public var prediction: [UInt8]

    public init(
      rank: Rank, name: String, intersectionOverUnion: Double, input: [UInt8], truth: [UInt8],
      prediction: [UInt8]
    ) {
      self.rank = rank
      self.name = name
      self.intersectionOverUnion = intersectionOverUnion
      self.input = input
      self.truth = truth
      self.prediction = prediction
    }
  }

  /// The run's name, shown as the title.
  public var name: String
  /// When the run ended.
  public var date: Date
  /// Figures of the best epoch that are shown large, such as `("Mean IoU", 0.84)`, the most important first.
  public var figures: [(name: String, value: Double)]
  public var epochs: [Epoch]
  /// The epoch that the model file holds, from 0.
  public var bestEpoch: Int?
  public var classes: [ClassScore]
  public var examples: [Example]
  /// Everything that decides the run.
  public var configuration: [(key: String, value: String)]

  public init(
    name: String, date: Date, figures: [(name: String, value: Double)], epochs: [Epoch], bestEpoch: Int?,
    classes: [ClassScore], examples: [Example], configuration: [(key: String, value: String)]
  ) {
    self.name = name
    self.date = date
    self.figures = figures
    self.epochs = epochs
    self.bestEpoch = bestEpoch
    self.classes = classes
    self.examples = examples
    self.configuration = configuration
  }
}
