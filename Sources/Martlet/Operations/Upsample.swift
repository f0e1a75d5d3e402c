import MartletKernels

/// How values between an image's elements are made, as the modes of `torch.nn.functional.interpolate`.
public enum UpsamplingMode: Hashable, Sendable {
  case nearest
  /// For [N, C, L].
  case linear(alignCorners: Bool = false)
  /// For [N, C, H, W].
  case bilinear(alignCorners: Bool = false)
  /// For [N, C, D, H, W].
  case trilinear(alignCorners: Bool = false)

  /// The number of space axes that the mode is for; `nil` for any.
  var axes: Int? {
    switch self {
    case .nearest: nil
    case .linear: 1
    case .bilinear: 2
    case .trilinear: 3
    }
  }
}

/// Resamples space to another size.
public struct Upsample: Operation {
  public var size: [Int]
  public var mode: UpsamplingMode
  /// Outputs an input along each axis, where that was asked for rather than a size. Positions follow from it, and not
  /// from the ratio of the sizes.
  public var scale: [Double]?

  public init(size: [Int], mode: UpsamplingMode, scale: [Double]? = nil) {
    self.size = size
    self.mode = mode
    self.scale = scale
  }

  public var name: String { "upsample" }
  public func isIdentity(inputs: [TensorType], outputs: [TensorType]) -> Bool { scale == nil && inputs[0] == outputs[0] }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try inputs[0].requireActivation(name)
    try check(inputs[0])
    let output = inputs[0].with(shape: Array(inputs[0].shape[..<2]) + size)
    try output.requireCountable(name)
    return [output]
  }

  private func check(_ input: TensorType) throws {
    try require(
      size.count == input.rank - 2 && size.allSatisfy { $0 > 0 }
        && (scale.map { $0.count == size.count } ?? true),
      name, "expected \(input.rank - 2) positive sizes, got \(size) (\(input))")
    try require(
      mode.axes == nil || mode.axes == size.count, name,
      "mode \(mode) is for \(mode.axes ?? 0) space axes, got \(input)")
    try require(!input.space.contains(0), name, "expected a space that is not empty, got \(input)")
  }

  func taps(_ input: [Int]) -> [AxisTaps] {
    input.indices.map { axis in
      switch mode {
      case .nearest: .nearest(inputSize: input[axis], outputSize: size[axis], scale: scale?[axis])
      case .linear(let align), .bilinear(let align), .trilinear(let align):
        .linear(inputSize: input[axis], outputSize: size[axis], scale: scale?[axis], alignCorners: align)
      }
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
    try Tensor.apply(
      UpsampleGradient(self, space: context.inputs[0].type.space), [context.outputGradient])
  }
}

/// The gradient of ``Upsample``: each element gathers from the positions that read it.
public struct UpsampleGradient: Operation {
  public var upsample: Upsample
  public var space: [Int]

  public init(_ upsample: Upsample, space: [Int]) {
    self.upsample = upsample
    self.space = space
  }

  public var name: String { "upsample_backward" }

  public func inferOutputs(_ inputs: [TensorType]) throws -> [TensorType] {
    try inputs[0].requireActivation(name)
    let input = inputs[0].with(shape: Array(inputs[0].shape[..<2]) + space)
    try require(
      try upsample.inferOutputs([input])[0] == inputs[0], name,
      "expected a gradient of space \(upsample.size), got \(inputs[0])")
    return [input]
  }

  private func resampling(_ gradient: TensorType) -> Resampling {
    Resampling(
      images: gradient.shape[0], channels: gradient.shape[1], taps: upsample.taps(space).map(\.transposed),
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
    try Tensor.apply(upsample, [context.outputGradient])
  }
}

extension Tensor {
  /// Space resampled to a size, one value for all axes or one for each, as `torch.nn.functional.interpolate(size=)`.
  /// The result is channels last.
  public func upsampled(to size: [Int], mode: UpsamplingMode = .nearest) throws -> Tensor {
    let size = try perAxis(size, rank - 2, "the size", "upsample")
    return try Tensor.apply(Upsample(size: size, mode: mode), [converted(to: .channelsLast)])[0]
  }

  /// Space resampled to a multiple of its size, rounded down, as `torch.nn.functional.interpolate(scale_factor=)`.
  /// The result is channels last.
  public func upsampled(scale: Double, mode: UpsamplingMode = .nearest) throws -> Tensor {
    try upsampled(scale: [Double](repeating: scale, count: Swift.max(rank - 2, 0)), mode: mode)
  }

  /// Space resampled to a multiple of its size, rounded down, one factor an axis.
  public func upsampled(scale: [Double], mode: UpsamplingMode = .nearest) throws -> Tensor {
    let space = type.space
    try require(
      scale.count == space.count
        && zip(scale, space).allSatisfy { $0 > 0 && $0.isFinite && $0 * Double($1) < 0x1p31 }, "upsample",
      "expected \(space.count) positive scales, got \(scale) (\(type))")
    let size = zip(space, scale).map { Int((Double($0) * $1).rounded(.down)) }
    return try Tensor.apply(
      Upsample(size: size, mode: mode, scale: scale), [converted(to: .channelsLast)])[0]
  }
}
