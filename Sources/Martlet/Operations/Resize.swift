import MartletKernels

/// Resamples space to another size, axis by axis.
public struct Resize: Operation {
  /// The result's space, 1 or more along each axis.
  public var size: [Int]
  /// How new elements are made. What lies outside of a crop is 0: ``Tensor/resized(to:_:scale:)`` adds its value.
  public var interpolation: Interpolation
  /// New elements an old one along each axis, where that was asked for rather than a size: positions follow from it, and
  /// not from the ratio of the sizes.
  public var scale: [Double?]

  /// - Parameter scale: `nil` where positions follow from the ratio of sizes, for an axis or for all.
  public init(size: [Int], _ interpolation: Interpolation, scale: [Double?]? = nil) {
    self.size = size
    self.interpolation = interpolation
    self.scale = scale ?? size.map { _ in nil }
  }

  public var name: String { "resize" }

  public func isIdentity(inputs: [TensorType], outputs: [TensorType]) -> Bool {
    inputs[0] == outputs[0] && zip(taps(inputs[0].space), inputs[0].space).allSatisfy { $0 == .identity($1) }
  }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    let input = inputs[0]
    try input.requireActivation(name)
    try require(
      size.count == input.rank - 2 && scale.count == size.count && size.allSatisfy { $0 > 0 }, name,
      "expected \(input.rank - 2) positive sizes, got \(size) (\(input))")
    try require(!input.space.contains(0), name, "expected a space that is not empty, got \(input)")
    for (axis, scale) in scale.enumerated() {
      guard let scale else { continue }
      // What is read for one output grows as the scale shrinks, so it may not be smaller than it can be.
      let scaled = scale * Double(input.space[axis])
      try require(
        scaled >= 0.5 && abs(scaled - Double(size[axis])) <= 1, name,
        "expected a scale that makes \(size[axis]) of \(input.space[axis]), got \(scale)")
    }
    try interpolation.check(axes: size.count, name)
    let output = input.with(shape: Array(input.shape[..<2]) + size)
    try output.requireCountable(name)
    return [output]
  }

  func taps(_ input: [Int]) -> [AxisTaps] {
    input.indices.map {
      interpolation.taps(axis: $0, from: input[$0], to: size[$0], scale: scale[$0])
    }
  }

  private func resampling(_ input: TensorType) -> Resampling {
    Resampling(
      images: input.shape[0], channels: input.shape[1], taps: taps(input.space), format: input.checkedFormat)
  }

  public func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    resampling(inputs[0]).workspaceByteCount
  }

  public func run(_ call: OperationCall) throws {
    resampling(call.inputs[0].type)
      .resample(call.inputs[0].address, output: call.outputs[0].address, workspace: call.workspace)
  }

  public func gradient(_ context: GradientContext) throws -> [Tensor?] {
    try Tensor.apply(ResizeGradient(self, space: context.inputs[0].type.space), [context.outputGradient])
  }
}

/// The gradient of ``Resize``: each element gathers from the positions that read it.
public struct ResizeGradient: Operation {
  /// The resampling of which this is the gradient.
  public var resize: Resize
  /// The space before it, which the result has.
  public var space: [Int]

  public init(_ resize: Resize, space: [Int]) {
    self.resize = resize
    self.space = space
  }

  public var name: String { "resize_backward" }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try inputs[0].requireActivation(name)
    let input = inputs[0].with(shape: Array(inputs[0].shape[..<2]) + space)
    try require(
      try resize.inferOutputs([input])[0] == inputs[0], name,
      "expected a gradient of space \(resize.size), got \(inputs[0])")
    return [input]
  }

  private func resampling(_ gradient: TensorType) -> Resampling {
    Resampling(
      images: gradient.shape[0], channels: gradient.shape[1], taps: resize.taps(space).map(\.transposed),
      format: gradient.checkedFormat)
  }

  public func workspaceByteCount(inputs: [TensorType], outputs: [TensorType]) -> Int {
    resampling(inputs[0]).workspaceByteCount
  }

  public func run(_ call: OperationCall) throws {
    resampling(call.inputs[0].type)
      .resample(call.inputs[0].address, output: call.outputs[0].address, workspace: call.workspace)
  }

  public func gradient(_ context: GradientContext) throws -> [Tensor?] {
    try Tensor.apply(resize, [context.outputGradient])
  }
}

extension Tensor {
  /// Space resampled to a size, one number an axis, as ONNX's Resize. The result is channels last.
  ///
  /// - Parameters:
  ///   - size: The new space of this [N, C, space…].
  ///   - scale: New elements an old one along each axis, for positions that follow from it rather than from the sizes;
  ///     it must make this size, rounded either way.
  /// - Throws: ``MartletError`` when the numbers do not fit.
  public func resized(
    to size: [Int], _ interpolation: Interpolation, scale: [Double?]? = nil
  ) throws -> Tensor {
    let resize = Resize(size: size, interpolation, scale: scale)
    let resized = try Tensor.apply(resize, [converted(to: .channelsLast)])[0]
    guard case .crop(_, _, let outside) = interpolation.coordinates, outside != 0 else { return resized }
    return try resized + resize.outside(of: type.space, outside, scalar)
  }

  /// Space resampled to a multiple of its size, rounded down, one factor an axis.
  public func resized(scale: [Double], _ interpolation: Interpolation) throws -> Tensor {
    try resized(to: scaledSpace(scale, "resize"), interpolation, scale: scale)
  }

  /// Space times a factor for each axis, rounded down.
  func scaledSpace(_ scale: [Double], _ operation: String) throws -> [Int] {
    try require(
      scale.count == space.count
        && zip(scale, space).allSatisfy { $0 > 0 && $0.isFinite && $0 * Double($1) < 0x1p31 }, operation,
      "expected \(space.count) positive scales, got \(scale) (\(type))")
    return zip(space, scale).map { Int((Double($0) * $1).rounded(.down)) }
  }
}

extension Resize {
  /// A value for every position of one channel of the result that has no element along some axis, 0 for the others.
  fileprivate func outside(of space: [Int], _ value: Double, _ scalar: ScalarType) throws -> Tensor {
    let inside = try taps(space).enumerated().reduce(Tensor.ones([1, 1] + size.map { _ in 1 }, scalar)) {
      var shape = [Int](repeating: 1, count: size.count + 2)
      shape[$1.offset + 2] = size[$1.offset]
      let flags = $1.element.hasTaps.map { $0 ? 1.0 : 0 }
      return try $0 * Tensor(shape: shape, scalars: flags).cast(to: scalar)
    }
    return try (1 - inside) * value
  }
}
