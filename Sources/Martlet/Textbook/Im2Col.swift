import MartletKernels

/// Unfolds the windows that a filter sees into the rows of a matrix, as the textbook (Saito, "Deep Learning from
/// Scratch", chapter 7) defines it.
///
/// With it a convolution is one matrix product. Martlet's own convolutions never make this matrix, which repeats
/// each pixel once for every filter position that covers it; it is here to be looked at and to be taught with.
///
/// - Parameters:
///   - x: [N, C, H, W], concrete, float32 or float64, in any layout.
///   - filterHeight: FH.
///   - filterWidth: FW.
///   - stride: How far the filter moves, 1 or more.
///   - pad: Zeros around each image, 0 or more.
/// - Returns: [N · outH · outW, C · FH · FW], row-major: a row for every filter position, in the order image, down,
///   across; in it channel, then filter row, then filter column. outH = 1 + (H + 2 · pad − FH) / stride, rounded down.
/// - Throws: ``MartletError`` when the shape or a number does not fit.
public func im2col(
  _ x: Tensor, filterHeight: Int, filterWidth: Int, stride: Int = 1, pad: Int = 0
) throws -> Tensor {
  let windows = try FilterWindows(
    shape: x.shape, filterHeight: filterHeight, filterWidth: filterWidth, stride: stride, pad: pad, "im2col")
  let x = try x.converted(to: .rowMajor)
  switch x.scalar {
  case .float32: return try windows.unfold(x, Float.self)
  case .float64: return try windows.unfold(x, Double.self)
  default: throw MartletError("im2col", "expected floating-point elements, got \(x.type)")
  }
}

/// The reverse of ``im2col(_:filterHeight:filterWidth:stride:pad:)``: puts every row back as a window of its image,
/// adding up where windows overlap. It is the gradient of `im2col`, not its inverse.
///
/// - Parameters:
///   - columns: [N · outH · outW, C · FH · FW], concrete, float32 or float64.
///   - inputShape: [N, C, H, W] of the images.
///   - filterHeight: FH.
///   - filterWidth: FW.
///   - stride: As it was unfolded.
///   - pad: As it was unfolded. What falls on the padding is dropped.
/// - Returns: [N, C, H, W], row-major.
/// - Throws: ``MartletError`` when the shape or a number does not fit.
public func col2im(
  _ columns: Tensor, inputShape: [Int], filterHeight: Int, filterWidth: Int, stride: Int = 1, pad: Int = 0
) throws -> Tensor {
  let windows = try FilterWindows(
    shape: inputShape, filterHeight: filterHeight, filterWidth: filterWidth, stride: stride, pad: pad,
    "col2im")
  try require(
    columns.shape == windows.matrixShape, "col2im",
    "expected columns of shape \(windows.matrixShape), got \(columns.shape)")
  switch columns.scalar {
  case .float32: return try windows.fold(columns, Float.self)
  case .float64: return try windows.fold(columns, Double.self)
  default: throw MartletError("col2im", "expected floating-point elements, got \(columns.type)")
  }
}

/// The positions of a filter on a batch of images.
private struct FilterWindows {
  let (n, c, h, w): (Int, Int, Int, Int)
  let (fh, fw): (Int, Int)
  let (stride, pad): (Int, Int)
  let (outH, outW): (Int, Int)

  init(
    shape: [Int], filterHeight: Int, filterWidth: Int, stride: Int, pad: Int, _ operation: String
  ) throws {
    let largest = 1 << 24
    try require(
      shape.count == 4 && shape.allSatisfy { (0...largest).contains($0) }, operation,
      "expected images [N, C, H, W], got shape \(shape)")
    try require(
      (1...largest).contains(filterHeight) && (1...largest).contains(filterWidth), operation,
      "expected filter sizes of 1 or more, got \(filterHeight) × \(filterWidth)")
    try require((1...largest).contains(stride), operation, "expected a stride of 1 or more, got \(stride)")
    try require((0...largest).contains(pad), operation, "expected padding of 0 or more, got \(pad)")
    try require(
      shape[2] + 2 * pad >= filterHeight && shape[3] + 2 * pad >= filterWidth, operation,
      "expected a filter within the padded image, got \(filterHeight) × \(filterWidth) on "
        + "\(shape[2] + 2 * pad) × \(shape[3] + 2 * pad)")
    (n, c, h, w) = (shape[0], shape[1], shape[2], shape[3])
    (fh, fw) = (filterHeight, filterWidth)
    (self.stride, self.pad) = (stride, pad)
    outH = 1 + (h + 2 * pad - fh) / stride
    outW = 1 + (w + 2 * pad - fw) / stride
    // Each factor is small; their products are checked before anything is allocated.
    try TensorType([n, outH, outW, c, fh, fw], .float64).requireCountable(operation)
  }

  var matrixShape: [Int] { [n * outH * outW, c * fh * fw] }

  /// Calls `body` with each element of the matrix that is not padding, and the image's element that it stands for.
  /// Pieces are whole channels, which share no element.
  private func forEachElement(_ body: (_ column: Int, _ pixel: Int) -> Void) {
    ThreadPool.parallelFor(n * c) { plane in
      let (image, channel) = (plane / c, plane % c)
      for y in 0..<outH {
        for x in 0..<outW {
          let row = ((image * outH + y) * outW + x) * c * fh * fw + channel * fh * fw
          for fy in 0..<fh {
            let sourceY = y * stride + fy - pad
            guard sourceY >= 0, sourceY < h else { continue }
            for fx in 0..<fw {
              let sourceX = x * stride + fx - pad
              guard sourceX >= 0, sourceX < w else { continue }
              body(row + fy * fw + fx, (plane * h + sourceY) * w + sourceX)
            }
          }
        }
      }
    }
  }

  func unfold<Scalar: TensorScalar & BinaryFloatingPoint>(_ x: Tensor, _: Scalar.Type) throws -> Tensor {
    try x.withElements { (pixels: UnsafeBufferPointer<Scalar>) in
      try Tensor(type: TensorType(matrixShape, x.scalar)) { (columns: UnsafeMutableBufferPointer<Scalar>) in
        columns.initialize(repeating: 0)
        forEachElement { columns[$0] = pixels[$1] }
      }
    }
  }

  func fold<Scalar: TensorScalar & BinaryFloatingPoint>(_ matrix: Tensor, _: Scalar.Type) throws -> Tensor {
    try matrix.withElements { (columns: UnsafeBufferPointer<Scalar>) in
      try Tensor(type: TensorType([n, c, h, w], matrix.scalar)) {
        (pixels: UnsafeMutableBufferPointer<Scalar>) in
        pixels.initialize(repeating: 0)
        forEachElement { pixels[$1] += columns[$0] }
      }
    }
  }
}
