import Martlet
import MartletData

/// A loss that a configuration can name: the one table that expressions, messages and help are made from.
struct SegmentationLossTerm: Sendable {
  /// A number that can be given in parentheses.
  struct Parameter: Sendable {
    var name: String
    /// `nil` where the loss goes without.
    var defaultValue: Double?
    var range: ParameterRange
  }

  /// What is handed to a loss.
  struct Call {
    /// [N, classes, H, W]
    var logits: Tensor
    /// [N, H, W], class indices or ``LabelMap/ignored``.
    var labels: Tensor
    /// Empty for equal ones.
    var classWeights: [Double]
    var parameters: [String: Double]

    let ignored = Int(LabelMap.ignored)

    var weights: [Double]? { classWeights.isEmpty ? nil : classWeights }

    var weightTensor: Tensor? {
      get throws {
        try weights.map { try Tensor(shape: [$0.count], scalars: $0.map { Float($0) }) }
      }
    }

    /// A parameter that has a default.
    subscript(_ name: String) -> Double { parameters[name] ?? .nan }

    func flag(_ name: String) -> Bool { parameters[name] == 1 }
  }

  var name: String
  var summary: String
  var parameters: [Parameter] = []
  /// Whether classes can be weighted.
  var takesClassWeights = false
  /// Whether the weights are those of pixels in a mean, so that there is none over pixels that all weigh nothing. Those of
  /// other losses are for a mean over classes.
  var weighsPixels = false
  /// Whether it is defined for volumes as for images.
  var isForVolumes = true
  var function: @Sendable (Call) throws -> Tensor

  /// The name with its parameters: `focal(alpha, gamma=2, normalized=false)`.
  var signature: String {
    guard !parameters.isEmpty else { return name }
    let list = parameters.map { parameter in
      parameter.defaultValue.map { "\(parameter.name)=\(parameter.range.text($0))" } ?? parameter.name
    }
    return "\(name)(\(list.joined(separator: ", ")))"
  }
}

/// The numbers that a loss's parameter can be.
enum ParameterRange: Sendable {
  case flag
  case fraction
  case atLeastZero
  case aboveZero

  /// The number that a text is; `nil` for one that is out of range.
  func value(_ text: String) -> Double? {
    if self == .flag {
      return switch text {
      case "true", "1": 1
      case "false", "0": 0
      default: nil
      }
    }
    guard let number = Double(text), number.isFinite, number >= 0 else { return nil }
    switch self {
    case .fraction: return number <= 1 ? number : nil
    case .aboveZero: return number > 0 ? number : nil
    default: return number
    }
  }

  var description: String {
    switch self {
    case .flag: "true or false"
    case .fraction: "a number from 0 to 1"
    case .atLeastZero: "a number of 0 or more"
    case .aboveZero: "a number above 0"
    }
  }

  func text(_ value: Double) -> String {
    if self == .flag { return value == 1 ? "true" : "false" }
    return value == value.rounded() && abs(value) < 1e6 ? String(Int(value)) : String(value)
  }
}

extension SegmentationLossTerm {
  private static let smooth = Parameter(name: "smooth", defaultValue: 0, range: .atLeastZero)
  private static let smoothing = Parameter(name: "smoothing", defaultValue: 0, range: .fraction)
  private static let logarithm = Parameter(name: "log", defaultValue: 0, range: .flag)

  private static func number(
    _ name: String, _ value: Double?, _ range: ParameterRange = .atLeastZero
  ) -> Parameter { Parameter(name: name, defaultValue: value, range: range) }

  /// All losses that can be named.
  static let all: [SegmentationLossTerm] = [
    .init(
      name: "cross-entropy", summary: "as PyTorch", parameters: [smoothing], takesClassWeights: true,
      weighsPixels: true
    ) {
      try Loss.crossEntropy(
        $0.logits, $0.labels, classWeights: $0.weightTensor, ignoredIndex: $0.ignored,
        labelSmoothing: $0["smoothing"])
    },
    .init(
      name: "soft-cross-entropy", summary: "as smp: the mean over all pixels, ignored ones too",
      parameters: [smoothing]
    ) {
      try Loss.softCrossEntropy(
        $0.logits, $0.labels, smoothing: $0["smoothing"], ignoredIndex: $0.ignored)
    },
    .init(
      name: "binary-cross-entropy", summary: "each class against the rest, as smp", parameters: [smoothing]
    ) {
      try Loss.softBinaryCrossEntropy(
        $0.logits, $0.labels, mode: .multiclass, smoothing: $0["smoothing"], ignoredIndex: $0.ignored)
    },
    .init(
      name: "boundary-cross-entropy", summary: "with U-Net's weight map, for objects that touch",
      parameters: [
        number("w0", 10),
        number("sigma", 5, .aboveZero),
      ], takesClassWeights: true, isForVolumes: false
    ) {
      try Loss.boundaryCrossEntropy(
        $0.logits, $0.labels, classWeights: $0.weightTensor, w0: $0["w0"], sigma: $0["sigma"],
        ignoredIndex: $0.ignored)
    },
    .init(name: "dice", summary: "as smp", parameters: [smooth, logarithm], takesClassWeights: true) {
      try Loss.dice(
        $0.logits, $0.labels, mode: .multiclass, logarithm: $0.flag("log"), smooth: $0["smooth"],
        ignoredIndex: $0.ignored, classWeights: $0.weights)
    },
    .init(name: "jaccard", summary: "as smp", parameters: [smooth, logarithm], takesClassWeights: true) {
      try Loss.jaccard(
        $0.logits, $0.labels, mode: .multiclass, logarithm: $0.flag("log"), smooth: $0["smooth"],
        ignoredIndex: $0.ignored, classWeights: $0.weights)
    },
    .init(
      name: "tversky", summary: "alpha for false positives, beta for false negatives, as smp",
      parameters: [
        number("alpha", 0.5), number("beta", 0.5), number("gamma", 1, .aboveZero), smooth, logarithm,
      ], takesClassWeights: true, function: tversky),
    .init(
      name: "focal-tversky", summary: "tversky with other defaults",
      parameters: [
        number("alpha", 0.3), number("beta", 0.7), number("gamma", 0.75, .aboveZero), smooth, logarithm,
      ], takesClassWeights: true, function: tversky),
    .init(
      name: "focal", summary: "each class against the rest, as smp",
      parameters: [
        number("alpha", nil, .fraction), number("gamma", 2), number("normalized", 0, .flag),
      ], takesClassWeights: true
    ) {
      try Loss.focal(
        $0.logits, $0.labels, mode: .multiclass, alpha: $0.parameters["alpha"], gamma: $0["gamma"],
        isNormalized: $0.flag("normalized"), ignoredIndex: $0.ignored, classWeights: $0.weights)
    },
    .init(name: "lovasz", summary: "Lovász-softmax, as smp", parameters: [number("per-image", 0, .flag)]) {
      try Loss.lovasz(
        $0.logits, $0.labels, mode: .multiclass, isPerImage: $0.flag("per-image"), ignoredIndex: $0.ignored)
    },
    .init(
      name: "hausdorff", summary: "by distance transforms, as MONAI",
      parameters: [number("alpha", 2, .aboveZero), number("background", 0, .flag)]
    ) {
      try Loss.hausdorff(
        $0.logits, $0.labels, mode: .multiclass, alpha: $0["alpha"],
        includesBackground: $0.flag("background"), ignoredIndex: $0.ignored)
    },
  ]

  private static let tversky: @Sendable (Call) throws -> Tensor = {
    try Loss.tversky(
      $0.logits, $0.labels, mode: .multiclass, alpha: $0["alpha"], beta: $0["beta"], gamma: $0["gamma"],
      logarithm: $0.flag("log"), smooth: $0["smooth"], ignoredIndex: $0.ignored, classWeights: $0.weights)
  }
}
