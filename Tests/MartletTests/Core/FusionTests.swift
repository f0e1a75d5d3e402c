import Martlet
import MartletKernels
import Testing

/// What the graph passes do to a piece of a training step that has all that they look for: convolutions with batch
/// normalisation and ReLU, a skip connection that is joined again, pooling.
@Suite("Fusions")
struct FusionTests {
  private static let sizes = (batch: 2, height: 22, width: 19)
  private static let skipChannels = 48
  private static let upChannels = 37

  private static let argumentTypes: [TensorType] =
    [
      TensorType([sizes.batch, 3, sizes.height, sizes.width], .float32, .channelsLast),
      TensorType([sizes.batch, upChannels, sizes.height, sizes.width], .float32, .channelsLast),
      TensorType([skipChannels, 3, 3, 3]), TensorType([skipChannels, skipChannels, 3, 3]),
      TensorType([40, skipChannels + upChannels, 3, 3]), TensorType([33, 40, 3, 3]),
    ] + [skipChannels, skipChannels, skipChannels, skipChannels, 40, 40, 33].map { TensorType([$0]) }

  private static func arguments() throws -> [Tensor] {
    try argumentTypes.enumerated().map { index, type in
      var random = TestGenerator(state: UInt64(index + 1))
      let scale = type.shape.count == 4 && index > 1 ? 0.1 : 1
      return try Tensor(
        shape: type.shape,
        scalars: (0..<type.elementCount).map { _ in Float(Double.random(in: -1...1.2, using: &random) * scale)
        },
        layout: type.layout)
    }
  }

  /// The loss and all gradients.
  ///
  /// - Parameter hasMore: Whether a value is computed twice and another one read again late, by a gradient of its own.
  private static func function(
    without names: [String] = [], numerics: Numerics = .fast, scalar: ScalarType = .float32,
    hasMore: Bool = false
  ) throws -> Function {
    try Function(
      argumentTypes.map { TensorType($0.shape, scalar, $0.layout) }, mode: .training, numerics: numerics,
      passes: defaultPasses.without(names)
    ) { a in
      let options = ConvolutionOptions(padding: 1)
      let first = try a[0].convolution(a[2], options).batchNorm(weight: a[6], bias: a[7]).output.relu()
      let skip = try first.convolution(a[3], options).batchNorm(weight: a[8], bias: a[9]).output.relu()
      let squares = hasMore ? try (skip * skip).mean() : nil
      let pooled = try skip.maxPooled(kernel: [2])
      let again = hasMore ? try skip.maxPooled(kernel: [2]).square().mean() : nil
      let joined = try concatenated([skip, a[1]], axis: 1)
      let third = try joined.convolution(a[4], options).batchNorm(weight: a[10], bias: a[11]).output
      let last = try third.convolution(a[5], bias: a[12], options).relu()
      let loss = try [squares, again].compactMap { $0 }.reduce((last * last).mean() + pooled.mean()) {
        try $0 + $1
      }
      return [loss] + (try gradients(of: loss, withRespectTo: Array(a.dropFirst())))
    }
  }

  /// The results in float64, whose rounding is nothing beside float32's.
  private static func exact(_ arguments: [Tensor]) throws -> [[Double]] {
    try function(numerics: .direct, scalar: .float64)(arguments.map { try $0.cast(to: .float64) })
      .map { try $0.scalars(Double.self) }
  }

  /// The root mean square of a result's error, relative to that of what is exact.
  private static func error(_ result: Tensor, _ exact: [Double]) throws -> Double {
    let squares = try zip(result.scalars(Float.self), exact)
      .reduce((error: 0.0, size: 0.0)) {
        ($0.error + (Double($1.0) - $1.1) * (Double($1.0) - $1.1), $0.size + $1.1 * $1.1)
      }
    return (squares.error / squares.size).squareRoot()
  }

  /// Expects results no further from exact ones than a multiple of what other results of the same are, and what gathered
  /// statistics add.
  ///
  /// A chunk's n numbers are summed in float about a pivot that is one of them. Such a sum grows like k · σ, and each of
  /// its additions errs by up to 2⁻²⁴ of it, independently: the mean is off by some √n / 3 · 2⁻²⁴ · σ, and so is the
  /// deviation. There are two of these in each of three normalisations, and n is at most all pixels.
  private static func expectAsExact(
    _ results: [Tensor], as others: [Tensor], times factor: Double, _ exact: [[Double]], _ what: String
  ) throws {
    let pixels = Double(sizes.batch * sizes.height * sizes.width)
    let statistics = Double(2 * 3).squareRoot() * pixels.squareRoot() / 3 * 0x1p-24
    for (index, (a, b)) in zip(results, others).enumerated() {
      let allowed = try factor * error(b, exact[index]) + statistics
      let got = try error(a, exact[index])
      #expect(got <= allowed, "result \(index) \(what): \(got), allowed \(allowed)")
    }
  }

  private static func operations(_ function: Function) -> [String] {
    function.listing().rows.map(\.operation)
  }

  /// Passes that find nothing in the function, and the tests that have what they look for.
  private static let testedElsewhere = ["coalesce-rows": "RowGradientTests"]

  @Test(
    "leave every byte as it is, whichever is switched off",
    arguments: defaultPasses.map(\.name).filter { testedElsewhere[$0] == nil })
  func keepsBytes(_ name: String) throws {
    // Statistics that are gathered in a convolution are summed in another order (nothing is gathered of batch
    // normalisations that were not split); a convolution computed by another
    // algorithm rounds otherwise. The rest is the same to the last bit.
    let changing = ["split-batch-norm", "gather-statistics", "choose-convolutions"]
    let hasMore = !changing.contains(name)
    // Recomputation removes what is unused once more, and would hide what that alone does.
    let hiding = name == "remove-unused" ? ["recompute"] : []
    let arguments = try Self.arguments()
    let all = try Self.function(without: hiding, hasMore: hasMore)
    let others = try Self.function(without: hiding + [name], hasMore: hasMore)
    #expect(Self.operations(all) != Self.operations(others), "\(name) does nothing")
    let (with, without) = (try all(arguments), try others(arguments))
    if changing.contains(name) {
      // F(4×4) rounds some four times as much as direct sums such as these.
      try Self.expectAsExact(
        with, as: without, times: name == "choose-convolutions" ? 4 : 1, Self.exact(arguments),
        "with \(name) and without")
    } else {
      for (index, (a, b)) in zip(with, without).enumerated() {
        #expect(try a.scalars(Float.self) == b.scalars(Float.self), "result \(index) without \(name)")
      }
    }
  }

  @Test("read nothing later than it was recorded, if it is changed in between")
  func changedInBetween() throws {
    let types = [
      TensorType([2, 48, 22, 19], .float32, .channelsLast), TensorType([48, 48, 3, 3]), TensorType([48]),
    ]
    let arguments = try types.enumerated().map {
      try Tensor.normal($1, standardDeviation: 0.5, seed: 1, stream: UInt64($0))
    }
    func function(changes: Bool, without names: [String] = []) throws -> Function {
      let (weight, bias) = (try Parameter(.ones([48])), try Parameter(.zeros([48])))
      return try Function(types, mode: .training, passes: defaultPasses.without(names)) {
        let read = try $0[0].batchNorm(weight: weight.value, bias: bias.value).output.relu()
        if changes { _ = try Tensor.apply(AddToState(), [weight.value, $0[2]]) }
        return [try read.convolution($0[1], ConvolutionOptions(padding: 1))]
      }
    }
    func isFused(_ function: Function) -> Bool {
      Self.operations(function).contains { $0.hasPrefix("conv2d") && $0.contains("of batch_norm") }
    }
    #expect(try isFused(function(changes: false)))
    let (all, others) = (
      try function(changes: true), try function(changes: true, without: ["fuse-normalization"])
    )
    #expect(!isFused(all))
    // The second time reads what the first one left.
    for _ in 0..<2 {
      #expect(try all(arguments)[0].scalars(Float.self) == others(arguments)[0].scalars(Float.self))
    }
  }

  @Test("apply to a training step")
  func apply() throws {
    let operations = Self.operations(try Self.function())
    let winograd = "winograd F(4×4)"
    #expect(operations.contains("conv2d \(winograd) of batch_norm relu with statistics"))
    #expect(operations.contains("conv2d \(winograd) of batch_norm relu + plain with statistics"))
    #expect(operations.contains("conv2d \(winograd) relu of batch_norm"))
    #expect(operations.contains("conv2d_weight_gradient \(winograd) of batch_norm relu + plain"))
    #expect(operations.contains("conv2d_input_gradient \(winograd) in 2 parts"))
    #expect(
      !operations.contains { $0.hasPrefix("concatenate") || $0.hasPrefix("slice") || $0 == "batch_norm" })
    // The first layer's output is normalised by its readers alone, the third's too; the skip is pooled as well.
    #expect(operations.filter { $0.hasPrefix("batch_norm_apply") } == ["batch_norm_apply relu"])
  }

  @Test("leave a ReLU of statistics alone")
  func rectifiedStatistics() throws {
    let type = TensorType([2, 3, 4, 4], .float32, .channelsLast)
    let x = try Tensor.normal(type, seed: 1, stream: 1)
    func results(_ names: [String]) throws -> [[Float]] {
      try Function([type], mode: .training, passes: defaultPasses.without(names)) {
        let norm = try $0[0].batchNorm(weight: .ones([3]), bias: .zeros([3]))
        return [norm.output, try norm.mean.relu()]
      }([x]).map { try $0.scalars(Float.self) }
    }
    let fused = try results([])
    #expect(try fused == results(["fuse-batch-norm-activation"]))
    #expect(fused[0].contains { $0 < 0 } && fused[1].allSatisfy { $0 >= 0 })
  }

  @Test("save memory")
  func memory() throws {
    let all = try Self.function().plan.arenaByteCount
    for name in ["fuse-normalization", "fuse-concatenation"] {
      #expect(all < (try Self.function(without: [name]).plan.arenaByteCount), "without \(name)")
    }
  }

  @Test("of direct convolutions are left out: these read whole tensors")
  func direct() throws {
    let operations = Self.operations(try Self.function(numerics: .direct))
    #expect(operations.contains { $0.hasPrefix("concatenate") })
    #expect(!operations.contains { $0.contains("winograd") || $0.contains("statistics direct") })
    let arguments = try Self.arguments()
    try Self.expectAsExact(
      Self.function()(arguments), as: Self.function(numerics: .direct)(arguments), times: 4,
      Self.exact(arguments), "fast and direct")
  }

  @Test("give the same bytes on any number of threads")
  func threads() throws {
    let arguments = try Self.arguments()
    let function = try Self.function()
    let one = try ThreadPool.withThreadCount(1) { try function(arguments).map { try $0.scalars(Float.self) } }
    for count in [2, 3, 7] {
      let more = try ThreadPool.withThreadCount(count) {
        try function(arguments).map { try $0.scalars(Float.self) }
      }
      #expect(one == more, "\(count) threads")
    }
  }

  @Test("leave no node whose results nobody reads", arguments: Numerics.allCases)
  func nothingUnread(_ numerics: Numerics) throws {
    let graph = try Self.function(numerics: numerics).plan.graph
    let read = Set(graph.nodes.flatMap(\.inputs) + graph.outputs)
    for node in graph.nodes where node.operation.mutatedInputs.isEmpty {
      #expect(node.outputs.contains(where: read.contains), "\(node.operation.name)")
    }
  }

  @Test("ask for no memory once they run")
  func steadyMemory() throws {
    let arguments = try Self.arguments()
    let function = try Self.function()
    _ = try function(arguments)
    // Other tests use the pool meanwhile, but not all the time.
    let isSteady = try (0..<500).contains { _ in
      let before = MemoryPool.shared.systemBlockCount
      _ = try function(arguments)
      return MemoryPool.shared.systemBlockCount == before
    }
    #expect(isSteady)
  }

  @Test("are switched off by name only")
  func names() throws {
    let error = #expect(throws: MartletError.self) { try defaultPasses.without(["fuse-everything"]) }
    #expect(error?.description.contains("fuse-concatenation") == true)
  }
}

/// Which algorithm a plan gives to convolutions.
@Suite("The choice of convolution algorithms")
struct ConvolutionChoiceTests {
  private func operation(_ channels: Int, kernel: Int = 3, stride: Int = 1, _ numerics: Numerics) throws
    -> String
  {
    let types = [
      TensorType([1, channels, 32, 32], .float32, .channelsLast),
      TensorType([channels, channels, kernel, kernel]),
    ]
    let function = try Function(types, numerics: numerics) {
      [try $0[0].convolution($0[1], ConvolutionOptions(stride: [stride], padding: [kernel / 2]))]
    }
    return function.listing().rows[0].operation
  }

  @Test("follows the numerics")
  func numerics() throws {
    #expect(try operation(64, .fast) == "conv2d winograd F(4×4)")
    #expect(try operation(64, .strict) == "conv2d winograd F(2×2)")
    #expect(try operation(64, .direct) == "conv2d direct")
    #expect(try operation(64, kernel: 4, stride: 2, .fast) == "conv2d winograd F(4×4, 2×2)")
    #expect(try operation(64, kernel: 4, stride: 2, .strict) == "conv2d direct")
  }

  @Test("is direct where no other computes the convolution, or none faster")
  func direct() throws {
    #expect(try operation(64, kernel: 5, .fast) == "conv2d direct")
    #expect(try operation(64, stride: 3, .fast) == "conv2d direct")
    #expect(try operation(2, .fast) == "conv2d direct")
  }

  @Test("can be different for a part of a function")
  func parts() throws {
    let types = [TensorType([1, 64, 32, 32], .float32, .channelsLast), TensorType([64, 64, 3, 3])]
    let function = try Function(types) { a in
      let options = ConvolutionOptions(padding: 1)
      let exact = try withNumerics(.direct) { try a[0].convolution(a[1], options) }
      return [try exact.convolution(a[1], options)]
    }
    #expect(function.listing().rows.map(\.operation) == ["conv2d direct", "conv2d winograd F(4×4)"])
  }
}
