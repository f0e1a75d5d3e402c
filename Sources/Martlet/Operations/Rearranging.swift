/// Rearrangements that are put together from reshapes, permutations and broadcasts.
extension Tensor {
  /// The tensor repeated along every axis, as `torch.tile` and ONNX's Tile.
  ///
  /// - Parameter repeats: One count of 0 or more an axis.
  public func tiled(_ repeats: [Int]) throws -> Tensor {
    try require(
      repeats.count == rank && repeats.allSatisfy { (0...Int(Int32.max)).contains($0) }, "tile",
      "expected \(rank) counts of 0 or more, got \(repeats)")
    // Sizes and counts are below 2^31, so that products of two do not overflow.
    let result = type.with(shape: zip(shape, repeats).map(*))
    try result.requireCountable("tile")
    if result == type { return self }
    let single = try reshaped(to: shape.flatMap { [1, $0] })
    return try single.broadcast(to: zip(repeats, shape).flatMap { [$0, $1] }).reshaped(to: result.shape)
  }

  /// The tensor repeated to the shape that it and another broadcast to, as ONNX's Expand.
  public func expanded(to shape: [Int]) throws -> Tensor {
    try require(shape.allSatisfy { $0 >= 0 }, "expand", "expected sizes of 0 or more, got \(shape)")
    let result = TensorType(try TensorType.broadcastShape([self.shape, shape], "expand"), scalar)
    try result.requireCountable("expand")
    return try broadcast(to: result.shape)
  }

  /// How channels are numbered that become, or were, blocks of pixels.
  public enum BlockOrder: Hashable, Sendable {
    /// Place in the block, then channel: `DCR` of ONNX.
    case placeFirst
    /// Channel, then place in the block: `CRD` of ONNX, PyTorch's `pixel_shuffle`.
    case channelFirst
  }

  /// Channels of [N, C · block², H, W] moved to blocks of pixels: [N, C, H · block, W · block], channels last.
  public func depthToSpace(block: Int, _ order: BlockOrder = .placeFirst) throws -> Tensor {
    try require(
      rank == 4 && (1...(1 << 15)).contains(block) && shape[1] % (block * block) == 0, "depth_to_space",
      "expected an image [N, C, H, W] whose channels \(block)² divides, got \(type)")
    let (depth, height, width) = (shape[1] / (block * block), shape[2], shape[3])
    let channels = order == .placeFirst ? [block, block, depth] : [depth, block, block]
    // With the channels last, which is free for an image that has them there, elements are moved once.
    return try permuted([0, 2, 3, 1]).reshaped(to: [shape[0], height, width] + channels)
      .permuted(order == .placeFirst ? [0, 1, 3, 2, 4, 5] : [0, 1, 4, 2, 5, 3])
      .reshaped(to: [shape[0], height * block, width * block, depth]).permuted([0, 3, 1, 2])
  }

  /// Blocks of pixels of [N, C, H, W] moved to channels: [N, C · block², H / block, W / block], channels last.
  public func spaceToDepth(block: Int, _ order: BlockOrder = .placeFirst) throws -> Tensor {
    try require(
      rank == 4 && (1...(1 << 15)).contains(block) && shape[2] % block == 0 && shape[3] % block == 0,
      "space_to_depth", "expected an image [N, C, H, W] whose height and width \(block) divides, got \(type)")
    let (height, width) = (shape[2] / block, shape[3] / block)
    return try permuted([0, 2, 3, 1]).reshaped(to: [shape[0], height, block, width, block, shape[1]])
      .permuted(order == .placeFirst ? [0, 1, 3, 2, 4, 5] : [0, 1, 3, 5, 2, 4])
      .reshaped(to: [shape[0], height, width, shape[1] * block * block]).permuted([0, 3, 1, 2])
  }

  /// The matrices of the last two axes with 0 below (or above) a diagonal, as `torch.triu` and `torch.tril`.
  ///
  /// - Parameter diagonal: How far the last one kept lies above the main one.
  public func triangle(upper: Bool, diagonal: Int = 0) throws -> Tensor {
    try require(rank >= 2, "triangle", "expected matrices, got \(type)")
    let (rows, columns) = (shape[rank - 2], shape[rank - 1])
    let diagonal = Swift.min(Swift.max(diagonal, -rows), columns)
    let isKept = try Tensor(
      shape: [rows, columns],
      scalars: (0..<rows).flatMap { row in
        (0..<columns).map { upper ? $0 - row >= diagonal : $0 - row <= diagonal }
      })
    return try Tensor.select(isKept, self, Tensor.full(0, TensorType([], scalar)))
  }

  /// Class indices as a new axis of `depth` values: `on` at the index, `off` elsewhere and where the index is out of
  /// range; negative ones count from the end. ONNX's OneHot.
  ///
  /// - Parameters:
  ///   - axis: Where the new axis is put, counted from the end of the result where it is negative.
  ///   - on: One number, of the result's type; so is `off`.
  public func oneHot(depth: Int, axis: Int = -1, on: Tensor, off: Tensor) throws -> Tensor {
    let axis = axis < 0 ? axis + rank + 1 : axis
    try require(
      (0...rank).contains(axis) && (0...Int(Int32.max)).contains(depth), "one_hot",
      "expected an axis from \(-rank - 1) to \(rank) and a depth of 0 or more, got \(axis) and \(depth)")
    try require(
      on.elementCount == 1 && off.elementCount == 1, "one_hot",
      "expected one value for on and off, got \(on.type) and \(off.type)")
    let whole = try cast(to: .int64)
    let indices = try whole.countedFromFront(of: depth).unsqueezed(axis).converted(to: .rowMajor)
    let classes = try Tensor.range(from: 0, to: depth)
      .reshaped(to: [depth] + [Int](repeating: 1, count: rank - axis))
    return try Tensor.select(
      indices.equal(to: classes), on.reshaped(to: []), off.reshaped(to: []))
  }

  /// Integers from one on, a step apart, up to but not including a limit.
  public static func range(
    from start: Int, to limit: Int, by step: Int = 1, _ scalar: ScalarType = .int64
  ) throws -> Tensor {
    try require(step != 0, "range", "expected a step that is not 0")
    let (span, overflow) = (step > 0 ? limit : start).subtractingReportingOverflow(step > 0 ? start : limit)
    let stride = Swift.max(step.magnitude, 1)
    let count = overflow || span <= 0 ? 0 : (UInt(span) + stride - 1) / stride
    try require(
      count <= UInt(Int32.max) && !(overflow && (step > 0) == (limit > start)), "range",
      "from \(start) to \(limit) by \(step) is more than memory can hold")
    return try Tensor(type: TensorType([Int(count)], .int64)) {
      (elements: UnsafeMutableBufferPointer<Int64>) in
      for i in elements.indices { elements[i] = Int64(start) + Int64(i) * Int64(step) }
    }.cast(to: scalar)
  }

  /// Numbers from one on, a step apart, up to but not including a limit.
  public static func range(
    from start: Double, to limit: Double, by step: Double, _ scalar: ScalarType = .float32
  ) throws -> Tensor {
    let count = ((limit - start) / step).rounded(.up)
    try require(
      step != 0 && count <= Double(Int32.max), "range",
      "expected a step that reaches from \(start) to \(limit), got \(step)")
    let type = TensorType([count > 0 ? Int(count) : 0], .float64)
    return try Tensor(type: type) { (elements: UnsafeMutableBufferPointer<Double>) in
      for i in elements.indices { elements[i] = start + Double(i) * step }
    }.cast(to: scalar)
  }

  /// The indices of the elements that are not 0, as int64 [rank, count], in row-major order: ONNX's NonZero.
  ///
  /// - Throws: ``MartletError`` for a symbolic tensor, since how many there are depends on the elements.
  public func nonZeroIndices() throws -> Tensor {
    let flags = try cast(to: .bool).scalars(Bool.self)
    let places = flags.indices.filter { flags[$0] }
    var step = flags.count
    let rows = shape.flatMap { size -> [Int64] in
      step /= Swift.max(size, 1)
      return places.map { Int64($0 / step % size) }
    }
    return try Tensor(shape: [rank, places.count], scalars: rows)
  }
}
