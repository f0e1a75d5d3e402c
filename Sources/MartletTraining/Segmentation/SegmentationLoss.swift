import Martlet
import MartletData

/// A weighted sum of losses by name, such as `cross-entropy` or `0.5*cross-entropy+0.5*dice`.
public struct SegmentationLoss: Sendable {
  /// The losses that can be named.
  public enum Term: String, CaseIterable, Sendable {
    case crossEntropy = "cross-entropy"
    case dice
  }

  private let terms: [(weight: Double, term: Term)]
  private let classWeights: [Double]

  /// - Parameters:
  ///   - expression: Names with optional factors in front, joined by `+`.
  ///   - classWeights: One weight a class for cross-entropy; empty for equal ones.
  /// - Throws: ``MartletError`` naming what cannot be read, another number of weights than of classes, and factors or
  ///   weights that are negative or all 0.
  public init(_ expression: String, classWeights: [Double], classCount: Int) throws {
    let names = Term.allCases.map(\.rawValue).joined(separator: ", ")
    terms = try expression.split(separator: "+", omittingEmptySubsequences: false).map { part in
      let factors = part.split(separator: "*", omittingEmptySubsequences: false).map { text in
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
      }
      guard factors.count <= 2, let name = factors.last, let term = Term(rawValue: name) else {
        throw MartletError(
          "loss", "expected \(names) or a sum such as 0.5*dice+0.5*cross-entropy, got \(expression)")
      }
      guard factors.count == 2 else { return (1, term) }
      guard let weight = Double(factors[0]), weight.isFinite, weight >= 0 else {
        throw MartletError("loss", "expected a number of 0 or more in front of *\(name), got \(factors[0])")
      }
      return (weight, term)
    }
    try require(
      terms.contains { $0.weight > 0 }, "loss",
      "expected a number above 0 in front of a loss, got \(expression)")
    try require(
      classWeights.isEmpty || classWeights.count == classCount, "loss",
      "expected \(classCount) class weights, got \(classWeights.count)")
    try require(
      classWeights.allSatisfy { $0.isFinite && $0 >= 0 }, "loss",
      "expected class weights of 0 or more, got \(classWeights)")
    try require(
      classWeights.isEmpty || classWeights.contains { $0 > 0 }, "loss",
      "expected a class weight above 0, got \(classWeights)")
    self.classWeights = classWeights
  }

  /// Whether a batch with these labels has a loss: a mean over no pixels is none.
  func isDefined(for labels: [UInt8]) -> Bool {
    labels.contains { $0 != LabelMap.ignored && (classWeights.isEmpty || classWeights[Int($0)] > 0) }
  }

  /// The mean loss of a batch.
  ///
  /// - Parameters:
  ///   - logits: [N, classes, H, W].
  ///   - labels: [N, H, W], class indices or ``LabelMap/ignored``.
  public func callAsFunction(_ logits: Tensor, _ labels: Tensor) throws -> Tensor {
    let ignored = Int(LabelMap.ignored)
    var total: Tensor?
    for (weight, term) in terms {
      let value: Tensor
      switch term {
      case .crossEntropy:
        let weights =
          classWeights.isEmpty
          ? nil : try Tensor(shape: [classWeights.count], scalars: classWeights.map { Float($0) })
        value = try Loss.crossEntropy(logits, labels, classWeights: weights, ignoredIndex: ignored)
      case .dice: value = try Loss.dice(logits, labels, mode: .multiclass, ignoredIndex: ignored)
      }
      let weighted = weight == 1 ? value : try value * weight
      total = try total.map { try $0 + weighted } ?? weighted
    }
    guard let total else { preconditionFailure("an expression has at least one term") }
    return total
  }
}
