import Testing

@testable import MartletKernels

struct GuardedReductionTests {
  /// Outer, count, inner.
  private static let shapes = [
    (1, 1, 1), (1, 17, 1), (3, 5, 1), (67, 33, 1), (5, 1021, 1), (1, 70_001, 1), (2001, 7, 1), (1, 5, 3),
    (3, 17, 5),
    (2, 33, 65), (1, 131, 67), (3, 7, 1021), (1, 3, 30_011),
  ]

  @Test func softmax() {
    func check<Scalar: RealElement>(_: Scalar.Type) {
      for (outer, count, inner) in Self.shapes {
        let total = outer * count * inner
        let (x, dy) = (
          GuardedBuffers.numbers(total, Scalar.self), GuardedBuffers.numbers(total, Scalar.self, seed: 2)
        )
        for logarithm in [false, true] {
          GuardedBuffers.expectSame("\(outer)×\(count)×\(inner), \(Scalar.self), \(logarithm)") { memory in
            SoftmaxKernel.run(
              logarithm: logarithm, Scalar.element, x: memory.copy(x), y: memory.output(total, Scalar.self),
              outer: outer, count: count, inner: inner)
            SoftmaxKernel.gradient(
              logarithm: logarithm, Scalar.element, y: memory.copy(x), dy: memory.copy(dy),
              dx: memory.output(total, Scalar.self), outer: outer, count: count, inner: inner)
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test func reductions() {
    func check<Scalar: RealElement>(_: Scalar.Type) {
      for (outer, count, inner) in Self.shapes {
        let total = outer * count * inner
        let x = GuardedBuffers.numbers(total, Scalar.self)
        let kernels = [
          ReductionKernel(shape: [outer, count, inner], resultStrides: [inner, nil, 1]),
          ReductionKernel(shape: [outer, count, inner], resultStrides: [nil, 1, nil]),
          ReductionKernel(shape: [outer, count, inner], resultStrides: [nil, nil, nil]),
        ]
        for (number, kernel) in kernels.enumerated() {
          for function in ReductionFunction.allCases {
            for type in [ElementType.float32, .float64] {
              GuardedBuffers.expectSame("\(outer)×\(count)×\(inner), \(number), \(function), \(Scalar.self)")
              {
                memory in
                let y: UnsafeMutableRawPointer =
                  type == .float32
                  ? .init(memory.output(kernel.resultCount, Float.self))
                  : .init(memory.output(kernel.resultCount, Double.self))
                kernel.run(
                  function, Scalar.element, x: memory.copy(x), y: y, resultType: type, scale: 0.5,
                  workspace: memory.workspace(kernel.workspaceByteCount))
              }
            }
          }
        }
        for smallest in [false, true] {
          GuardedBuffers.expectSame("\(outer)×\(count)×\(inner), smallest \(smallest), \(Scalar.self)") {
            memory in
            ArgReductionKernel.run(
              smallest: smallest, Scalar.element, x: memory.copy(x),
              y: memory.output(outer * inner, Int64.self),
              outer: outer, count: count, inner: inner)
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test func crossEntropy() {
    func check<Scalar: RealElement>(_: Scalar.Type) {
      for (rows, classes) in [(1, 1), (3, 5), (67, 17), (131, 33), (1021, 3), (7, 10_007)] {
        let x = GuardedBuffers.numbers(rows * classes, Scalar.self)
        let weights = GuardedBuffers.positive(classes, Scalar.self)
        let dy = GuardedBuffers.numbers(rows, Scalar.self, seed: 2)
        let targets = (0..<rows).map { UInt8($0 * 7 % min(classes, 250)) }
        for isWeighted in [false, true] {
          GuardedBuffers.expectSame("\(rows)×\(classes), \(Scalar.self), weighted \(isWeighted)") { memory in
            let kernel = CrossEntropyKernel(
              type: Scalar.element, rows: rows, classes: classes, targets: memory.copy(targets),
              targetType: .uint8,
              weights: isWeighted ? UnsafeRawPointer(memory.copy(weights)) : nil, ignoredIndex: 255,
              smoothing: 0.1)
            let sums = memory.output(rows, Double.self)
            _ = kernel.run(logits: memory.copy(x), losses: memory.output(rows, Scalar.self), logSums: sums)
            kernel.gradient(
              logits: memory.copy(x), logSums: sums, dy: isWeighted ? UnsafeRawPointer(memory.copy(dy)) : nil,
              scale: 0.5, dx: memory.output(rows * classes, Scalar.self))
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test func binaryCrossEntropy() {
    func check<Scalar: RealElement>(_: Scalar.Type) {
      for count in GuardedBuffers.counts {
        let x = GuardedBuffers.numbers(count, Scalar.self)
        let targets = GuardedBuffers.positive(count, Scalar.self).map { $0 / 3 }
        let weights = GuardedBuffers.positive(count, Scalar.self, seed: 2)
        for isWeighted in [false, true] {
          GuardedBuffers.expectSame("\(count), \(Scalar.self), weighted \(isWeighted)") { memory in
            let kernel = BinaryCrossEntropyKernel(
              type: Scalar.element, count: count, targets: memory.copy(targets),
              weights: isWeighted ? UnsafeRawPointer(memory.copy(weights)) : nil,
              positiveWeights: isWeighted ? UnsafeRawPointer(memory.copy(weights)) : nil)
            memory.output(1, Double.self).pointee = kernel.run(
              logits: memory.copy(x), losses: memory.output(count, Scalar.self))
            kernel.gradient(
              logits: memory.copy(x), dy: isWeighted ? UnsafeRawPointer(memory.copy(weights)) : nil,
              scale: 0.5,
              dx: memory.output(count, Scalar.self))
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test func lovasz() {
    func check<Scalar: RealElement>(_: Scalar.Type) {
      for (images, positions, channels) in [(1, 1, 1), (2, 5, 1), (1, 33, 3), (3, 17, 4), (2, 1021, 2)] {
        let count = images * positions * channels
        let errors = GuardedBuffers.positive(count, Scalar.self)
        let truth = (0..<count).map { Scalar($0 * 7 % 3 == 0 ? 1 : 0) }
        let counts = (0..<count).map { Scalar($0 % 5 == 1 ? 0 : 1) }
        for (isPerImage, separatesChannels) in [(false, false), (false, true), (true, false), (true, true)] {
          let kernel = LovaszKernel(
            images: images, positions: positions, channels: channels, isPerImage: isPerImage,
            separatesChannels: separatesChannels)
          for isCounted in [false, true] {
            GuardedBuffers.expectSame("\(kernel), \(Scalar.self), counted \(isCounted)") { memory in
              let loss = memory.output(1, Double.self)
              loss.pointee = kernel.run(
                Scalar.element, errors: memory.copy(errors), truth: memory.copy(truth),
                counts: isCounted ? UnsafeRawPointer(memory.copy(counts)) : nil,
                slopes: memory.output(count, Scalar.self))
            }
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test func alongOneDimension() {
    func check<Scalar: RealElement>(_: Scalar.Type) {
      for (outer, count, inner) in Self.shapes {
        let total = outer * count * inner
        let x = GuardedBuffers.numbers(total, Scalar.self)
        let whole = x.map { Int32($0 * 100) }
        let k = (count + 1) / 2
        GuardedBuffers.expectSame("\(outer)×\(count)×\(inner), \(Scalar.self)") { memory in
          for (isExclusive, isReversed) in [(false, false), (true, true)] {
            CumulativeSumKernel(
              outer: outer, count: count, inner: inner, isExclusive: isExclusive, isReversed: isReversed
            ).run(Scalar.element, x: memory.copy(x), y: memory.output(total, Scalar.self))
          }
          TopKKernel.run(
            largest: true, k: k, Scalar.element, x: memory.copy(x),
            values: memory.output(outer * k * inner, Scalar.self),
            indices: memory.output(outer * k * inner, Int64.self), outer: outer, count: count, inner: inner)
          IntegerReduction.run(
            .sum, .int32, x: memory.copy(whole), y: memory.output(count, Int32.self),
            shape: [outer, count, inner], resultStrides: [nil, 1, nil], resultCount: count)
          IntegerReduction.argument(
            smallest: true, .int32, x: memory.copy(whole), y: memory.output(outer * inner, Int64.self),
            outer: outer, count: count, inner: inner)
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }
}
