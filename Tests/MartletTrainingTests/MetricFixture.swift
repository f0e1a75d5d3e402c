import Foundation

/// What segmentation_models.pytorch, scikit-learn and MONAI make of small label maps: `Tests/Fixtures/make_metrics.py`.
struct MetricFixture: Decodable {
  struct Labels: Decodable {
    var truth: String
    var prediction: String
  }

  struct Statistics: Decodable {
    var images: [Labels]
    var weights: [Double]
    /// Measure, reduction, whether weights were given, what replaces 0 / 0, value.
    var values: [[Field]]
    /// Each image's and class's value by measure.
    var none: [String: [[Double]]]
  }

  struct Report: Decodable {
    var truth: String
    var prediction: String
    var classes: Int
    var rows: [[Double]]
    var macro: [Double]
    var weighted: [Double]
    var kappa: Field
  }

  struct Surface: Decodable {
    var shape: [Int]
    var spacing: [Double]?
    var truth: String
    var prediction: String
    var hausdorff95: Field
    var hausdorff: Field
    var average: Field
  }

  struct Instances: Decodable {
    var height: Int
    var width: Int
    var truths: Int
    var predictions: Int
    var images: Int
    var pairs: [Labels]
    var precisions: [Double]
    var average: Double
  }

  struct Calibration: Decodable {
    var bins: Int
    var truth: String
    var prediction: String
    var confidences: [Float]
    var expected: Double
    var maximum: Double
  }

  /// A number, which may be infinite or none, a word, or yes or no.
  enum Field: Decodable {
    case number(Double)
    case word(String)
    case flag(Bool)

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      if let flag = try? value.decode(Bool.self) {
        self = .flag(flag)
      } else if let number = try? value.decode(Double.self) {
        self = .number(number)
      } else {
        let text = try value.decode(String.self)
        self = Double(text).map { .number($0) } ?? .word(text)
      }
    }

    var number: Double { if case .number(let value) = self { value } else { .signalingNaN } }
    var word: String { if case .word(let text) = self { text } else { "" } }
    var flag: Bool { if case .flag(let flag) = self { flag } else { false } }
  }

  var statistics: Statistics
  var reports: [Report]
  var surfaces: [Surface]
  var instances: [Instances]
  var calibration: [Calibration]

  static func load() throws -> MetricFixture {
    let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/metrics.json")
    return try JSONDecoder().decode(Self.self, from: Data(contentsOf: file))
  }

  static func digits(_ text: String) -> [UInt8] { text.utf8.map { $0 - UInt8(ascii: "0") } }
}

/// Equal but for the rounding of single precision, in which the references count.
func agrees(_ a: Double, _ b: Double, within tolerance: Double = 1e-6) -> Bool {
  a == b || (a.isNaN && b.isNaN) || abs(a - b) <= tolerance * max(1, abs(b))
}
