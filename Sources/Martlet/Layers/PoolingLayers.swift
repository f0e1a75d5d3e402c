/// What `MaxPool1d` to `MaxPool3d` share: the largest element of every window.
public class MaxPoolLayer: Layer {
  private let axes: Int
  private let kernelSize: Int
  private let stride: Int
  private let padding: Int
  private let dilation: Int
  private let ceilMode: Bool

  fileprivate init(
    axes: Int, _ kernelSize: Int, _ stride: Int?, _ padding: Int, _ dilation: Int, _ ceilMode: Bool
  ) {
    self.axes = axes
    self.kernelSize = kernelSize
    self.stride = stride ?? kernelSize
    self.padding = padding
    self.dilation = dilation
    self.ceilMode = ceilMode
  }

  /// - Parameter input: [N, C, space…], of the layer's number of space axes.
  /// - Returns: [N, C, space…], channels last.
  /// - Throws: ``MartletError`` for an input of other axes, and where the layer's numbers, which are checked here, do
  ///   not fit it.
  public func forward(_ input: Tensor) throws -> Tensor {
    try requireSpace(input, axes: axes, "max_pool\(axes)d")
    return try input.maxPooled(
      kernel: [kernelSize], stride: [stride], padding: [padding], dilation: [dilation], ceilMode: ceilMode)
  }
}

/// Max pooling of [N, C, L].
public final class MaxPool1d: MaxPoolLayer {
  /// - Parameters:
  ///   - stride: The kernel's size unless given.
  ///   - padding: Positions beyond each edge, that never are the largest; fewer than the window spans.
  ///   - ceilMode: Whether the last window may reach beyond the padded input.
  public init(
    kernelSize: Int, stride: Int? = nil, padding: Int = 0, dilation: Int = 1, ceilMode: Bool = false
  ) {
    super.init(axes: 1, kernelSize, stride, padding, dilation, ceilMode)
  }
}

/// Max pooling of [N, C, H, W].
public final class MaxPool2d: MaxPoolLayer {
  /// - Parameters: As those of ``MaxPool1d``.
  public init(
    kernelSize: Int, stride: Int? = nil, padding: Int = 0, dilation: Int = 1, ceilMode: Bool = false
  ) {
    super.init(axes: 2, kernelSize, stride, padding, dilation, ceilMode)
  }
}

/// Max pooling of [N, C, D, H, W].
public final class MaxPool3d: MaxPoolLayer {
  /// - Parameters: As those of ``MaxPool1d``.
  public init(
    kernelSize: Int, stride: Int? = nil, padding: Int = 0, dilation: Int = 1, ceilMode: Bool = false
  ) {
    super.init(axes: 3, kernelSize, stride, padding, dilation, ceilMode)
  }
}

/// What `AveragePool1d` to `AveragePool3d` share: the mean of every window.
public class AveragePoolLayer: Layer {
  private let axes: Int
  private let kernelSize: Int
  private let stride: Int
  private let padding: Int
  private let ceilMode: Bool
  private let countIncludePad: Bool

  fileprivate init(
    axes: Int, _ kernelSize: Int, _ stride: Int?, _ padding: Int, _ ceilMode: Bool, _ countIncludePad: Bool
  ) {
    self.axes = axes
    self.kernelSize = kernelSize
    self.stride = stride ?? kernelSize
    self.padding = padding
    self.ceilMode = ceilMode
    self.countIncludePad = countIncludePad
  }

  /// - Parameter input: [N, C, space…], of the layer's number of space axes.
  /// - Returns: [N, C, space…], channels last.
  /// - Throws: ``MartletError`` for an input of other axes, and where the layer's numbers, which are checked here, do
  ///   not fit it.
  public func forward(_ input: Tensor) throws -> Tensor {
    try requireSpace(input, axes: axes, "avg_pool\(axes)d")
    return try input.averagePooled(
      kernel: [kernelSize], stride: [stride], padding: [padding], ceilMode: ceilMode,
      countIncludePad: countIncludePad)
  }
}

/// Average pooling of [N, C, L]: PyTorch's `AvgPool1d`.
public final class AveragePool1d: AveragePoolLayer {
  /// - Parameters:
  ///   - stride: The kernel's size unless given.
  ///   - padding: Zeros beyond each edge; fewer than the window spans.
  ///   - ceilMode: Whether the last window may reach beyond the padded input.
  ///   - countIncludePad: Whether the zeros of padding count in a mean.
  public init(
    kernelSize: Int, stride: Int? = nil, padding: Int = 0, ceilMode: Bool = false,
    countIncludePad: Bool = true
  ) {
    super.init(axes: 1, kernelSize, stride, padding, ceilMode, countIncludePad)
  }
}

/// Average pooling of [N, C, H, W]: PyTorch's `AvgPool2d`.
public final class AveragePool2d: AveragePoolLayer {
  /// - Parameters: As those of ``AveragePool1d``.
  public init(
    kernelSize: Int, stride: Int? = nil, padding: Int = 0, ceilMode: Bool = false,
    countIncludePad: Bool = true
  ) {
    super.init(axes: 2, kernelSize, stride, padding, ceilMode, countIncludePad)
  }
}

/// Average pooling of [N, C, D, H, W]: PyTorch's `AvgPool3d`.
public final class AveragePool3d: AveragePoolLayer {
  /// - Parameters: As those of ``AveragePool1d``.
  public init(
    kernelSize: Int, stride: Int? = nil, padding: Int = 0, ceilMode: Bool = false,
    countIncludePad: Bool = true
  ) {
    super.init(axes: 3, kernelSize, stride, padding, ceilMode, countIncludePad)
  }
}

/// The mean over all of space: PyTorch's `AdaptiveAvgPool` to size 1, [N, C, 1…].
public final class GlobalAveragePoolLayer: Layer {
  public init() {}
  public func forward(_ input: Tensor) throws -> Tensor { try input.globalAveragePooled() }
}

/// The largest element over all of space: PyTorch's `AdaptiveMaxPool` to size 1, [N, C, 1…].
public final class GlobalMaxPoolLayer: Layer {
  public init() {}
  public func forward(_ input: Tensor) throws -> Tensor { try input.globalMaxPooled() }
}

private func requireSpace(_ input: Tensor, axes: Int, _ operation: String) throws {
  try require(
    input.rank == axes + 2, operation,
    "expected an input [N, C, …] with \(axes) space axes, got \(input.type)")
}
