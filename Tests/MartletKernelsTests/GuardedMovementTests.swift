import Testing

@testable import MartletKernels

/// Kernels that move elements: pooling and resampling, copies, gathers.
struct GuardedMovementTests {
  private static let channels = [1, 3, 7, 17, 33, 65, 131]

  private static func extent(_ kernel: Int, _ stride: Int, _ padding: Int) -> (Int) -> AxisTaps {
    { size in
      .window(
        inputSize: size, outputSize: (size + 2 * padding - kernel) / stride + 1, kernel: kernel,
        stride: stride,
        padding: padding, dilation: 1)
    }
  }

  @Test(arguments: [false, true]) func maximumPooling(wide: Bool) {
    func check<Scalar: RealElement>(_: Scalar.Type) {
      for channels in Self.channels {
        for (kernel, stride, padding) in [(2, 2, 0), (3, 2, 1), (3, 1, 1)] {
          let axis = Self.extent(kernel, stride, padding)
          for sizes in [[11], [7, 9], [5, 4, 7]] {
            let taps = sizes.map(axis)
            let window = sizes.map { _ in kernel }
            let results = 2 * taps.reduce(channels) { $0 * $1.outputSize }
            let inputs = 2 * sizes.reduce(channels, *)
            let pool = Resampling(
              images: 2, channels: channels, taps: taps, window: window, format: Scalar.format)
            let back = Resampling(
              images: 2, channels: channels, taps: taps.map(\.transposed), window: window,
              format: Scalar.format)
            let (x, dy) = (
              GuardedBuffers.numbers(inputs, Scalar.self),
              GuardedBuffers.numbers(results, Scalar.self, seed: 2)
            )
            GuardedBuffers.expectSame("\(channels), \(sizes), \(kernel), \(Scalar.self)") { memory in
              let index: UnsafeMutableRawPointer =
                wide ? .init(memory.output(results, Int32.self)) : .init(memory.output(results, UInt8.self))
              pool.maxPool(
                memory.copy(x), wide: wide, output: memory.output(results, Scalar.self), index: index)
              back.maxPoolGradient(
                memory.copy(dy), index: index, wide: wide, inputGradient: memory.output(inputs, Scalar.self))
            }
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test func resampling() {
    let axes: [(String, (Int) -> AxisTaps)] = [
      (
        "average",
        {
          .average(
            inputSize: $0, outputSize: ($0 + 1) / 2, kernel: 3, stride: 2, padding: 1, paddingAfter: 1,
            dilation: 1, divisor: .input)
        }
      ), ("nearest", { .nearest(inputSize: $0, outputSize: 2 * $0 + 1, scale: nil) }),
      ("linear", { .linear(inputSize: $0, outputSize: 2 * $0) }),
    ]
    func check<Scalar: RealElement>(_: Scalar.Type) {
      for channels in Self.channels {
        for (name, axis) in axes {
          for sizes in [[11], [7, 9], [5, 4, 7]] {
            for isTransposed in [false, true] {
              let taps = sizes.map(axis).map { isTransposed ? $0.transposed : $0 }
              let kernel = Resampling(images: 2, channels: channels, taps: taps, format: Scalar.format)
              let x = GuardedBuffers.numbers(2 * taps.reduce(channels) { $0 * $1.sourceSize }, Scalar.self)
              let results = 2 * taps.reduce(channels) { $0 * $1.outputSize }
              GuardedBuffers.expectSame("\(name), \(channels), \(sizes), \(isTransposed), \(Scalar.self)") {
                memory in
                kernel.resample(
                  memory.copy(x), output: memory.output(results, Scalar.self),
                  workspace: memory.workspace(kernel.workspaceByteCount))
              }
            }
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test func copies() {
    func check<Element: FixedWidthInteger & BitwiseCopyable>(_: Element.Type) {
      for test in StridedCopyTests.cases where !test.shape.contains(0) {
        func reach(_ strides: [Int]) -> Int {
          1 + zip(test.shape, strides).reduce(0) { $0 + ($1.0 - 1) * $1.1 }
        }
        let source = (0..<reach(test.from)).map { Element(truncatingIfNeeded: $0 &* 7919) }
        GuardedBuffers.expectSame("\(test.testDescription), \(Element.self)") { memory in
          StridedCopy(
            shape: test.shape, sourceStrides: test.from, targetStrides: test.to,
            elementByteCount: MemoryLayout<Element>.size
          ).run(from: memory.copy(source), to: memory.output(reach(test.to), Element.self))
        }
      }
      for count in GuardedBuffers.counts {
        GuardedBuffers.expectSame("\(count), \(Element.self)") { memory in
          StridedCopy.fill(
            memory.output(count, Element.self), with: memory.copy([Element(77)]), count: count,
            elementByteCount: MemoryLayout<Element>.size)
          StridedCopy.zero(memory.output(count, Element.self), byteCount: count * MemoryLayout<Element>.size)
        }
      }
    }
    check(UInt8.self)
    check(UInt32.self)
    check(UInt64.self)
  }

  @Test func gathers() {
    func check<Scalar: RealElement>(_: Scalar.Type) {
      for (outer, rows, width, count) in [(1, 1, 1, 1), (2, 7, 3, 5), (3, 17, 33, 40), (1, 131, 67, 9)] {
        let source = GuardedBuffers.numbers(outer * rows * width, Scalar.self)
        let added = GuardedBuffers.numbers(outer * count * width, Scalar.self, seed: 2)
        let indices = (0..<count).map { Int32($0 * 5 % rows) }
        let size = MemoryLayout<Scalar>.size
        GuardedBuffers.expectSame("\(outer), \(rows), \(width), \(count), \(Scalar.self)") { memory in
          Gather.rows(
            memory.copy(source), outer: outer, sourceRows: rows, rowByteCount: width * size,
            indices: .int32(memory.copy(indices)), count: count,
            target: memory.output(outer * count * width, Scalar.self))
          Gather.addRows(
            memory.copy(added), outer: outer, targetRows: rows, width: width,
            indices: .int64(memory.copy(indices.map { Int64($0) })), count: count, skipping: 0,
            target: memory.output(outer * rows * width, Scalar.self), format: Scalar.format,
            workspace: memory.workspace(Gather.addRowsWorkspaceByteCount(targetRows: rows, count: count)))
          let gather = AxisGather(
            indexShape: [outer, count, 1], sourceStrides: [rows * width, width, 1], axis: 1)
          let places = (0..<outer * count).map { Int32($0 * 5 % rows) }
          gather.run(
            memory.copy(source), indices: .int32(memory.copy(places)),
            target: memory.output(outer * count, Scalar.self), elementByteCount: size)
          gather.add(
            memory.copy(Array(added.prefix(outer * count))), indices: .int32(memory.copy(places)),
            target: memory.inOut([Scalar](repeating: 0, count: outer * rows * width - (width - 1))),
            format: Scalar.format)
          for function in ScatterFunction.allCases {
            gather.scatter(
              function, Scalar.element, memory.copy(Array(added.prefix(outer * count))),
              indices: .int32(memory.copy(places)),
              target: memory.inOut([Scalar](repeating: 1, count: outer * rows * width - (width - 1))))
          }
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }

  @Test func rowsOfTables() {
    func check<Scalar: RealElement>(_: Scalar.Type) {
      for (rows, width, counts) in [
        (7, 5, [3, 4]), (300, 16, [40, 9, 1]), (1, 1, [1]), (70_000, 3, [65, 2]),
      ] {
        let count = counts.reduce(0, +)
        let table = GuardedBuffers.numbers(rows * width, Scalar.self)
        let moment = GuardedBuffers.positive(rows * width, Scalar.self, seed: 3)
        let adam = OptimizerSteps.Adam(
          learningRate: 0.1, gradientScale: 0.5, weightDecay: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8,
          isDecoupled: false, step: 3)
        GuardedBuffers.expectSame("\(rows), \(width), \(counts), \(Scalar.self)") { memory in
          let sources = counts.enumerated().map { index, count in
            RowCoalescing.Source(
              rows: memory.copy(GuardedBuffers.numbers(count * width, Scalar.self, seed: UInt64(index))),
              indices: .int32(memory.copy((0..<count).map { Int32($0 * 65_537 % rows) })), count: count,
              skipped: index == 0 ? 0 : nil)
          }
          let (sums, ids) = (memory.output(count * width, Scalar.self), memory.output(count, Int32.self))
          RowCoalescing.run(
            sources, limit: rows, width: width, format: Scalar.format, sums: sums, ids: ids,
            workspace: memory.workspace(
              RowCoalescing.workspaceByteCount(count: count, width: width, format: Scalar.format)))
          let gradients = RowGradients(rowCount: rows, width: width, rows: sums, ids: ids, capacity: count)
          OptimizerSteps.run(
            adam, Scalar.element, parameter: memory.inOut(table),
            state: [memory.inOut(moment), memory.inOut(moment)], gradients: gradients,
            workspace: memory.workspace(OptimizerSteps.rowsWorkspaceByteCount(Scalar.element)))
          OptimizerSteps.runSparsely(
            adam, Scalar.element, parameter: memory.inOut(table),
            state: [memory.inOut(moment), memory.inOut(moment)], gradients: gradients)
        }
      }
    }
    check(Float.self)
    check(Double.self)
  }
}
