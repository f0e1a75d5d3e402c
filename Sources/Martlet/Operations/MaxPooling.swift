/// Where the largest elements of pooling windows were, for putting values back there.
public struct MaxPoolIndices {
  /// The largest tap's number in each window, [N, C, space…].
  let taps: Tensor
  let window: PoolingWindow
  /// The space that was pooled.
  let space: [Int]

  /// Each largest element's place in the pooled tensor [N, C, space…], counted through in row-major order, as int64
  /// [N, C, space…]: ONNX's indices. PyTorch's count within a channel: `withinChannels`.
  public func positions(withinChannels: Bool = false) throws -> Tensor {
    try Tensor.apply(
      MaxPoolPositions(window: window, space: space, withinChannels: withinChannels), [taps])[0]
  }
}

extension Tensor {
  /// The largest element of every window, as `torch.nn.functional.max_pool1d` to `3d`.
  ///
  /// - Parameters:
  ///   - kernel: The window's size, one value for all space axes or one for each.
  ///   - stride: How far it moves; by its own size unless given.
  ///   - padding: Positions beyond each edge, that never are the largest.
  ///   - paddingAfter: Those after the last element, where they are others than before the first.
  ///   - ceilMode: Whether the last window may reach beyond the padded input.
  /// - Returns: [N, C, space…], channels last.
  public func maxPooled(
    kernel: [Int], stride: [Int]? = nil, padding: [Int] = [0], paddingAfter: [Int]? = nil,
    dilation: [Int] = [1], ceilMode: Bool = false
  ) throws -> Tensor {
    try maxPooledWithIndices(
      kernel: kernel, stride: stride, padding: padding, paddingAfter: paddingAfter, dilation: dilation,
      ceilMode: ceilMode
    ).values
  }

  /// As ``maxPooled(kernel:stride:padding:paddingAfter:dilation:ceilMode:)``, and where the largest elements were, for
  /// ``maxUnpooled(_:)``.
  public func maxPooledWithIndices(
    kernel: [Int], stride: [Int]? = nil, padding: [Int] = [0], paddingAfter: [Int]? = nil,
    dilation: [Int] = [1], ceilMode: Bool = false
  ) throws -> (values: Tensor, indices: MaxPoolIndices) {
    let window = try PoolingWindow(
      axes: rank - 2, kernel: kernel, stride: stride, padding: padding, paddingAfter: paddingAfter,
      dilation: dilation, ceilMode: ceilMode, "max_pool")
    let results = try Tensor.apply(MaxPool(window), [converted(to: .channelsLast)])
    return (results[0], MaxPoolIndices(taps: results[1], window: window, space: type.space))
  }

  /// Each element put where its pooling window's largest was, zeros elsewhere, as
  /// `torch.nn.functional.max_unpool1d` to `3d` (Badrinarayanan et al., "SegNet", 2017).
  ///
  /// - Parameter indices: Of the pooling whose windows these elements stand for.
  /// - Returns: [N, C, space…] with the space that was pooled, channels last.
  /// - Throws: ``MartletError`` where the windows overlapped, since two could have the same place; or where this
  ///   tensor's shape is not that of the indices.
  public func maxUnpooled(_ indices: MaxPoolIndices) throws -> Tensor {
    let window = indices.window
    try require(
      window.kernel.indices.allSatisfy {
        window.stride[$0] > window.dilation[$0] * (window.kernel[$0] - 1)
      }, "max_unpool",
      "expected pooling windows that do not overlap, got kernel \(window.kernel), stride \(window.stride) and "
        + "dilation \(window.dilation)")
    try require(
      shape == indices.taps.shape, "max_unpool",
      "expected the shape of the indices, \(indices.taps.shape), got \(shape)")
    return try Tensor.apply(
      MaxPoolGradient(window, space: indices.space), [converted(to: .channelsLast), indices.taps])[0]
  }

  /// Each element put at its place in a tensor of another space, zeros elsewhere; of several in one place the last one
  /// stays. ONNX's MaxUnpool.
  ///
  /// - Parameters:
  ///   - positions: Of this tensor's shape, int64 or int32: places in the result [N, C, space…], counted through in
  ///     row-major order.
  ///   - space: The result's.
  /// - Returns: [N, C, space…], row-major.
  /// - Throws: ``MartletError`` where shapes do not fit; when it runs, for a place that is not in the result.
  public func maxUnpooled(at positions: Tensor, space: [Int]) throws -> Tensor {
    let result = TensorType(shape.prefix(2) + space, scalar)
    try require(
      rank >= 3 && space.count == rank - 2 && space.allSatisfy { $0 >= 0 } && positions.shape == shape,
      "max_unpool",
      "expected a place for each element of \(type) in \(rank - 2) axes of space, got \(positions.type) and \(space)"
    )
    try result.requireCountable("max_unpool")
    return try Tensor.zeros([], scalar).broadcast(to: [result.elementCount])
      .scattering(flattened(), at: positions.flattened(), axis: 0).reshaped(to: result.shape)
  }

  /// The largest element over all of space: [N, C, 1…].
  public func globalMaxPooled() throws -> Tensor {
    try maxPooled(kernel: Array(shape.dropFirst(2)))
  }
}
