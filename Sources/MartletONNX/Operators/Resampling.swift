import Martlet

extension OperatorTable {
  /// Operators that give space another size.
  static let resampling: [OperatorDefinition] = [
    OperatorDefinition(
      "Resize", from: 10, inputs: 2...4, known: [1, 2, 3],
      limits: "1 to 3 axes of space, behind batch and channels", translate: resize),
    OperatorDefinition(
      "Upsample", to: 9, inputs: 1...2, known: [1], limits: "1 to 3 axes of space, behind batch and channels"
    ) { node in
      let scales = try node.numbers("scales")
      let mode = try node.word("mode", default: ResizeMode.nearest)
      return { inputs in
        let x = try inputs[0]
        let scales = try inputs.numbers(1) ?? scales ?? []
        let target = try ResizeTarget(x.shape, axes: Array(0..<x.rank), scales: scales)
        return [try target.resize(x, Interpolation(mode.method(.down), .asymmetric))]
      }
    },
  ]
}

private enum ResizeMode: String, CaseIterable {
  case nearest, linear, cubic
  /// The name in the first files.
  case bilinear

  func method(_ rounding: Interpolation.Rounding, coefficient: Double = -0.75) -> Interpolation.Method {
    switch self {
    case .nearest: .nearest(rounding)
    case .linear, .bilinear: .linear
    case .cubic: .cubic(coefficient: coefficient)
    }
  }
}

private enum NearestMode: String, CaseIterable {
  case roundPreferFloor = "round_prefer_floor"
  case roundPreferCeil = "round_prefer_ceil"
  case floor, ceil

  var rounding: Interpolation.Rounding {
    switch self {
    case .roundPreferFloor: .nearestOrDown
    case .roundPreferCeil: .nearestOrUp
    case .floor: .down
    case .ceil: .up
    }
  }
}

private enum CoordinateMode: String, CaseIterable {
  case halfPixel = "half_pixel"
  case halfPixelSymmetric = "half_pixel_symmetric"
  case pytorchHalfPixel = "pytorch_half_pixel"
  case alignCorners = "align_corners"
  case asymmetric
  case tfHalfPixelForNearest = "tf_half_pixel_for_nn"
  case tfCropAndResize = "tf_crop_and_resize"
}

private enum AspectRatioPolicy: String, CaseIterable {
  case stretch
  case notLarger = "not_larger"
  case notSmaller = "not_smaller"
}

private func resize(_ node: inout NodeReader) throws -> Translation {
  let mode = try node.word("mode", default: ResizeMode.nearest)
  if node.version == 10 {
    return { inputs in
      let x = try inputs[0]
      let scales = try inputs.numbers(1) ?? []
      func resized(_ x: Tensor, _ scales: [Double], _ rounding: Interpolation.Rounding) throws -> Tensor {
        try ResizeTarget(x.shape, axes: Array(0..<x.rank), scales: scales)
          .resize(x, Interpolation(mode.method(rounding), .asymmetric))
      }
      guard mode == .nearest, scales.contains(where: { $0 < 1 }) else {
        return [try resized(x, scales, .down)]
      }
      // Of that version's nearest element, the definition leaves open which it is; this is what ONNX Runtime does.
      let shrunk = try resized(x, scales.map { min($0, 1) }, .up)
      return [try resized(shrunk, scales.map { max($0, 1) }, .down)]
    }
  }
  let coordinates = try node.word("coordinate_transformation_mode", default: CoordinateMode.halfPixel)
  let coefficient = try node.number("cubic_coeff_a", default: -0.75)
  let excludesOutside = try node.flag("exclude_outside")
  let outside = try node.number("extrapolation_value", default: 0)
  let nearest = try node.word("nearest_mode", default: NearestMode.roundPreferFloor)
  let antialiases = node.version >= 18 ? try node.flag("antialias") : false
  let axes = node.version >= 18 ? try node.integers("axes") : nil
  let policy =
    node.version >= 18
    ? try node.word("keep_aspect_ratio_policy", default: AspectRatioPolicy.stretch) : .stretch
  let method = mode.method(nearest.rounding, coefficient: coefficient)
  return { inputs in
    let x = try inputs[0]
    let axes = try checkedAxes(axes ?? Array(0..<x.rank), rank: x.rank)
    let isCrop = coordinates == .tfCropAndResize
    let roi = isCrop ? try inputs.numbers(1) ?? [] : nil
    // An input of no elements is as good as none.
    let scales = try inputs.numbers(2).flatMap { $0.isEmpty ? nil : $0 }
    let sizes = try inputs.integers(3).flatMap { $0.isEmpty ? nil : $0 }
    let target: ResizeTarget
    if let sizes {
      target = try ResizeTarget(x.shape, axes: axes, sizes: sizes, policy, roi: roi)
    } else {
      target = try ResizeTarget(x.shape, axes: axes, scales: scales ?? [], roi: roi)
    }
    let transform: Interpolation.Coordinates =
      switch coordinates {
      case .halfPixel: .halfPixel
      case .tfHalfPixelForNearest: .halfPixelUnshifted
      case .halfPixelSymmetric: .halfPixelSymmetric
      case .pytorchHalfPixel: .halfPixelOrFirst
      case .alignCorners: .alignedCorners
      case .asymmetric: .asymmetric
      case .tfCropAndResize:
        .crop(
          from: Array(target.starts.dropFirst(2)), to: Array(target.ends.dropFirst(2)), outside: outside)
      }
    return [
      try target.resize(
        x,
        Interpolation(method, transform, antialiases: antialiases, excludesOutside: excludesOutside))
    ]
  }
}

/// The sizes that a tensor is brought to, and the scales that positions follow from, for all its axes.
private struct ResizeTarget {
  private let source: [Int]
  private var sizes: [Int]
  private var scales: [Double?]
  /// The part of each axis that is resized, in fractions of it.
  var starts: [Double]
  var ends: [Double]

  private init(_ source: [Int], axes: [Int], roi: [Double]?) throws {
    self.source = source
    sizes = source
    scales = source.map { _ in nil }
    starts = source.map { _ in 0 }
    ends = source.map { _ in 1 }
    guard let roi else { return }
    try require(
      roi.count == 2 * axes.count, "resize",
      "expected a region of \(2 * axes.count) numbers, got \(roi.count)")
    for (position, axis) in axes.enumerated() {
      starts[axis] = roi[position]
      ends[axis] = roi[axes.count + position]
    }
  }

  init(_ source: [Int], axes: [Int], scales given: [Double], roi: [Double]? = nil) throws {
    try self.init(source, axes: axes, roi: roi)
    try require(
      given.count == axes.count && given.allSatisfy { $0 > 0 && $0 < 0x1p24 }, "resize",
      "expected \(axes.count) positive scales, got \(given)")
    for (axis, scale) in zip(axes, given) {
      // In single precision, as scales are, so that a third of three is one.
      let size = Float(source[axis]) * Float(ends[axis] - starts[axis]) * Float(scale)
      try require(size < 0x1p31, "resize", "\(scale) times \(source) is more than memory can hold")
      sizes[axis] = Int(max(size, 0).rounded(.down))
      scales[axis] = roi == nil ? scale : nil
    }
  }

  init(
    _ source: [Int], axes: [Int], sizes given: [Int], _ policy: AspectRatioPolicy, roi: [Double]?
  ) throws {
    try self.init(source, axes: axes, roi: roi)
    try require(
      given.count == axes.count && given.allSatisfy { (0..<Int(Int32.max)).contains($0) }, "resize",
      "expected \(axes.count) sizes, got \(given)")
    let ratios = zip(axes, given).map { Double($1) / Double(source[$0]) }
    let common: Double? =
      switch policy {
      case .stretch: nil
      case .notLarger: ratios.min()
      case .notSmaller: ratios.max()
      }
    for (axis, size) in zip(axes, given) {
      let scaled = common.map { ($0 * Double(source[axis])).rounded() } ?? Double(size)
      try require(scaled < 0x1p31, "resize", "expected sizes below 2^31, got \(scaled)")
      sizes[axis] = Int(scaled)
      scales[axis] = common
    }
  }

  func resize(_ x: Tensor, _ interpolation: Interpolation) throws -> Tensor {
    try require(
      (3...5).contains(x.rank) && sizes[..<2] == source[..<2], "resize",
      "expected 1 to 3 axes of space behind batch and channels, which keep their size, got \(x.type) to \(sizes)"
    )
    return try x.resized(
      to: Array(sizes.dropFirst(2)), interpolation, scale: Array(scales.dropFirst(2)))
  }
}
