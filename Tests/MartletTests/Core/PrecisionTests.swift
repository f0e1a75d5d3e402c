import Martlet
import MartletKernels
import Testing

@Suite("Precision of predictors")
struct PrecisionTests {
  private static func predictor(_ precision: Precision, numerics: Numerics = .fast) throws -> Predictor {
    Predictor(try PredictedNetwork.seeded(), numerics: numerics, passes: precision.inferencePasses)
  }

  private static func operations(_ predictor: Predictor, _ type: TensorType) throws -> [String] {
    try predictor.listing(for: [type]).rows.map(\.operation)
  }

  @Test("rounds operands, and no more than that", arguments: InstructionSet.available)
  func rounds(_ set: InstructionSet) throws {
    try InstructionSet.with(set) {
      let (exact, rounded) = (try Self.predictor(.float32), try Self.predictor(.bfloat16))
      for (height, width, batch) in [(32, 24, 1), (64, 64, 3), (2, 2, 1)] {
        let image = try PredictedNetwork.image(height, width, batch: batch)
        let difference = try PredictorTests.difference(rounded(image), exact(image))
        #expect(difference > 0 && difference < 0.02, "\(height)×\(width): \(difference)")
      }
    }
  }

  @Test("is chosen where it is faster, but for images, depthwise layers and what numerics forbid")
  func chooses() throws {
    let type = try PredictedNetwork.image(256, 256).type
    let operations = try Self.operations(Self.predictor(.bfloat16), type)
    #expect(operations.count == 6)
    #expect(operations.first?.contains("bf16") == false, "\(operations)")
    #expect(operations.contains { $0.hasPrefix("conv_transpose2d") && $0.contains("bf16") }, "\(operations)")
    #expect(!operations.contains { $0.contains("F(4×4)") && $0.contains("bf16") }, "\(operations)")
    for (numerics, algorithm) in [(Numerics.fast, "F(3×3)"), (.strict, "F(2×2)"), (.direct, "direct")] {
      let wide = try withSeed(1) {
        try Conv2d(inputChannels: 128, outputChannels: 128, kernelSize: 3, padding: 1)
      }
      let predictor = Predictor(numerics: numerics, passes: Precision.bfloat16.inferencePasses) {
        [try wide($0[0])]
      }
      let ofWide = try Self.operations(predictor, TensorType([1, 128, 32, 32], .float32, .channelsLast))
      #expect(ofWide.count == 1 && ofWide[0].contains(algorithm) && ofWide[0].contains("bf16"), "\(ofWide)")
    }
    let direct = try Self.operations(Self.predictor(.bfloat16, numerics: .direct), type)
    #expect(direct.contains { $0.contains("bf16") })
    #expect(!direct.contains { $0.contains("winograd") }, "\(direct)")
  }

  @Test("gives the same bytes whatever was predicted before, on any number of threads")
  func sameBytes() throws {
    let images = try [(32, 24), (4, 4), (64, 64), (128, 96)].map { try PredictedNetwork.image($0.0, $0.1) }
    let expected = try images.map { try Self.predictor(.bfloat16)($0).scalars(Float.self) }
    for threads in [1, 2, 5] {
      let predictor = try Self.predictor(.bfloat16)
      let got = try ThreadPool.withThreadCount(threads) {
        try images.reversed().map { try predictor($0).scalars(Float.self) }
      }
      #expect(got.reversed() == expected, "\(threads) threads")
    }
  }

  @Test("keeps no exact weights for one size of image, and refuses others")
  func oneSize() throws {
    let image = try PredictedNetwork.image(64, 64)
    let expected = try Self.predictor(.bfloat16)(image).scalars(Float.self)
    let model = try PredictedNetwork.seeded()
    let large = model.second.weight
    let predictor = Predictor(model, only: [image.type], passes: Precision.bfloat16.inferencePasses)
    #expect(try predictor(image).scalars(Float.self) == expected)
    let released = #expect(throws: MartletError.self) { try large.concrete.scalars(Float.self) }
    #expect(released?.message.contains("given to a predictor") == true)
    for other in [
      try PredictedNetwork.image(64, 32), try PredictedNetwork.image(64, 64, batch: 2),
      try image.converted(to: .rowMajor),
    ] {
      let refused = #expect(throws: MartletError.self) { try predictor(other) }
      #expect(refused?.message.contains("float32[1, 3, 64, 64] in channelsLast order") == true)
      #expect(throws: MartletError.self) { try predictor.prepare(for: [other.type]) }
      #expect(throws: MartletError.self) { try predictor.activationRanges(on: [[other]]) }
      #expect(throws: MartletError.self) { try predictor.packedConstants(for: [other.type]) }
    }
    #expect(try predictor(image).scalars(Float.self) == expected)
  }

  @Test("adds what goes past a block before it rectifies")
  func addsResiduals() throws {
    func results(_ precision: Precision) throws -> Tensor {
      let model = withSeed(5) { ResidualBlock() }
      return try Predictor(passes: precision.inferencePasses) { [try model($0[0])] }([
        .normal(TensorType([1, 32, 24, 24], .float32, .channelsLast), seed: 2, stream: 1)
      ])[0]
    }
    let (rounded, exact) = (try results(.bfloat16), try results(.float32))
    let difference = try PredictorTests.difference(rounded, exact)
    #expect(difference > 0 && difference < 0.01)
    let values = try rounded.scalars(Float.self)
    #expect(values.allSatisfy { $0 >= 0 })
  }

  /// What goes past a block lies where the block's result then does.
  @Test("holds a residual block's large tensor once", arguments: [Precision.float32, .bfloat16])
  func addsInPlace(_ precision: Precision) throws {
    let image = try Tensor.normal(TensorType([2, 32, 64, 64], .float32, .channelsLast), seed: 2, stream: 1)
    let expected = try withSeed(5) { ResidualChain() }(image)
    let predictor = Predictor(
      withSeed(5) { ResidualChain() }, numerics: .direct, passes: precision.inferencePasses)
    let difference = try PredictorTests.difference(predictor(image), expected)
    #expect(precision == .float32 ? difference == 0 : difference > 0 && difference < 0.01)
    // A block's input and what is between its convolutions, and in bf16 the rounded input of one.
    let tensors = precision == .float32 ? 2.0 : 2.5
    let arena = try predictor.listing(for: [image.type]).arenaByteCount
    #expect(Double(arena) < (tensors + 0.2) * Double(image.type.byteCount), "\(arena)")
  }

  @Test("is refused by name where the processor lacks it")
  func refuses() throws {
    #expect(Precision.current == .float32)
    for set in InstructionSet.available where set != .avx512 {
      try InstructionSet.with(set) {
        let error = #expect(throws: MartletError.self) { try withPrecision(.bfloat16) {} }
        #expect(error?.message.contains("AVX-512 BF16") == true)
        #expect(throws: MartletError.self) {
          try Predictor(PredictedNetwork.seeded(), precision: .bfloat16)
        }
        let current = try withPrecision(.float32) { Precision.current }
        #expect(current == .float32)
      }
    }
  }

  @Test("is that of the task", .enabled(if: hasBFloat16Kernels))
  func current() throws {
    let names = try withPrecision(.bfloat16) { Predictor(try PredictedNetwork.seeded()).passNames }
    #expect(names.contains(RoundConvolutions(to: .bfloat16).name))
  }
}

/// Two convolutions with what goes past them.
private final class ResidualBlock: Layer {
  let first = try! Conv2d(inputChannels: 32, outputChannels: 32, kernelSize: 3, padding: 1)
  let second = try! Conv2d(inputChannels: 32, outputChannels: 32, kernelSize: 1)

  func forward(_ input: Tensor) throws -> Tensor {
    try (second(first(input).relu()) + input).relu()
  }
}

/// Residual blocks between two convolutions, so that what goes past them is neither given nor returned.
private final class ResidualChain: Layer {
  let stem = try! Conv2d(inputChannels: 32, outputChannels: 32, kernelSize: 1)
  let blocks = [ResidualBlock(), ResidualBlock()]
  let head = try! Conv2d(inputChannels: 32, outputChannels: 2, kernelSize: 1)

  func forward(_ input: Tensor) throws -> Tensor {
    try head(blocks.reduce(stem(input)) { try $1($0) })
  }
}
