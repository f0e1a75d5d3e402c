import Martlet
import SwiftProtobuf
import Testing

@testable import MartletONNX

/// Something to compute of an image [n, 6, h, w], at odd sizes.
struct ExportedOperation: CustomTestStringConvertible, Sendable {
  var name: String
  var opset = 17
  /// Whether the graph can say it for sizes that were not recorded.
  var isDynamic: Bool
  var body: @Sendable (Tensor) throws -> Tensor
  var testDescription: String { name }

  init(
    _ name: String, opset: Int = 17, isDynamic: Bool = true,
    _ body: @escaping @Sendable (Tensor) throws -> Tensor
  ) {
    self.name = name
    self.opset = opset
    self.isDynamic = isDynamic
    self.body = body
  }

  private static func numbers(_ shape: [Int], _ stream: UInt64 = 9) throws -> Tensor {
    try .uniform(TensorType(shape), from: -1, to: 1, seed: 2, stream: stream)
  }

  /// [n, h · w, 6], tokens.
  private static func tokens(_ x: Tensor) throws -> Tensor {
    try x.flattened(from: 2, to: 3).permuted([0, 2, 1])
  }

  static let all: [ExportedOperation] =
    layouts + spatial + resizing + elementwise + reductions + normalization + attention

  static let layouts = [
    ExportedOperation("tokens") { try tokens($0) },
    ExportedOperation("tokens and back") {
      let joined = try tokens($0).permuted([0, 2, 1])
      return try joined.reshaped(to: $0.shape) + $0
    },
    ExportedOperation("rows of pixels", isDynamic: false) {
      try $0.permuted([0, 2, 3, 1]).reshaped(to: [$0.shape[0] * $0.shape[2], $0.shape[3] * 6])
    },
    ExportedOperation("channels apart") {
      try $0.reshaped(to: [$0.shape[0], 2, 3, $0.shape[2], $0.shape[3]]).permuted([0, 2, 1, 4, 3])
    },
    ExportedOperation("channels shuffled") {
      let parts = try $0.reshaped(to: [$0.shape[0], 2, 3, $0.shape[2], $0.shape[3]])
      return try parts.permuted([0, 2, 1, 3, 4]).reshaped(to: $0.shape)
    },
    ExportedOperation("means as vectors") { try $0.globalAveragePooled().reshaped(to: [$0.shape[0], 6]) },
    ExportedOperation("every second from the third, but the last", isDynamic: false) {
      try $0.sliced(axis: 2, from: 2, to: -1, step: 2).sliced(axis: 1, from: 1, to: 4)
    },
    ExportedOperation("joined") { try concatenated([$0, $0.relu(), $0], axis: 3) },
    ExportedOperation("stacked") { try stacked([$0, $0.abs()], axis: 1) },
    ExportedOperation("axes in front") { try $0.mean().broadcast(to: [1, 1]) },
    ExportedOperation("an axis in front") { try $0.mean(axes: [0, 2, 3]).broadcast(to: [1, 6]) },
    ExportedOperation("broadcast") {
      try $0.max(axes: [1], keepDimensions: true).broadcast(to: [$0.shape[0], 4] + $0.shape[2...])
    },
    ExportedOperation("gathered") {
      try $0.selecting(Tensor(shape: [2, 2], scalars: [Int64(5), 0, 3, 3]), axis: 1)
    },
    ExportedOperation("padded") {
      try $0.padded(before: [1, 0, 2], after: [0, 3, 1], mode: .constant(-2))
    },
    ExportedOperation("cropped by padding") { try $0.padded(before: [-1, 2], after: [1, -2]) },
    ExportedOperation("mirrored") { try $0.padded(before: [1, 2], after: [3, 0], mode: .reflect) },
    ExportedOperation("continued") { try $0.padded(before: [1, 2], after: [3, 0], mode: .replicate) },
  ]

  static let spatial = [
    ExportedOperation("convolution with other padding behind than before") {
      try $0.convolution(
        numbers([6, 2, 3, 2]), bias: numbers([6]),
        ConvolutionOptions(
          stride: [2, 1], paddingBefore: [0, 1], paddingAfter: [2, 0], dilation: [1, 2], groups: 3))
    },
    ExportedOperation("depthwise convolution") {
      try $0.convolution(numbers([6, 1, 3, 3]), ConvolutionOptions(stride: 1, padding: 1, groups: 6))
    },
    ExportedOperation("transposed convolution") {
      try $0.transposedConvolution(
        numbers([6, 2, 3, 3]), bias: numbers([4]), ConvolutionOptions(stride: 2, padding: 1, groups: 2),
        outputPadding: [1, 0])
    },
    ExportedOperation("transposed convolution whose output padding passes its stride") {
      try $0.transposedConvolution(
        numbers([6, 4, 2, 2]), ConvolutionOptions(stride: 2, padding: 1, dilation: 4), outputPadding: [3, 2])
    },
    ExportedOperation("largest of windows") {
      try $0.maxPooled(kernel: [3, 2], stride: [2, 3], padding: [1, 0], ceilMode: true)
    },
    ExportedOperation("largest, put back") {
      let pooled = try $0.maxPooledWithIndices(kernel: [2], ceilMode: true)
      return try pooled.values.maxUnpooled(pooled.indices)
    },
    ExportedOperation("largest of all") { try $0.globalMaxPooled() },
    ExportedOperation("means of windows") {
      try $0.averagePooled(kernel: [3, 2], stride: [2, 1], padding: [1, 1], countIncludePad: false)
    },
    ExportedOperation("means of windows with their padding", opset: 19) {
      try $0.averagePooled(kernel: [3], stride: [2], padding: [1], ceilMode: true)
    },
  ]

  static let resizing = [
    ExportedOperation("twice as large") { try $0.upsampled(scale: 2) },
    ExportedOperation("twice as large, linear") { try $0.upsampled(scale: 2, mode: .bilinear()) },
    ExportedOperation("twice as large, from corner to corner") {
      try $0.upsampled(scale: 2, mode: .bilinear(alignCorners: true))
    },
    ExportedOperation("by a fraction") { try $0.upsampled(scale: [1.5, 0.75], mode: .bilinear()) },
    ExportedOperation("to a size") { try $0.upsampled(to: [7, 20], mode: .bilinear()) },
    ExportedOperation("to the nearest of a size") { try $0.upsampled(to: [$0.shape[2] + 3, 5]) },
    ExportedOperation("from one pixel") {
      try $0.globalAveragePooled().upsampled(to: $0.space, mode: .bilinear())
    },
    ExportedOperation("to a third") { try $0.upsampled(scale: 1.0 / 3) },
    ExportedOperation("a part") {
      try $0.resized(
        to: [7, 6], Interpolation(.linear, .crop(from: [0.25, -0.5], to: [0.75, 1], outside: 0)))
    },
    ExportedOperation("cubic") { try $0.upsampled(to: [9, 8], mode: .bicubic()) },
  ]

  static let elementwise: [ExportedOperation] = [
    ExportedOperation("of one number") {
      let parts = try [
        -$0, $0.exp(), ($0.abs() + 0.5).log(), $0.abs().sqrt(), ($0 + 2).reciprocal(), $0.square(), $0.relu(),
        $0.leakyReLU(slope: 0.2), $0.silu(), $0.sigmoid(), $0.tanh(), $0.erf(), $0.hardSwish(),
        $0.hardSigmoid(),
        $0.clamp(min: -0.5), $0.clamp(max: 0.25), $0.clamp(min: 0, max: 6), 2 - $0, $0 * 3, $0 / 4,
        1 / ($0 + 3),
        $0.abs().power(1.5),
      ]
      return try concatenated(parts, axis: 1)
    },
    ExportedOperation("GELU") { try concatenated([$0.gelu(), $0.gelu(approximation: .tanh)], axis: 1) },
    ExportedOperation("GELU as an operator", opset: 20) {
      try concatenated([$0.gelu(), $0.gelu(approximation: .tanh)], axis: 1)
    },
    ExportedOperation("of two numbers") {
      let other = try numbers([6, 1, 1])
      let parts = try [
        $0 + other, $0 - other, other * $0, $0 / (other + 2), $0.maximum(other), $0.minimum(other),
        $0.abs().power(other),
      ]
      return try concatenated(parts, axis: 1)
    },
    ExportedOperation("comparisons") {
      let other = try $0.sliced(axis: 1, from: 0, to: 1)
      let parts = try [
        $0.less(than: other), $0.greaterOrEqual(to: other), $0.equal(to: other), $0.notEqual(to: other),
        $0.lessOrEqual(to: 0.1).and($0.greater(than: -0.1)), $0.or($0.relu()),
      ]
      return try concatenated(parts.map { try $0.cast(to: .float32) }, axis: 1)
    },
    ExportedOperation("either") {
      try Tensor.select($0.greater(than: 0), $0 * 2, Tensor.full(-1, TensorType([])))
    },
    ExportedOperation("softmax") {
      try concatenated([$0.softmax(axis: 1), $0.logSoftmax(axis: 1), $0.softmax(axis: -1)], axis: 1)
    },
  ]

  static let reductions: [ExportedOperation] = [
    ExportedOperation("sums of channels") { try $0.sum(axes: [1]) },
    ExportedOperation("means over space") { try $0.mean(axes: [2, 3], keepDimensions: true) },
    ExportedOperation("the mean of all") { try $0.mean() },
    ExportedOperation("largest and smallest") { try $0.max(axes: [3]) - $0.min(axes: [3]) },
    ExportedOperation("variance of channels") { try $0.variance(axes: [1]) },
    ExportedOperation("labels") { try $0.argmax(axis: 1).cast(to: .float32) },
    ExportedOperation("labels of smallest") {
      try $0.argmin(axis: -1, keepDimension: true).cast(to: .float32)
    },
  ]

  static let normalization = [
    ExportedOperation("groups") {
      try $0.groupNorm(groups: 3, weight: numbers([6]), bias: numbers([6], 4), epsilon: 1e-3)
    },
    ExportedOperation("instances") { try $0.instanceNorm(weight: numbers([6]), bias: numbers([6], 4)) },
    ExportedOperation("layers") {
      try tokens($0).layerNorm(
        normalizedShape: [6], weight: numbers([6]), bias: numbers([6], 4), epsilon: 1e-3)
    },
    ExportedOperation("batches") {
      try $0.batchNorm(
        runningMean: numbers([6]), runningVariance: numbers([6], 3).abs() + 0.1, weight: numbers([6], 4),
        bias: numbers([6], 5), epsilon: 1e-3, activation: .relu)
    },
  ]

  static let attention: [ExportedOperation] = [
    ExportedOperation("linear") { try tokens($0).linear(numbers([4, 6]), bias: numbers([4])) },
    ExportedOperation("linear of vectors") {
      try $0.globalAveragePooled().reshaped(to: [$0.shape[0], 6]).linear(numbers([4, 6]), bias: numbers([4]))
    },
    ExportedOperation("products") {
      let x = try tokens($0)
      return try x.matmul(transposed: x).matmul(x)
    },
    ExportedOperation("over keys", isDynamic: false) {
      let x = try tokens($0)
      return try x.attention(keys: x * 2, values: x + 1, heads: 2)
    },
    ExportedOperation("over queries", isDynamic: false) {
      let x = try tokens($0)
      return try x.attention(keys: x, values: x, heads: 3, scale: 0.7, axis: .queries)
    },
    ExportedOperation("with sums that are known", isDynamic: false) {
      let x = try tokens($0)
      let sums = try x.attentionLogSums(keys: x, heads: 2, axis: .queries)
      return try x.sliced(axis: 1, from: 1, to: 3)
        .attention(keys: x, values: x, heads: 2, axis: .queries, logSums: sums)
    },
  ]
}

@Suite("An operation that is exported is the same at another size")
struct ExportOperationTests {
  private final class Model: Module {}

  @Test("with a dynamic batch and space", arguments: ExportedOperation.all.filter(\.isDynamic))
  func dynamic(operation: ExportedOperation) throws {
    let input = ONNXInput(
      "x", TensorType([1, 6, 5, 5], .float32, .channelsLast),
      dynamicAxes: [0: .init("n"), 2: .init("h"), 3: .init("w")])
    let export = try self.export(operation, input)
    #expect(export.fixedAxes.isEmpty)
    for shape in [[1, 6, 7, 9], [3, 6, 10, 5]] { try compare(operation, export, shape) }
  }

  @Test("with fixed sizes, without arithmetic on shapes", arguments: ExportedOperation.all)
  func fixed(operation: ExportedOperation) throws {
    let export = try self.export(
      operation, ONNXInput("x", TensorType([2, 6, 5, 7], .float32, .channelsLast)))
    #expect(!export.model.graph.node.contains { $0.opType == "Shape" })
    try compare(operation, export, [2, 6, 5, 7])
  }

  @Test("with a value outside of a part")
  func outside() throws {
    let operation = ExportedOperation("a part") {
      try $0.resized(
        to: [5, 7], Interpolation(.linear, .crop(from: [-0.5, -0.5], to: [1, 1], outside: 10)))
    }
    let export = try self.export(
      operation, ONNXInput("x", TensorType([1, 6, 5, 7], .float32, .channelsLast)))
    try compare(operation, export, [1, 6, 5, 7])
  }

  @Test("but for what a file cannot say")
  func refusals() throws {
    let input = ONNXInput("x", TensorType([1, 1, 100, 100], .float32, .channelsLast))
    // 29 in single precision.
    let scaled = ExportedOperation("29 hundredths") { try $0.upsampled(scale: 0.29) }
    #expect(throws: MartletError.self) { try self.export(scaled, input) }
    let statistics = ExportedOperation("means of layers") {
      let ones = try Tensor.ones([100])
      return try Tensor.apply(
        LayerNormOperation(axes: 1), [$0.converted(to: .rowMajor), ones, ones])[1]
    }
    #expect(throws: MartletError.self) { try self.export(statistics, input) }
  }

  @Test("with masks: what a query sees is what came before, of as many keys as there are")
  func masks() throws {
    let input = ONNXInput("x", TensorType([1, 5, 4]), dynamicAxes: [0: .init("n")])
    let counts = ONNXInput("counts", TensorType([1], .int32), dynamicAxes: [0: .init("n")])
    let body: ([Tensor]) throws -> [Tensor] = {
      [
        try $0[0].attention(keys: $0[0], values: $0[0], heads: 2, isCausal: true, keyCounts: $0[1]),
        try $0[0].attention(keys: $0[0], values: $0[0], heads: 1, isCausal: true),
      ]
    }
    let export = try ONNXExport(Model(), inputs: [input, counts], outputs: ["both", "causal"], body)
    let imported = try ONNXModel(export.model.serializedBytes())
    let x = try Tensor.uniform(TensorType([3, 5, 4]), from: -2, to: 2, seed: 4, stream: 1)
    let numbers = try Tensor(shape: [3], scalars: [Int32(5), 2, 0])
    let given = try imported(["x": x, "counts": numbers])
    for (name, expected) in zip(["both", "causal"], try body([x, numbers])) {
      try close(#require(given[name]), expected)
    }
  }

  private func export(_ operation: ExportedOperation, _ input: ONNXInput) throws -> ONNXExport {
    var options = ONNXExport.Options()
    options.opset = operation.opset
    return try ONNXExport(Model(), inputs: [input], outputs: ["y"], options: options) {
      [try operation.body($0[0])]
    }
  }

  private func compare(_ operation: ExportedOperation, _ export: ONNXExport, _ shape: [Int]) throws {
    let type = TensorType(shape, .float32, .channelsLast)
    let x = try Tensor.uniform(type, from: -1, to: 1, seed: 3, stream: UInt64(shape[0]))
    let imported = try ONNXModel(export.model.serializedBytes())
    let given = try imported(["x": x])
    try close(#require(given["y"]), operation.body(x))
  }

  private func close(
    _ given: Tensor, _ expected: Tensor, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    #expect(given.shape == expected.shape, sourceLocation: sourceLocation)
    guard given.shape == expected.shape else { return }
    let (a, b) = (try given.scalars(Float.self), try expected.scalars(Float.self))
    let difference = largest(zip(a, b).map { abs($0 - $1) / max(1, abs($1)) })
    #expect(difference < 1e-5, sourceLocation: sourceLocation)
  }
}
