import Foundation
import Martlet
import MartletFiles
import MartletInterchange
import MartletONNX

/// Looks into an ONNX file, and takes its weights out: what `martlet import` does.
public struct ONNXImport {
  /// What is in the file, and what keeps it from being run.
  public let inspection: ONNXInspection
  private let model: URL

  /// - Throws: ``MartletError`` when the file is none that can be read.
  public init(_ model: URL) throws {
    self.model = model
    inspection = try ONNXInspection(contentsOf: model)
  }

  /// What is in the file, as a person reads it.
  public var description: String {
    var lines = ["\(model.relativePath): operators of version \(inspection.opset)"]
    if !inspection.producer.isEmpty { lines[0] += ", written by \(printable(inspection.producer))" }
    lines += inspection.inputs.map { "input       \(printable($0.name))  \($0)" }
    lines += inspection.outputs.map { "output      \(printable($0.name))  \($0)" }
    let operators = inspection.operatorCounts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    lines.append(
      "operators   " + operators.map { "\(printable($0.key)) \($0.value)" }.joined(separator: ", "))
    lines.append("parameters  \(inspection.parameterCount)")
    for (key, value) in inspection.metadata.sorted(by: { $0.key < $1.key }) {
      lines.append("metadata    \(printable(key)): \(printable(value))")
    }
    if inspection.widensHalfPrecision {
      lines.append(
        "note        half precision is computed in single precision, and results are not rounded to it")
    }
    lines += inspection.problems.map { "problem     \($0)" }
    return lines.joined(separator: "\n")
  }

  /// Throws when there is something that keeps the model from being run.
  public func check() throws {
    let count = inspection.problems.count
    try require(
      count == 0, "import",
      "\(model.relativePath): \(count) node\(count == 1 ? "" : "s") cannot be run; martlet import --operators lists what can"
    )
  }

  /// Writes the model's parameters and buffers as safetensors.
  ///
  /// - Parameter overwrites: Whether a file that is there is replaced.
  /// - Throws: ``MartletError`` when the model cannot be run, or the file not be written, is there already or belongs to a
  ///   run.
  public func saveWeights(to output: String, overwriting overwrites: Bool = false) throws {
    try require(!output.isEmpty, "import", "output: expected a file, got an empty name")
    var check = OutputCheck("import", overwriting: overwrites)
    check.protect(model: model)
    for file in inspection.externalFiles { check.protect(file) }
    try check.check([(output, model.relativePath)])
    try saveSafetensors(ONNXModel(contentsOf: model).stateDict, to: URL(filePath: output))
  }

  /// The operators that can be run: a table of names, versions and limits.
  public static var operators: String {
    let rows =
      [("operator", "versions", "limits")]
      + ONNXModel.operators.map {
        ($0.name, "\($0.versions.lowerBound)–\($0.versions.upperBound)", $0.limits)
      }
    let width = rows.map { $0.0.count }.max() ?? 0
    return rows.map { row in
      let line =
        row.0 + String(repeating: " ", count: width - row.0.count + 2) + row.1
        + String(repeating: " ", count: 10 - row.1.count) + row.2
      return String(line.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n")
  }
}
