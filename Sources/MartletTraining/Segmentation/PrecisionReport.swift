import Foundation
import Martlet

/// What a precision below float32 costs an evaluation: the same figures in float32, and how far outputs differ.
public struct PrecisionReport: Sendable {
  /// One figure in both precisions.
  public struct Metric: Hashable, Sendable {
    /// `loss`, or as in ``SegmentationEvaluation/namedMetrics``.
    public var name: String
    /// In float32; `nan` where the figure does not exist, as ``own``.
    public var float32: Double
    /// In ``PrecisionReport/precision``.
    public var own: Double
  }

  /// The one below float32.
  public let precision: Precision
  /// The loss, then ``SegmentationEvaluation/namedMetrics`` in their order.
  public let metrics: [Metric]
  /// On the first images; `nil` for volumes.
  public let loss: PrecisionLoss?

  init(
    _ precision: Precision, exact: SegmentationEvaluation, own: SegmentationEvaluation, loss: PrecisionLoss?
  ) {
    self.precision = precision
    self.loss = loss
    metrics = zip(
      [("loss", exact.loss)] + exact.namedMetrics, [("loss", own.loss)] + own.namedMetrics
    ).map { Metric(name: $0.0, float32: $0.1, own: $1.1) }
  }

  /// All figures side by side, for a terminal.
  public var table: String {
    let width = max(10, metrics.map(\.name.count).max() ?? 0)
    func line(_ name: String, _ cells: [String]) -> String {
      ([name + String(repeating: " ", count: max(0, width - name.count))]
        + cells.map { String(repeating: " ", count: max(0, 10 - $0.count)) + $0 }).joined(separator: "  ")
    }
    func figure(_ value: Double, _ format: String) -> String {
      value.isFinite ? String(format: format, value) : "–"
    }
    let header = line("precision", ["fp32", precision.rawValue, "change"])
    let rows = metrics.map {
      line(
        $0.name,
        [figure($0.float32, "%.4f"), figure($0.own, "%.4f"), figure($0.own - $0.float32, "%+.4f")])
    }
    return ([header] + rows + (loss.map { ["\($0)"] } ?? [])).joined(separator: "\n")
  }
}
