import Martlet

/// How a kernel or window moves over space, as convolutions and pools have it in common.
struct SpaceAttributes {
  enum AutoPad: String, CaseIterable {
    case notSet = "NOTSET"
    case sameUpper = "SAME_UPPER"
    case sameLower = "SAME_LOWER"
    case valid = "VALID"
  }

  let kernel: [Int]?
  let strides: [Int]?
  let dilations: [Int]?
  let pads: [Int]?
  let autoPad: AutoPad

  /// Sizes beyond this are refused, so that sums and products of them do not overflow.
  private static let largest = 1 << 24

  init(_ node: inout NodeReader, hasDilations: Bool = true) throws {
    kernel = try node.integers("kernel_shape")
    strides = try node.integers("strides")
    dilations = hasDilations ? try node.integers("dilations") : nil
    pads = try node.integers("pads")
    autoPad = try node.word("auto_pad", default: .notSet)
    for (name, values, least) in [
      ("kernel_shape", kernel, 1), ("strides", strides, 1), ("dilations", dilations, 1), ("pads", pads, 0),
    ] {
      try require(
        (values ?? []).allSatisfy { $0 >= least && $0 <= Self.largest }, "onnx",
        "expected \(name) of \(least) or more, got \(values ?? [])")
    }
  }

  /// Values for every axis of a space, with padding that follows from its size where that was asked for.
  struct Resolved {
    var kernel: [Int]
    var strides: [Int]
    var dilations: [Int]
    var before: [Int]
    var after: [Int]

    /// What a window covers, gaps included.
    func reach(_ axis: Int) -> Int { dilations[axis] * (kernel[axis] - 1) + 1 }
  }

  func resolved(_ space: [Int], kernel given: [Int]? = nil) throws -> Resolved {
    let ones = space.map { _ in 1 }
    guard let kernel = kernel ?? given else {
      throw MartletError("onnx", "expected attribute kernel_shape, got none")
    }
    let pads = pads ?? space.flatMap { _ in [0, 0] }
    var result = Resolved(
      kernel: kernel, strides: strides ?? ones, dilations: dilations ?? ones,
      before: Array(pads.prefix(space.count)), after: Array(pads.dropFirst(space.count)))
    try require(
      !space.isEmpty
        && [result.kernel, result.strides, result.dilations, result.before, result.after].allSatisfy {
          $0.count == space.count
        }, "onnx",
      "expected values for \(space.count) axes, got kernel_shape \(result.kernel), strides \(result.strides), "
        + "dilations \(result.dilations) and pads \(pads)")
    try require(
      given == nil || given == kernel, "onnx",
      "expected a kernel of \(kernel) as kernel_shape says, got \(given ?? [])")
    switch autoPad {
    case .notSet: break
    case .valid: (result.before, result.after) = (space.map { _ in 0 }, space.map { _ in 0 })
    case .sameUpper, .sameLower:
      for (axis, size) in space.enumerated() {
        let stride = result.strides[axis]
        let count = (size + stride - 1) / stride
        let total = max((count - 1) * stride + result.reach(axis) - size, 0)
        result.before[axis] = autoPad == .sameUpper ? total / 2 : total - total / 2
        result.after[axis] = total - result.before[axis]
      }
    }
    return result
  }
}
