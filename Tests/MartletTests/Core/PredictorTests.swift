import Martlet
import MartletKernels
import Synchronization
import Testing

/// A small network that has all that inference passes look for: convolutions of every kind with batch normalisation, a
/// skip connection, a layer without normalisation.
final class PredictedNetwork: Layer {
  let first = try! Conv2d(inputChannels: 3, outputChannels: 16, kernelSize: 3, padding: 1, bias: false)
  let firstNorm = try! BatchNorm(channels: 16)
  let second = try! Conv2d(inputChannels: 16, outputChannels: 32, kernelSize: 3, padding: 1)
  let secondNorm = try! BatchNorm(channels: 32)
  let depthwise = try! Conv2d(
    inputChannels: 32, outputChannels: 32, kernelSize: 3, stride: 2, padding: 1, groups: 32, bias: false)
  let depthwiseNorm = try! BatchNorm(channels: 32)
  let up = try! ConvTranspose2d(inputChannels: 32, outputChannels: 16, kernelSize: 2, stride: 2)
  let upNorm = try! BatchNorm(channels: 16)
  let joined = try! Conv2d(inputChannels: 48, outputChannels: 24, kernelSize: 3, padding: 1)
  let head = try! Conv2d(inputChannels: 24, outputChannels: 2, kernelSize: 1)

  /// With statistics and affine parameters that are not those of a new model.
  init() throws {
    for norm in [firstNorm, secondNorm, depthwiseNorm, upNorm] {
      let channels = norm.weight.type.shape
      try norm.weight.assign(Initializer.current.uniform(channels, bound: 0.5) + 1)
      try norm.bias.assign(Initializer.current.uniform(channels, bound: 0.5))
      try norm.runningMean.assign(Initializer.current.uniform(channels, bound: 0.5))
      try norm.runningVar.assign(Initializer.current.uniform(channels, bound: 0.5) + 1)
    }
  }

  func forward(_ input: Tensor) throws -> Tensor {
    let first = try firstNorm(first(input)).relu()
    let skip = try secondNorm(second(first)).relu()
    let low = try depthwiseNorm(depthwise(skip)).relu()
    let up = try upNorm(up(low)).relu()
    return try head(joined(concatenated([skip, up], axis: 1)).relu())
  }

  static func seeded(_ seed: UInt64 = 3) throws -> PredictedNetwork {
    try withSeed(seed) { try PredictedNetwork() }
  }

  static func image(_ height: Int, _ width: Int, batch: Int = 1, seed: UInt64 = 1) throws -> Tensor {
    try .normal(
      TensorType([batch, 3, height, width], .float32, .channelsLast), seed: seed, stream: 1)
  }
}

/// What inference passes look for that a ``PredictedNetwork`` has not, before and after one: what gives its input back, a
/// normalisation without a convolution before it, a residual block, what is computed twice.
private final class SurroundedNetwork: Layer {
  let norm = try! BatchNorm(channels: 3)
  let network = try! PredictedNetwork()
  let widened = try! Conv2d(inputChannels: 2, outputChannels: 32, kernelSize: 3, padding: 1)
  let block = try! Conv2d(inputChannels: 32, outputChannels: 32, kernelSize: 3, padding: 1)

  func forward(_ input: Tensor) throws -> Tensor {
    let widened = try widened(network(norm(input * 1).relu())).relu()
    let sum = try (block(widened) + widened).relu()
    return try sum.sigmoid() * sum.sigmoid()
  }
}

@Suite("Predictors")
struct PredictorTests {
  /// The largest difference, relative to the largest number, and infinite where one is not finite.
  static func difference(_ a: Tensor, _ b: Tensor) throws -> Double {
    try #require(a.shape == b.shape)
    let (a, b) = (try a.scalars(Float.self), try b.scalars(Float.self))
    let size = b.reduce(0) { max($0, abs($1)) }
    return zip(a, b).reduce(0) { worst, pair in
      let difference = Double(abs(pair.0 - pair.1) / size)
      return difference.isFinite ? max(worst, difference) : .infinity
    }
  }

  private static func operations(_ predictor: Predictor, _ type: TensorType) throws -> [String] {
    try predictor.listing(for: [type]).rows.map(\.operation)
  }

  @Test(
    "give what the model gives, for every size, on every instruction set", arguments: InstructionSet.available
  )
  func agrees(_ set: InstructionSet) throws {
    let predictor = Predictor(try PredictedNetwork.seeded())
    let model = try PredictedNetwork.seeded()
    try InstructionSet.with(set) {
      for (height, width, batch) in [(32, 24, 1), (8, 64, 3), (2, 2, 1), (70, 42, 2)] {
        let image = try PredictedNetwork.image(height, width, batch: batch)
        let expected = try Function([image.type], numerics: .direct) { [try model($0[0])] }([image])[0]
        // Two to four times the rounding of a direct sum, in five layers.
        #expect(try Self.difference(predictor(image), expected) < 2e-5, "\(height)×\(width)")
      }
    }
  }

  @Test("fold a normalisation whose numbers are computed after the convolution")
  func computedNormalization() throws {
    final class Network: Layer {
      let conv = try! Conv2d(inputChannels: 3, outputChannels: 16, kernelSize: 3, padding: 1)
      let gamma = try! Parameter(Initializer.current.uniform([16], bound: 0.5))
      let zeros = try! Parameter(.zeros([16]))
      let ones = try! Parameter(.ones([16]))

      func forward(_ input: Tensor) throws -> Tensor {
        try conv(input).batchNorm(
          runningMean: zeros.value, runningVariance: ones.value, weight: gamma.value + 1, bias: zeros.value)
      }
    }
    let image = try PredictedNetwork.image(16, 16)
    let model = withSeed(1) { Network() }
    let expected = try Function([image.type], numerics: .direct) { [try model($0[0])] }([image])[0]
    let predictor = Predictor(withSeed(1) { Network() })
    #expect(try Self.difference(predictor(image), expected) < 2e-5)
    #expect(try Self.operations(predictor, image.type).count == 1)
  }

  @Test("keep what other sizes make otherwise of a variable")
  func tables() throws {
    final class Positions: Layer {
      let table = try! Parameter(Initializer.current.uniform([256, 64], bound: 1))

      func forward(_ input: Tensor) throws -> Tensor {
        try input + table.value.sliced(axis: 0, to: input.shape[0])
      }
    }
    let model = withSeed(1) { Positions() }
    let predictor = Predictor(withSeed(1) { Positions() })
    for length in [10, 200, 1, 10] {
      let x = try Tensor.ones([length, 64])
      #expect(try predictor(x).scalars(Float.self) == model(x).scalars(Float.self), "\(length)")
    }
  }

  @Test("hold no constants that only plans read that are no more")
  func forgottenConstants() throws {
    let predictor = Predictor { arguments in
      let length = arguments[0].shape[0]
      let mask = try Tensor(shape: [length, length], scalars: [Float](repeating: 1, count: length * length))
      return [try arguments[0].matmul(mask)]
    }
    var most = 0
    for round in 0..<3 {
      for length in 100..<120 {
        let x = try Tensor.ones([length, length])
        #expect(try predictor([x])[0].scalars(Float.self)[0] == Float(length))
      }
      if round == 0 {
        most = predictor.constantByteCount
      } else {
        #expect(predictor.constantByteCount <= most)
      }
    }
    #expect(most < 18 * 120 * 120 * 4)
  }

  @Test("turn round what is taken backwards, although its type stays")
  func reversed() throws {
    let numbers = try Tensor(shape: [2, 3], scalars: [1, 2, 2, 6, 5, 6] as [Float])
    let predictor = Predictor {
      [try $0[0].reversed(axis: 1), try $0[0].argmax(axis: 1, selectsLast: true).cast(to: .float32)]
    }
    let results = try predictor([numbers])
    #expect(try results[0].scalars(Float.self) == [2, 2, 1, 6, 5, 6])
    #expect(try results[1].scalars(Float.self) == [2, 2])
  }

  @Test(
    "give the same bytes whatever was predicted before, on any number of threads and every instruction set")
  func sameBytes() throws {
    let sizes = [(32, 24), (4, 4), (64, 64), (2, 2)]
    let images = try sizes.map { try PredictedNetwork.image($0.0, $0.1) }
    for set in InstructionSet.available {
      try InstructionSet.with(set) {
        let expected = try images.map { try Predictor(PredictedNetwork.seeded())($0).scalars(Float.self) }
        for threads in [1, 2, 5] {
          let predictor = Predictor(try PredictedNetwork.seeded())
          // Prepared for the other sets before.
          for other in InstructionSet.available {
            _ = try InstructionSet.with(other) { try predictor(images[1]) }
          }
          let got = try ThreadPool.withThreadCount(threads) {
            try images.reversed().map { try predictor($0).scalars(Float.self) }
          }
          #expect(got.reversed() == expected, "\(set), \(threads) threads")
        }
      }
    }
  }

  @Test("fold batch normalisation and prepare weights")
  func folds() throws {
    let predictor = Predictor(try PredictedNetwork.seeded())
    let type = try PredictedNetwork.image(32, 32).type
    let operations = try Self.operations(predictor, type)
    #expect(operations.count == 6)
    #expect(operations.allSatisfy { $0.hasPrefix("conv") && $0.hasSuffix("prepared") }, "\(operations)")
  }

  @Test("can leave out any pass", arguments: inferencePasses.map(\.name))
  func passes(_ name: String) throws {
    let predictor = Predictor(
      try PredictedNetwork.seeded(), passes: try inferencePasses.without([name]))
    let model = try PredictedNetwork.seeded()
    let image = try PredictedNetwork.image(24, 40)
    let expected = try Function([image.type], numerics: .direct) { [try model($0[0])] }([image])[0]
    #expect(try Self.difference(predictor(image), expected) < 2e-5)
  }

  @Test("give their bytes with or without the passes that keep them")
  func keepsBytes() throws {
    func predictor(_ passes: [any GraphPass]) -> Predictor {
      Predictor(withSeed(3) { SurroundedNetwork() }, passes: passes)
    }
    let image = try PredictedNetwork.image(32, 32)
    let all = predictor(inferencePasses)
    let operations = try Self.operations(all, image.type)
    let expected = try all(image).scalars(Float.self)
    for name in inferencePasses.map(\.name) {
      let others = predictor(try inferencePasses.without([name]))
      #expect(try Self.operations(others, image.type) != operations, "\(name) does nothing")
      if ["fold-batch-norm", "choose-convolutions"].contains(name) { continue }
      #expect(try others(image).scalars(Float.self) == expected, "without \(name)")
    }
  }

  @Test("hold weights once, and the model's no more")
  func releasesWeights() throws {
    let model = try PredictedNetwork.seeded()
    let large = model.second.weight
    let byteCount = model.parameters.reduce(0) { $0 + $1.parameter.type.byteCount }
    let predictor = Predictor(model)
    for (height, width) in [(32, 32), (64, 16), (2, 2)] {
      _ = try predictor(PredictedNetwork.image(height, width))
    }
    // Panels are filled up with zeros, and of these few weights several forms are held.
    #expect(predictor.constantByteCount < 3 * byteCount)
    let error = #expect(throws: MartletError.self) {
      try large.concrete.scalars(Float.self)
    }
    #expect(error?.message.contains("given to a predictor") == true)
  }

  @Test("leave models that they borrow as they are")
  func borrows() throws {
    let model = try PredictedNetwork.seeded()
    let image = try PredictedNetwork.image(32, 32)
    let before = try model.parameters.map { try $0.parameter.concrete.scalars(Float.self) }
    let predictor = Predictor.borrowing { [try model($0[0])] }
    let expected = try Predictor(PredictedNetwork.seeded())(image).scalars(Float.self)
    #expect(try predictor([image])[0].scalars(Float.self) == expected)
    #expect(try model.parameters.map { try $0.parameter.concrete.scalars(Float.self) } == before)
  }

  @Test("run from many tasks at once, with different sizes")
  func concurrent() async throws {
    let predictor = Predictor(try PredictedNetwork.seeded())
    let images = try [(32, 32), (16, 48), (8, 8)].map { try PredictedNetwork.image($0.0, $0.1) }
    let expected = try images.map { try Predictor(PredictedNetwork.seeded())($0).scalars(Float.self) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for step in 0..<6 {
            let index = (task + step) % images.count
            let got = try predictor(images[index]).scalars(Float.self)
            #expect(got == expected[index])
          }
        }
      }
      try await group.waitForAll()
    }
  }

  @Test("ask for no memory once they run")
  func steadyMemory() throws {
    let predictor = Predictor(try PredictedNetwork.seeded())
    let image = try PredictedNetwork.image(32, 32)
    _ = try predictor(image)
    // Other tests use the pool meanwhile, but not all the time.
    let isSteady = try (0..<500).contains { _ in
      let before = MemoryPool.shared.systemBlockCount
      _ = try predictor(image)
      return MemoryPool.shared.systemBlockCount == before
    }
    #expect(isSteady)
  }

  @Test("take several arguments and give several results")
  func severalArguments() throws {
    let weight = try Parameter(withSeed(1) { try Initializer.current.normal([5, 4]) })
    let predictor = Predictor { arguments in
      let product = try arguments[0].matmul(weight.value)
      return [try product + arguments[1], try product.relu()]
    }
    let a = try Tensor.normal(TensorType([3, 5]), seed: 1, stream: 1)
    let b = try Tensor.normal(TensorType([3, 4]), seed: 1, stream: 2)
    let product = try a.matmul(weight.concrete)
    let expected = [try product + b, try product.relu()]
    let results = try predictor([a, b])
    for (result, expected) in zip(results, expected) {
      #expect(try result.scalars(Float.self) == expected.scalars(Float.self))
    }
    #expect(throws: MartletError.self) { try predictor([a, a]) }
  }

  @Test("refuse to change state")
  func refusesState() throws {
    let state = try Buffer(Tensor(shape: [2], scalars: [Float(1), 2]))
    let predictor = Predictor { arguments in
      _ = try Tensor.apply(AddToState(), [state.value, arguments[0]])
      return [arguments[0]]
    }
    let error = #expect(throws: MartletError.self) {
      try predictor(Tensor(shape: [2], scalars: [Float(1), 2]))
    }
    #expect(error?.message == "expected a computation that changes no state")
  }
}
