import MartletKernels

/// How an axis is given another size: where its new elements lie among the old ones, and how they are made from those
/// nearby. The definitions are those of the operator Resize of ONNX, which has PyTorch's as special cases.
public struct Interpolation: Hashable, Sendable {
  /// Which old elements a new one is made from.
  public enum Method: Hashable, Sendable {
    /// One element, by rounding the position.
    case nearest(Rounding)
    /// The two neighbours.
    case linear
    /// Four neighbours, by cubic convolution with a coefficient a (Keys, 1981): −0.75 in PyTorch and by default in
    /// ONNX, −0.5 with PyTorch's antialiasing.
    case cubic(coefficient: Double = -0.75)
  }

  /// Which old element a position between two of them stands for.
  public enum Rounding: Hashable, Sendable {
    /// To the nearest, from halves down or up: `round_prefer_floor` and `round_prefer_ceil` of ONNX.
    case nearestOrDown, nearestOrUp
    /// `floor` and `ceil` of ONNX.
    case down, up
    /// Down, from ``Coordinates/asymmetric`` positions in single precision, whatever the coordinates: PyTorch's
    /// `nearest`.
    case downInSinglePrecision
  }

  /// Where the new element x lies. `scale` is new elements an old one.
  public enum Coordinates: Hashable, Sendable {
    /// (x + ½) / scale − ½: the outer edges of the axis coincide.
    case halfPixel
    /// The same about the axis's centre, where the new size is not a whole number of scaled elements:
    /// `half_pixel_symmetric`.
    case halfPixelSymmetric
    /// As ``halfPixel``, but 0 where the new size is 1: `pytorch_half_pixel`.
    case halfPixelOrFirst
    /// x · (old − 1) / (new − 1): the centres of the outer elements coincide.
    case alignedCorners
    /// x / scale
    case asymmetric
    /// (x + ½) / scale, for rounding down: `tf_half_pixel_for_nn` of older ONNX.
    case halfPixelUnshifted
    /// As ``alignedCorners`` for a part of the axis, given for each axis in fractions of old − 1; what lies outside of
    /// the whole becomes one value: `tf_crop_and_resize`.
    case crop(from: [Double], to: [Double], outside: Double)
  }

  /// Which old elements a new one is made from.
  public var method: Method
  /// Where new elements lie among the old ones.
  public var coordinates: Coordinates
  /// Whether a smaller size averages over all elements that an output stands for.
  public var antialiases: Bool
  /// Whether weights of elements beyond the ends are left out and the others made up for them; otherwise the outermost
  /// element stands for those.
  public var excludesOutside: Bool

  /// With the defaults of ONNX's Resize. Numbers are checked by what resamples.
  public init(
    _ method: Method, _ coordinates: Coordinates = .halfPixel, antialiases: Bool = false,
    excludesOutside: Bool = false
  ) {
    self.method = method
    self.coordinates = coordinates
    self.antialiases = antialiases
    self.excludesOutside = excludesOutside
  }

  func check(axes: Int, _ operation: String) throws {
    if case .nearest = method {
      try require(!antialiases, operation, "there is no antialiasing of nearest elements")
    }
    if case .cubic(let coefficient) = method {
      try require(
        abs(coefficient) <= 16, operation, "expected a coefficient from -16 to 16, got \(coefficient)")
    }
    if case .crop(let from, let to, let outside) = coordinates {
      try require(
        from.count == axes && to.count == axes && (from + to).allSatisfy { abs($0) <= 1e6 }, operation,
        "expected a start and an end for each of \(axes) axes, got \(from) and \(to)")
      try require(outside.isFinite, operation, "expected a finite value outside of the crop, got \(outside)")
    }
  }

  /// Which old elements each new one is made from, along the axis of number `axis`.
  func taps(axis: Int, from input: Int, to output: Int, scale: Double?) -> AxisTaps {
    func position(_ x: Int) -> Double? {
      self.position(of: Double(x), axis: axis, Double(input), Double(output), scale)
    }
    let stretch = antialiases ? max(1, scale.map { 1 / $0 } ?? Double(input) / Double(output)) : 1
    func filtered(_ support: Double, _ filter: (Double) -> Double) -> AxisTaps {
      .filtered(
        inputSize: input, outputSize: output, support: support, stretch: stretch,
        excludesOutside: excludesOutside, position: position, filter: filter)
    }
    switch method {
    case .nearest(.downInSinglePrecision):
      return .nearest(inputSize: input, outputSize: output, scale: scale)
    case .nearest(let rounding):
      // A third of nine is three only in the single precision in which scales are given.
      let position =
        scale.map { scale in
          {
            self.position(of: Float($0), axis: axis, Float(input), Float(output), Float(scale)).map(
              Double.init)
          }
        } ?? position
      return .nearest(inputSize: input, outputSize: output, position: position) { value in
        switch rounding {
        case .nearestOrDown: (value - 0.5).rounded(.up)
        case .nearestOrUp: (value + 0.5).rounded(.down)
        case .down, .downInSinglePrecision: value.rounded(.down)
        case .up: value.rounded(.up)
        }
      }
    case .linear where stretch == 1:
      return .linear(inputSize: input, outputSize: output, position: position)
    case .linear:
      return filtered(1) { max(1 - $0, 0) }
    case .cubic(let a):
      return filtered(2) { x in
        x <= 1
          ? ((a + 2) * x - (a + 3)) * x * x + 1
          : x < 2 ? ((x - 5) * x + 8) * x * a - 4 * a : 0
      }
    }
  }

  private func position<Real: BinaryFloatingPoint>(
    of x: Real, axis: Int, _ input: Real, _ output: Real, _ scale: Real?
  ) -> Real? {
    // From sizes with a single rounding, so that halves are halves.
    func unscaled(_ x: Real) -> Real { scale.map { x / $0 } ?? x * input / output }
    switch coordinates {
    case .halfPixel: return unscaled(x + 0.5) - 0.5
    case .halfPixelOrFirst: return output > 1 ? unscaled(x + 0.5) - 0.5 : 0
    case .halfPixelSymmetric: return (input - unscaled(output)) / 2 + unscaled(x + 0.5) - 0.5
    case .alignedCorners: return output > 1 ? x * (input - 1) / (output - 1) : 0
    case .asymmetric: return unscaled(x)
    case .halfPixelUnshifted: return unscaled(x + 0.5)
    case .crop(let from, let to, _):
      let (from, to) = (Real(from[axis]), Real(to[axis]))
      let fraction = output > 1 ? from + x * (to - from) / (output - 1) : (from + to) / 2
      let position = fraction * (input - 1)
      return (0...input - 1).contains(position) ? position : nil
    }
  }
}
