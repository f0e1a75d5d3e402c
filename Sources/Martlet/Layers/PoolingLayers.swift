/// Max pooling over two space dimensions: PyTorch's `MaxPool2d`.
public final class MaxPool2d: Layer {
  private let kernelSize: Int
  private let stride: Int
  private let padding: Int
  private let ceilMode: Bool

  /// - Parameter stride: The kernel's size unless given.
  public init(kernelSize: Int, stride: Int? = nil, padding: Int = 0, ceilMode: Bool = false) {
    self.kernelSize = kernelSize
    self.stride = stride ?? kernelSize
    self.padding = padding
    self.ceilMode = ceilMode
  }

  public func forward(_ input: Tensor) throws -> Tensor {
    try input.maxPooled(kernel: [kernelSize], stride: [stride], padding: [padding], ceilMode: ceilMode)
  }
}

/// Average pooling over two space dimensions: PyTorch's `AvgPool2d`.
public final class AveragePool2d: Layer {
  private let kernelSize: Int
  private let stride: Int
  private let padding: Int

  public init(kernelSize: Int, stride: Int? = nil, padding: Int = 0) {
    self.kernelSize = kernelSize
    self.stride = stride ?? kernelSize
    self.padding = padding
  }

  public func forward(_ input: Tensor) throws -> Tensor {
    try input.averagePooled(kernel: [kernelSize], stride: [stride], padding: [padding])
  }
}
