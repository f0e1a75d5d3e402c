import Martlet

extension OperationRow {
  /// Losses of segmentation, against segmentation_models.pytorch and MONAI.
  static let losses: [OperationRow] = [
    overlaps, tversky, focal, lovasz, smoothed, hausdorff, boundary, supervision,
  ].flatMap { $0 }

  private static let weights = [0.5, 2.0, 1.25, 0.25]

  /// A row of a loss of predictions and targets.
  private static func row(
    _ name: String, checksFiniteDifferences: Bool = true,
    _ loss: @escaping @Sendable (_ predictions: Tensor, _ targets: Tensor) throws -> Tensor
  ) -> OperationRow {
    OperationRow("losses/\(name)", checksFiniteDifferences: checksFiniteDifferences) {
      [try loss($0[0], $0[1])]
    }
  }

  private struct Overlap: Sendable {
    var mode = Loss.Mode.multiclass
    var logarithm = false
    var fromLogits = true
    var smooth = 0.0
    var ignored: Int?
    var classes: [Int]?
    var weights: [Double]?
  }

  private static let overlapCases: [(String, Overlap)] = [
    ("multiclass", Overlap()),
    ("smooth", Overlap(smooth: 1)),
    ("logarithm", Overlap(logarithm: true, smooth: 0.5)),
    ("ignored", Overlap(ignored: 255)),
    ("classes", Overlap(classes: [1, 3])),
    ("weights", Overlap(weights: weights)),
    ("chosen_weights", Overlap(classes: [0, 2], weights: weights)),
    ("binary", Overlap(mode: .binary)),
    ("binary_ignored", Overlap(mode: .binary, smooth: 0.25, ignored: 2)),
    ("probabilities", Overlap(mode: .binary, fromLogits: false, smooth: 0.5)),
    ("multilabel", Overlap(mode: .multilabel)),
    ("multilabel_ignored", Overlap(mode: .multilabel, ignored: -1, classes: [0, 3])),
  ]

  private static func dice(_ name: String, _ c: Overlap) -> OperationRow {
    row("dice.\(name)") {
      try Loss.dice(
        $0, $1, mode: c.mode, logarithm: c.logarithm, fromLogits: c.fromLogits, smooth: c.smooth,
        ignoredIndex: c.ignored, classes: c.classes, classWeights: c.weights)
    }
  }

  private static func jaccard(_ name: String, _ c: Overlap) -> OperationRow {
    row("jaccard.\(name)") {
      try Loss.jaccard(
        $0, $1, mode: c.mode, logarithm: c.logarithm, fromLogits: c.fromLogits, smooth: c.smooth,
        ignoredIndex: c.ignored, classes: c.classes, classWeights: c.weights)
    }
  }

  private static let overlaps: [OperationRow] =
    overlapCases.map(dice) + overlapCases.map(jaccard) + [
      dice("volume", Overlap()), dice("one", Overlap()), dice("nothing", Overlap(mode: .binary)),
      dice("sure", Overlap()), dice("all_ignored", Overlap(ignored: 9)),
      dice("soft", Overlap(mode: .multilabel, smooth: 0.5)),
      jaccard("log_all_ignored", Overlap(logarithm: true, ignored: 9)),
    ]

  private static let tversky: [OperationRow] = [
    row("tversky.multiclass") { try Loss.tversky($0, $1, mode: .multiclass, alpha: 0.3, beta: 0.7) },
    row("tversky.focal") { try Loss.tversky($0, $1, mode: .multiclass, alpha: 0.3, beta: 0.7, gamma: 0.75) },
    row("tversky.squared") {
      try Loss.tversky($0, $1, mode: .multiclass, alpha: 0.6, beta: 1.5, gamma: 2, smooth: 1)
    },
    row("tversky.weights") {
      try Loss.tversky(
        $0, $1, mode: .multiclass, alpha: 0.3, beta: 0.7, gamma: 1.5, classWeights: weights)
    },
    row("tversky.classes") {
      try Loss.tversky(
        $0, $1, mode: .multiclass, alpha: 0.2, beta: 0.9, logarithm: true, classes: [2, 3])
    },
    row("tversky.ignored") {
      try Loss.tversky($0, $1, mode: .multiclass, alpha: 0.3, beta: 0.7, ignoredIndex: -100)
    },
    row("tversky.binary") { try Loss.tversky($0, $1, mode: .binary, alpha: 0.3, beta: 0.7, gamma: 1.5) },
    row("tversky.multilabel") { try Loss.tversky($0, $1, mode: .multilabel, alpha: 0.3, beta: 0.7) },
  ]

  private static let focal: [OperationRow] =
    [("multiclass", Loss.Mode.multiclass), ("binary", .binary), ("multilabel", .multilabel)].flatMap {
      name, mode in
      [
        row("focal.\(name)_plain") { try Loss.focal($0, $1, mode: mode) },
        row("focal.\(name)_alpha") { try Loss.focal($0, $1, mode: mode, alpha: 0.25, gamma: 1.5) },
        row("focal.\(name)_flat") { try Loss.focal($0, $1, mode: mode, gamma: 0) },
        row("focal.\(name)_normalized") {
          try Loss.focal($0, $1, mode: mode, alpha: 0.75, isNormalized: true)
        },
        row("focal.\(name)_sum") { try Loss.focal($0, $1, mode: mode, gamma: 3, reduction: .sum) },
      ]
    } + [
      row("focal.absent") { try Loss.focal($0, $1, mode: .multiclass) },
      row("focal.ignored") {
        try Loss.focal($0, $1, mode: .multiclass, isNormalized: true, ignoredIndex: 255)
      },
      row("focal.binary_ignored") { try Loss.focal($0, $1, mode: .binary, alpha: 0.25, ignoredIndex: 3) },
      row("focal.weights") { try Loss.focal($0, $1, mode: .multiclass, classWeights: weights) },
      row("focal.sure") { try Loss.focal($0, $1, mode: .multiclass) },
    ]

  private static let lovasz: [OperationRow] =
    [("batch", false), ("image", true)].flatMap { name, isPerImage in
      [
        row("lovasz.softmax_\(name)") { try Loss.lovasz($0, $1, mode: .multiclass, isPerImage: isPerImage) },
        row("lovasz.absent_\(name)") { try Loss.lovasz($0, $1, mode: .multiclass, isPerImage: isPerImage) },
        row("lovasz.ignored_\(name)") {
          try Loss.lovasz($0, $1, mode: .multiclass, isPerImage: isPerImage, ignoredIndex: 255)
        },
        row("lovasz.hinge_\(name)") { try Loss.lovasz($0, $1, mode: .binary, isPerImage: isPerImage) },
        row("lovasz.hinge_ignored_\(name)") {
          try Loss.lovasz($0, $1, mode: .binary, isPerImage: isPerImage, ignoredIndex: 2)
        },
        row("lovasz.multilabel_\(name)") {
          try Loss.lovasz($0, $1, mode: .multilabel, isPerImage: isPerImage)
        },
      ]
    } + [
      row("lovasz.hinge_nothing") { try Loss.lovasz($0, $1, mode: .binary) },
      row("lovasz.volume") { try Loss.lovasz($0, $1, mode: .multiclass) },
      row("lovasz.many") { try Loss.lovasz($0, $1, mode: .multiclass) },
      row("lovasz.sure") { try Loss.lovasz($0, $1, mode: .binary) },
    ]

  private static let smoothed: [OperationRow] = [
    row("soft_cross_entropy.plain") { try Loss.softCrossEntropy($0, $1) },
    row("soft_cross_entropy.smoothed") { try Loss.softCrossEntropy($0, $1, smoothing: 0.1) },
    row("soft_cross_entropy.sum") { try Loss.softCrossEntropy($0, $1, smoothing: 0.2, reduction: .sum) },
    row("soft_cross_entropy.ignored") {
      try Loss.softCrossEntropy($0, $1, smoothing: 0.1, ignoredIndex: 255)
    },
    row("soft_binary_cross_entropy.plain") { try Loss.softBinaryCrossEntropy($0, $1, mode: .multilabel) },
    row("soft_binary_cross_entropy.smoothed") {
      try Loss.softBinaryCrossEntropy($0, $1, mode: .multilabel, smoothing: 0.1)
    },
    row("soft_binary_cross_entropy.ignored") {
      try Loss.softBinaryCrossEntropy($0, $1, mode: .multilabel, smoothing: 0.2, ignoredIndex: -100)
    },
    row("soft_binary_cross_entropy.sum") {
      try Loss.softBinaryCrossEntropy(
        $0, $1, mode: .multilabel, smoothing: 0.3,
        positiveWeights: Tensor(shape: [4, 1, 1], scalars: [0.5, 1, 2, 4] as [Float]).cast(to: $0.scalar),
        reduction: .sum)
    },
    row("soft_binary_cross_entropy.multiclass") {
      try Loss.softBinaryCrossEntropy($0, $1, mode: .multiclass, smoothing: 0.1)
    },
  ]

  private static let hausdorff: [OperationRow] = [
    row("hausdorff.plain") { try Loss.hausdorff($0, $1, mode: .multiclass) },
    row("hausdorff.background") {
      try Loss.hausdorff($0, $1, mode: .multiclass, includesBackground: true)
    },
    row("hausdorff.alpha") { try Loss.hausdorff($0, $1, mode: .multiclass, alpha: 1.5) },
    row("hausdorff.volume") { try Loss.hausdorff($0, $1, mode: .multiclass) },
    row("hausdorff.binary") { try Loss.hausdorff($0, $1, mode: .binary) },
    row("hausdorff.nothing") { try Loss.hausdorff($0, $1, mode: .binary) },
    row("hausdorff.multilabel") {
      try Loss.hausdorff($0, $1, mode: .multilabel, includesBackground: true)
    },
  ]

  private static func weightMap(
    _ name: String, w0: Double, sigma: Double, ignored: Int? = nil
  ) -> OperationRow {
    OperationRow("losses/boundary_weights.\(name)") {
      [try Loss.boundaryWeights($0[0], w0: w0, sigma: sigma, ignoredIndex: ignored)]
    }
  }

  private static let boundary: [OperationRow] = [
    weightMap("plain", w0: 10, sigma: 5), weightMap("narrow", w0: 3, sigma: 0.4),
    weightMap("wide", w0: 2, sigma: 40), weightMap("one_object", w0: 10, sigma: 5),
    weightMap("ignored", w0: 10, sigma: 5, ignored: 255),
    row("boundary_cross_entropy.plain") { try Loss.boundaryCrossEntropy($0, $1) },
    row("boundary_cross_entropy.weights") {
      try Loss.boundaryCrossEntropy(
        $0, $1, classWeights: Tensor(shape: [3], scalars: [0.5, 2, 1] as [Float]).cast(to: $0.scalar), w0: 4,
        sigma: 3)
    },
    row("boundary_cross_entropy.ignored") { try Loss.boundaryCrossEntropy($0, $1, ignoredIndex: 255) },
  ]

  private static let supervision: [OperationRow] = [
    OperationRow("losses/deep_supervision.cross_entropy") {
      [
        try Loss.deeplySupervised(Array($0.prefix(3)), $0[3], weights: [1, 0.5, 0.25]) {
          try Loss.crossEntropy($0, $1)
        }
      ]
    },
    OperationRow("losses/deep_supervision.dice") {
      [
        try Loss.deeplySupervised(Array($0.prefix(2)), $0[2], weights: [0.75, 0.25]) {
          try Loss.dice($0, $1, mode: .multiclass)
        }
      ]
    },
    OperationRow("losses/deep_supervision.monai") {
      [
        try Loss.deeplySupervised(Array($0.prefix(2)), $0[2], weights: [1, 0.5]) {
          try Loss.meanSquaredError($0, $1)
        }
      ]
    },
  ]
}
