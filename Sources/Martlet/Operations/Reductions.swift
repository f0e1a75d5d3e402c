import MartletKernels

extension Tensor {
  /// Axes from 0, negative ones counted from the end; all where none are given.
  private func checkedAxes(_ axes: [Int]?, _ operation: String) throws -> [Int] {
    guard let axes else { return Array(0..<rank) }
    let positive = axes.map { $0 < 0 ? $0 + rank : $0 }
    try require(
      positive.allSatisfy { (0..<rank).contains($0) } && Set(positive).count == positive.count, operation,
      "expected different axes from \(-rank) to \(rank - 1), got \(axes) (input \(shape))")
    return positive
  }

  private func reduced(
    _ function: ReductionFunction, _ axes: [Int]?, _ keepDimensions: Bool, _ operation: String,
    scale: (_ count: Int) -> Double = { _ in 1 }
  ) throws -> Tensor {
    let axes = try checkedAxes(axes, operation)
    let result = type.reduced(axes, keepingDimensions: keepDimensions)
    let count = axes.reduce(1) { $0 * shape[$1] }
    return try Tensor.apply(
      ReductionOperation(function: function, target: result.type, axes: result.axes, scale: scale(count)),
      [self])[0]
  }

  /// The sum over some axes (all of them by default), accurate for any number of elements: partial sums are kept in
  /// double precision and added in a fixed order.
  ///
  /// - Parameters:
  ///   - axes: Axes to reduce; negative ones count from the end.
  ///   - keepDimensions: Whether reduced axes stay, with size 1.
  public func sum(axes: [Int]? = nil, keepDimensions: Bool = false) throws -> Tensor {
    try reduced(.sum, axes, keepDimensions, "sum")
  }

  /// The mean over some axes, or over all elements; not a number where there are none.
  public func mean(axes: [Int]? = nil, keepDimensions: Bool = false) throws -> Tensor {
    try reduced(.sum, axes, keepDimensions, "mean") { 1 / Double($0) }
  }

  /// The largest element over some axes. Equal ones share the gradient.
  public func max(axes: [Int]? = nil, keepDimensions: Bool = false) throws -> Tensor {
    try reduced(.maximum, axes, keepDimensions, "amax")
  }

  /// The smallest element over some axes.
  public func min(axes: [Int]? = nil, keepDimensions: Bool = false) throws -> Tensor {
    try reduced(.minimum, axes, keepDimensions, "amin")
  }

  /// The product over some axes, 1 where there are no elements.
  public func product(axes: [Int]? = nil, keepDimensions: Bool = false) throws -> Tensor {
    try reduced(.product, axes, keepDimensions, "prod")
  }

  /// The sum of squares over some axes.
  public func sumOfSquares(axes: [Int]?, keepDimensions: Bool = false) throws -> Tensor {
    try reduced(.sumOfSquares, axes, keepDimensions, "sum_of_squares")
  }

  /// The sum of magnitudes over some axes.
  public func l1Norm(axes: [Int]? = nil, keepDimensions: Bool = false) throws -> Tensor {
    try abs().sum(axes: axes, keepDimensions: keepDimensions)
  }

  /// √x with a slope of 0 where x is 0, as PyTorch has it of norms.
  func flatRoot() throws -> Tensor {
    let isZero = try equal(to: 0)
    let root = try Tensor.select(isZero, Tensor.ones([], scalar), self).sqrt()
    return try Tensor.select(isZero, Tensor.zeros([], scalar), root)
  }

  /// The root of the sum of squares over some axes.
  public func l2Norm(axes: [Int]? = nil, keepDimensions: Bool = false) throws -> Tensor {
    try sumOfSquares(axes: axes, keepDimensions: keepDimensions).flatRoot()
  }

  /// log Σ e to the power x over some axes, without overflow: −∞ where all elements are.
  public func logSumExp(axes: [Int]? = nil, keepDimensions: Bool = false) throws -> Tensor {
    let largest = try max(axes: axes, keepDimensions: true).withoutGradient()
    // An infinite one would leave nothing but what is not a number.
    let zero = try Tensor.full(0, TensorType([], scalar))
    let shift = try Tensor.select(largest.isInfinite(), zero, largest)
    let sum = try (self - shift).exp().sum(axes: axes, keepDimensions: keepDimensions).log()
    return try sum + (keepDimensions ? shift : shift.reshaped(to: sum.shape))
  }

  /// The mean squared distance from the mean over some axes, times n / (n − correction).
  public func variance(
    axes: [Int]? = nil, keepDimensions: Bool = false, correction: Double = 1
  ) throws -> Tensor {
    let centered = try self - mean(axes: axes, keepDimensions: true)
    return try centered.reduced(.sumOfSquares, axes, keepDimensions, "var") {
      1 / Swift.max(0, Double($0) - correction)
    }
  }

  /// The sum of all squares, as one float64.
  public func sumOfSquares() throws -> Tensor {
    try Tensor.apply(
      ReductionOperation(function: .sumOfSquares, target: TensorType([], .float64), axes: [], scale: 1),
      [self])[0]
  }

  /// The index of the largest element along an axis, as int64: the first of equal ones, or the last.
  public func argmax(axis: Int, keepDimension: Bool = false, selectsLast: Bool = false) throws -> Tensor {
    try argReduced(isSmallest: false, axis, keepDimension, selectsLast)
  }

  /// The index of the smallest element along an axis, as int64: the first of equal ones, or the last.
  public func argmin(axis: Int, keepDimension: Bool = false, selectsLast: Bool = false) throws -> Tensor {
    try argReduced(isSmallest: true, axis, keepDimension, selectsLast)
  }

  private func argReduced(
    isSmallest: Bool, _ axis: Int, _ keepDimension: Bool, _ selectsLast: Bool
  ) throws -> Tensor {
    if selectsLast {
      let index = try reversed(axis: axis).argReduced(isSmallest: isSmallest, axis, keepDimension, false)
      let last = shape[try checkedAxis(axis, "argmax")] - 1
      return try Tensor(shape: [], scalars: [Int64(last)]) - index
    }
    let operation = ArgReductionOperation(
      isSmallest: isSmallest, axis: axis < 0 ? axis + rank : axis, keepsDimension: keepDimension)
    // Without its batch a channels-last tensor has no layout that fits.
    let input = operation.axis == 0 && !keepDimension ? try converted(to: .rowMajor) : self
    return try Tensor.apply(operation, [input])[0]
  }
}
