import Martlet
import MartletData

/// A weighted sum of losses by name, such as `cross-entropy` or `0.5*cross-entropy + 0.5*dice(smooth=1)`.
///
/// ``help`` lists the names and their parameters.
public struct SegmentationLoss: Sendable {
  private let parts: [SegmentationLossExpression.Part]
  private let classWeights: [Double]

  /// - Parameters:
  ///   - expression: Names with optional factors in front and parameters in parentheses behind, joined by `+`.
  ///   - classWeights: One weight a class; empty for equal ones.
  /// - Throws: ``MartletError`` naming what cannot be read, a loss that does not weigh classes if there are weights,
  ///   another number of weights than of classes, and factors or weights that are negative or all 0.
  public init(_ expression: String, classWeights: [Double], classCount: Int) throws {
    parts = try SegmentationLossExpression(expression).parts
    try require(
      classWeights.isEmpty || classWeights.count == classCount, "loss",
      "expected \(classCount) class weights, got \(classWeights.count)")
    try require(
      classWeights.allSatisfy { $0.isFinite && $0 >= 0 }, "loss",
      "expected class weights of 0 or more, got \(classWeights)")
    try require(
      classWeights.isEmpty || classWeights.contains { $0 > 0 }, "loss",
      "expected a class weight above 0, got \(classWeights)")
    if !classWeights.isEmpty, let term = parts.first(where: { !$0.term.takesClassWeights })?.term {
      let names = SegmentationLossTerm.all.filter(\.takesClassWeights).map(\.name)
      throw MartletError(
        "loss",
        "expected no class weights with \(term.name), which has none; \(names.joined(separator: ", ")) have")
    }
    self.classWeights = classWeights
  }

  /// Checks that an expression can be read.
  ///
  /// - Throws: ``MartletError`` naming what cannot be read.
  public static func check(_ expression: String) throws { _ = try SegmentationLossExpression(expression) }

  /// The losses that can be named, one a line, with their parameters and defaults.
  public static var help: String {
    SegmentationLossTerm.all.map { term in
      "\(term.signature): \(term.summary)\(term.takesClassWeights ? "; takes class weights" : "")"
    }.joined(separator: "\n")
  }

  /// Whether a batch with these labels has a loss: a mean over no pixels is none.
  func isDefined(for labels: some Sequence<UInt8>) -> Bool {
    labels.contains { $0 != LabelMap.ignored && counts(Int($0)) }
  }

  /// Whether there can be a loss where each class has so many pixels.
  func isDefined(forPixels pixels: [Int]) -> Bool { pixels.indices.contains { pixels[$0] > 0 && counts($0) } }

  /// Whether the pixels of a class count in every part of the loss.
  private func counts(_ index: Int) -> Bool {
    classWeights.isEmpty || classWeights[index] > 0 || !parts.contains(where: \.term.weighsPixels)
  }

  /// The mean loss of a batch.
  ///
  /// - Parameters:
  ///   - logits: [N, classes, H, W].
  ///   - labels: [N, H, W], class indices or ``LabelMap/ignored``.
  public func callAsFunction(_ logits: Tensor, _ labels: Tensor) throws -> Tensor {
    var total: Tensor?
    for part in parts {
      let value = try part.term.function(
        SegmentationLossTerm.Call(
          logits: logits, labels: labels, classWeights: classWeights, parameters: part.parameters))
      let weighted = part.weight == 1 ? value : try value * part.weight
      total = try total.map { try $0 + weighted } ?? weighted
    }
    guard let total else { preconditionFailure("an expression has at least one term") }
    return total
  }
}
