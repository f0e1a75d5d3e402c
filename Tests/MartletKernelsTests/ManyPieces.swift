@testable import MartletKernels

/// One call of each kernel that cuts its work, large enough for several pieces.
enum ManyPieces {
  typealias Run = (name: String, body: (TestMemory) -> Void)

  static var all: [Run] {
    convolutions + products + attention + sums + lovasz + elements + movements + resamplings
  }

  private static func numbers(_ count: Int, _ seed: UInt64 = 1) -> [Float] {
    GuardedBuffers.numbers(count, Float.self, seed: seed)
  }

  private static var convolutions: [Run] {
    let shapes = [
      ConvolutionCases.shape(2, 20, 70, [33, 31], [3, 3], before: [1, 1]),
      ConvolutionCases.shape(2, 3, 18, [65, 63], [5, 5], stride: [2, 2], before: [2, 2]),
      ConvolutionCases.shape(2, 33, 33, groups: 33, [41, 43], [3, 3], before: [1, 1]),
      ConvolutionCases.shape(1, 19, 35, [15, 13, 17], [3, 3, 3], before: [1, 1, 1]),
      ConvolutionCases.shape(
        1, 24, 40, groups: 4, [17, 9, 11], [3, 3, 2], stride: [2, 1, 1], before: [1, 1, 0]),
    ]
    return shapes.flatMap { shape -> [Run] in
      ConvolutionAlgorithm.allCases.filter { $0.supports(shape, .float32) }
        .map {
          algorithm in
          (
            "\(algorithm), \(shape)",
            { memory in
              let input = memory.copy(numbers(shape.inputElementCount))
              let weight = memory.copy(numbers(shape.weightElementCount, 2))
              let gradient = memory.copy(numbers(shape.outputElementCount, 3))
              func workspace(_ part: ConvolutionPart) -> UnsafeMutableRawPointer {
                memory.workspace(algorithm.workspaceByteCount(part, shape, .float32))
              }
              algorithm.forward(
                shape, .float32, input: input, weight: weight, bias: nil,
                output: memory.output(shape.outputElementCount, Float.self), workspace: workspace(.forward))
              algorithm.backwardData(
                shape, .float32, outputGradient: gradient, weight: weight,
                inputGradient: memory.output(shape.inputElementCount, Float.self),
                workspace: workspace(.backwardData))
              algorithm.backwardWeights(
                shape, .float32, input: input, outputGradient: gradient,
                weightGradient: memory.output(shape.weightElementCount, Float.self),
                workspace: workspace(.backwardWeights))
            }
          )
        }
    }
  }

  private static var products: [Run] {
    [(false, false), (true, false), (false, true)].map { transposesA, transposesB in
      let product = MatrixProduct(
        rows: 413, columns: 207, depth: 1201, transposesA: transposesA, transposesB: transposesB,
        format: .float32)
      return (
        "matrix product \(transposesA) \(transposesB)",
        { memory in
          product.run(
            a: memory.copy(numbers(413 * 1201)), b: memory.copy(numbers(207 * 1201, 2)),
            output: memory.output(413 * 207, Float.self),
            workspace: memory.workspace(product.workspaceByteCount))
        }
      )
    }
  }

  private static var attention: [Run] {
    [AttentionShape.Axis.keys, .queries].map { axis in
      let shape = AttentionShape(
        batch: 3, heads: 4, queries: 65, keys: 130, size: 17, scale: 0.3, axis: axis, format: .float32)
      let kernel = Attention(
        shape, dropout: AttentionDropout(probability: 0.3, seed: 1, stream: 2, step: 3))
      let (queryCount, keyCount) = (3 * 65 * 4 * 17, 3 * 130 * 4 * 17)
      let sumCount = shape.batch * shape.heads * shape.sumCount
      return (
        "attention over the \(axis)",
        { memory in
          let inputs = Attention.Operands(
            queries: memory.inOut(numbers(queryCount)), keys: memory.inOut(numbers(keyCount, 2)),
            values: memory.inOut(numbers(keyCount, 3)))
          let sums = memory.output(sumCount, Float.self)
          kernel.forward(
            inputs, keyCounts: nil, sums: .made, logSums: sums,
            context: memory.output(queryCount, Float.self))
          kernel.gradient(
            inputs, keyCounts: nil, logSums: sums, contextGradient: memory.copy(numbers(queryCount, 4)),
            logSumGradients: nil,
            gradients: Attention.Operands(
              queries: memory.output(queryCount, Float.self), keys: memory.output(keyCount, Float.self),
              values: memory.output(keyCount, Float.self)))
          kernel.logSumsGradient(
            queries: inputs.queries, keys: inputs.keys, logSums: sums,
            logSumGradients: memory.inOut(numbers(sumCount, 5)),
            queryGradient: memory.output(queryCount, Float.self),
            keyGradient: memory.output(keyCount, Float.self))
        }
      )
    }
  }

  private static var lovasz: [Run] {
    [(true, true), (true, false), (false, true)].map { isPerImage, separatesChannels in
      let kernel = LovaszKernel(
        images: 5, positions: 3001, channels: 4, isPerImage: isPerImage, separatesChannels: separatesChannels)
      let count = 5 * 3001 * 4
      return (
        "Lovász \(isPerImage) \(separatesChannels)",
        { memory in
          let loss = memory.output(1, Double.self)
          loss.pointee = kernel.run(
            .float32, errors: memory.copy(numbers(count).map(abs)),
            truth: memory.copy((0..<count).map { Float($0 * 7 % 3 == 0 ? 1 : 0) }),
            counts: memory.copy((0..<count).map { Float($0 % 5 == 0 ? 0 : 1) }),
            slopes: memory.output(count, Float.self))
        }
      )
    }
  }

  private static var sums: [Run] {
    let (images, rows, channels) = (3, 4001, 37)
    let count = images * rows * channels
    let values = numbers(count)
    let weight = numbers(channels, 2)
    func statistics(_ memory: TestMemory, _ count: Int) -> UnsafeMutablePointer<Float> {
      memory.output(count, Float.self)
    }
    let reductions: [Run] = [[nil, nil, nil], [nil, 1, nil], [1, nil, nil], [nil, nil, 1]].map {
      (strides: [Int?]) -> Run in
      let kernel = ReductionKernel(shape: [images, rows, channels], resultStrides: strides)
      return (
        "reduction \(strides)",
        { memory in
          kernel.run(
            .sum, .float32, x: memory.copy(values), y: memory.output(kernel.resultCount, Float.self),
            resultType: .float32, workspace: memory.workspace(kernel.workspaceByteCount))
        }
      )
    }
    let batch = BatchNormalization(rows: images * rows, channels: channels, format: .float32)
    let group = GroupNormalization(
      images: images, rows: rows, channels: channels, groups: 1, format: .float32)
    let layer = LayerNormalization(rows: images * rows, width: channels, format: .float32)
    return reductions + [
      (
        "batch normalisation",
        { memory in
          let (x, w) = (memory.copy(values), memory.copy(weight))
          let (mean, inverse) = (statistics(memory, channels), statistics(memory, channels))
          batch.statistics(
            x, epsilon: 1e-5, mean: mean, variance: statistics(memory, channels), inverseDeviation: inverse,
            workspace: memory.workspace(batch.statisticsWorkspaceByteCount))
          batch.gradient(
            x, outputGradient: memory.copy(numbers(count, 3)), mean: mean, inverseDeviation: inverse,
            weight: w,
            bias: w, relu: true, usesBatchStatistics: true, inputGradient: statistics(memory, count),
            weightGradient: statistics(memory, channels), biasGradient: statistics(memory, channels),
            workspace: memory.workspace(batch.gradientWorkspaceByteCount))
        }
      ),
      (
        "group normalisation",
        { memory in
          let (x, w) = (memory.copy(values), memory.copy(weight))
          let (mean, inverse) = (statistics(memory, images), statistics(memory, images))
          group.forward(
            x, weight: w, bias: w, epsilon: 1e-5, output: statistics(memory, count), mean: mean,
            inverseDeviation: inverse, workspace: memory.workspace(group.forwardWorkspaceByteCount))
          group.gradient(
            x, outputGradient: memory.copy(numbers(count, 3)), mean: mean, inverseDeviation: inverse,
            weight: w,
            inputGradient: statistics(memory, count), weightGradient: statistics(memory, channels),
            biasGradient: statistics(memory, channels),
            workspace: memory.workspace(group.gradientWorkspaceByteCount))
        }
      ),
      (
        "layer normalisation",
        { memory in
          let (x, w) = (memory.copy(values), memory.copy(weight))
          let (mean, inverse) = (statistics(memory, images * rows), statistics(memory, images * rows))
          layer.forward(
            x, weight: w, bias: w, epsilon: 1e-5, output: statistics(memory, count), mean: mean,
            inverseDeviation: inverse)
          layer.gradient(
            x, outputGradient: memory.copy(numbers(count, 3)), mean: mean, inverseDeviation: inverse,
            weight: w,
            inputGradient: statistics(memory, count), weightGradient: statistics(memory, channels),
            biasGradient: statistics(memory, channels),
            workspace: memory.workspace(layer.gradientWorkspaceByteCount))
        }
      ),
      (
        "cross-entropy",
        { memory in
          let rows = images * rows
          let kernel = CrossEntropyKernel(
            type: .float32, rows: rows, classes: channels,
            targets: memory.copy((0..<rows).map { UInt8($0 % channels) }), targetType: .uint8, weights: nil,
            ignoredIndex: -100, smoothing: 0.1)
          let outcome = kernel.run(
            logits: memory.copy(values), losses: nil, logSums: memory.output(rows, Double.self))
          guard case .sums(let loss, let weight) = outcome else { return }
          memory.output(2, Double.self).update(from: [loss, weight], count: 2)
        }
      ),
    ]
  }

  private static var elements: [Run] {
    let count = 300_007
    let values = numbers(count)
    return [
      (
        "functions",
        { memory in
          let x = memory.copy(values)
          Elementwise.unary(.gelu, .float32, x, memory.output(count, Float.self), count: count)
          let operand = BroadcastOperand(start: x, strides: [1])
          Elementwise.binary(
            .multiply, .float32, operand, operand, memory.output(count, Float.self), shape: [count])
          memory.output(1, Int.self).pointee = Elementwise.countNotFinite(.float32, x, count: count)
        }
      ),
      (
        "softmax",
        { memory in
          SoftmaxKernel.run(
            logarithm: false, .float32, x: memory.copy(values), y: memory.output(count, Float.self), outer: 1,
            count: 7, inner: count / 7)
        }
      ),
      (
        "random numbers",
        { memory in
          RandomFill.normal(
            .float32, memory.output(count, Float.self), count: count, mean: 0, standardDeviation: 1, seed: 1,
            stream: 2)
        }
      ),
      (
        "Adam",
        { memory in
          let adam = OptimizerSteps.Adam(
            learningRate: 0.1, gradientScale: 1, weightDecay: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8,
            isDecoupled: true, step: 2)
          OptimizerSteps.run(
            adam, .float32, parameter: memory.inOut(values),
            state: [memory.inOut(values), memory.inOut(values.map(abs))], gradient: memory.copy(values),
            count: count)
        }
      ),
    ]
  }

  private static var movements: [Run] {
    let (size, channels) = (61, 37)
    let count = 2 * size * size * channels
    let values = numbers(count)
    let window = AxisTaps.window(
      inputSize: size, outputSize: 31, kernel: 3, stride: 2, padding: 1, dilation: 1)
    let pool = Resampling(
      images: 2, channels: channels, taps: [window, window], window: [3, 3], format: .float32)
    let back = Resampling(
      images: 2, channels: channels, taps: [window.transposed, window.transposed], window: [3, 3],
      format: .float32)
    return [
      (
        "maximum pooling",
        { memory in
          let index = memory.output(2 * 31 * 31 * channels, UInt8.self)
          let y = memory.output(2 * 31 * 31 * channels, Float.self)
          pool.maxPool(memory.copy(values), wide: false, output: y, index: index)
          back.maxPoolGradient(y, index: index, wide: false, inputGradient: memory.output(count, Float.self))
        }
      ),
      (
        "copy",
        { memory in
          StridedCopy(
            shape: [2, channels, size * size], sourceStrides: [size * size * channels, 1, channels],
            targetStrides: [size * size * channels, size * size, 1], elementByteCount: 4
          ).run(from: memory.copy(values), to: memory.output(count, Float.self))
        }
      ),
      (
        "gather",
        { memory in
          let indices = (0..<9001).map { Int32($0 * 31 % 1999) }
          Gather.addRows(
            memory.copy(numbers(9001 * 13)), outer: 1, targetRows: 1999, width: 13,
            indices: .int32(memory.copy(indices)), count: 9001, skipping: nil,
            target: memory.output(1999 * 13, Float.self), format: .float32,
            workspace: memory.workspace(Gather.addRowsWorkspaceByteCount(targetRows: 1999, count: 9001)))
        }
      ),
      (
        "gather along an axis",
        { memory in
          let (rows, width, taken) = (200, 70, 300)
          let gather = AxisGather(
            indexShape: [3, taken, width], sourceStrides: [rows * width, width, 1], axis: 1)
          let (table, added) = (numbers(3 * rows * width), numbers(3 * taken * width, 2))
          let indices = memory.copy(added.indices.map { Int32($0 * 31 % rows) })
          gather.run(
            memory.copy(table), indices: .int32(indices), target: memory.output(added.count, Float.self),
            elementByteCount: 4)
          gather.add(
            memory.copy(added), indices: .int32(indices),
            target: memory.inOut([Float](repeating: 0, count: table.count)), format: .float32)
          for function in ScatterFunction.allCases {
            gather.scatter(
              function, .float32, memory.copy(added), indices: .int32(indices), target: memory.inOut(table))
          }
        }
      ),
      (
        "rows of tables",
        { memory in
          let (rows, width, counts) = (40_000, 13, [9001, 700])
          let sources = counts.map { count in
            RowCoalescing.Source(
              rows: memory.copy(numbers(count * width)),
              indices: .int32(memory.copy((0..<count).map { Int32($0 * 31 % 7001) })), count: count,
              skipped: 3)
          }
          let count = counts.reduce(0, +)
          let (sums, ids) = (memory.output(count * width, Float.self), memory.output(count, Int32.self))
          RowCoalescing.run(
            sources, limit: rows, width: width, format: .float32, sums: sums, ids: ids,
            workspace: memory.workspace(
              RowCoalescing.workspaceByteCount(count: count, width: width, format: .float32)))
          let gradients = RowGradients(rowCount: rows, width: width, rows: sums, ids: ids, capacity: count)
          let adam = OptimizerSteps.Adam(
            learningRate: 0.1, gradientScale: 1, weightDecay: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-8,
            isDecoupled: true, step: 2)
          func state() -> [UnsafeMutableRawPointer] {
            (0..<2).map { _ in UnsafeMutableRawPointer(memory.inOut(numbers(rows * width).map(abs))) }
          }
          OptimizerSteps.run(
            adam, .float32, parameter: memory.inOut(numbers(rows * width)), state: state(),
            gradients: gradients, workspace: memory.workspace(OptimizerSteps.rowsWorkspaceByteCount(.float32))
          )
          OptimizerSteps.runSparsely(
            adam, .float32, parameter: memory.inOut(numbers(rows * width)), state: state(),
            gradients: gradients)
        }
      ),
    ]
  }

  private static var resamplings: [Run] {
    let (size, channels) = (61, 37)
    let ways = [
      ("upsampling", AxisTaps.linear(inputSize: size, outputSize: 2 * size)),
      (
        "average pooling",
        .average(
          inputSize: size, outputSize: 31, kernel: 3, stride: 2, padding: 1, paddingAfter: 1, dilation: 1,
          divisor: .input)
      ),
    ]
    return ways.flatMap { name, taps in
      [(name, taps), ("\(name)'s gradient", taps.transposed)].map { name, taps -> Run in
        let kernel = Resampling(images: 2, channels: channels, taps: [taps, taps], format: .float32)
        let values = numbers(2 * taps.sourceSize * taps.sourceSize * channels)
        return (
          name,
          { memory in
            kernel.resample(
              memory.copy(values),
              output: memory.output(2 * taps.outputSize * taps.outputSize * channels, Float.self),
              workspace: memory.workspace(kernel.workspaceByteCount))
          }
        )
      }
    }
  }
}
