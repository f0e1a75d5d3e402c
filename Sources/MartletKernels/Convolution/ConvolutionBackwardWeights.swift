import CMartletKernels

extension ImplicitGEMM {
  /// Scratch memory that backwardWeights needs.
  public static func backwardWeightsWorkspace(_ shape: ConvolutionShape, _ scalar: RealFormat) -> Int {
    if shape.isDepthwise { return Depthwise.backwardWeightsWorkspace(shape, scalar) }
    return WeightGradient(shape, scalar).workspaceByteCount
  }

  /// The gradient with respect to the weights, in PyTorch's order, given the input and the output's gradient.
  public static func backwardWeights(
    _ shape: ConvolutionShape, _ scalar: RealFormat, input: UnsafeRawPointer,
    outputGradient: UnsafeRawPointer, weightGradient: UnsafeMutableRawPointer,
    workspace: UnsafeMutableRawPointer
  ) {
    guard shape.weightElementCount > 0 else { return }
    guard shape.outputElementCount > 0, shape.inputElementCount > 0 else {
      let bytes = shape.weightElementCount * scalar.byteCount
      weightGradient.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
      return
    }
    if shape.isDepthwise {
      return Depthwise.backwardWeights(
        shape, scalar, input: input, outputGradient: outputGradient, weightGradient: weightGradient,
        workspace: workspace)
    }
    WeightGradient(shape, scalar).run(
      input: input, outputGradient: outputGradient, weightGradient: weightGradient, workspace: workspace)
  }
}

extension WeightGradient {
  func run(
    input: UnsafeRawPointer, outputGradient: UnsafeRawPointer, weightGradient: UnsafeMutableRawPointer,
    workspace: UnsafeMutableRawPointer
  ) {
    var cursor = WorkspaceCursor(workspace)
    let paddedInput = cursor.take(merges ? padded.byteCount : 0)
    let partial = cursor.take(parts > 1 ? parts * blockCount * blockElements * scalar.byteCount : 0)
    if merges {
      padded.copy(input, to: paddedInput)
    }
    var source = merges ? UnsafeRawPointer(paddedInput) : input
    var outputGradient = outputGradient
    if swapsOperands { swap(&source, &outputGradient) }

    ThreadPool.parallelFor(parts * blockCount) { piece in
      // Blocks of one part follow each other, so that its lines are in cache.
      let part = piece / blockCount
      let block = Block(piece % blockCount, self)
      let lines = (lineCount * part / parts)..<(lineCount * (part + 1) / parts)
      let sums = addLines(lines, block, source, outputGradient)
      if parts == 1 {
        write(sums, block, weightGradient)
      } else {
        let slot = partial + (part * blockCount + block.index) * blockElements * scalar.byteCount
        slot.copyMemory(from: sums, byteCount: sumElements(block) * scalar.byteCount)
      }
    }
    guard parts > 1 else { return }
    ThreadPool.parallelFor(blockCount) { index in
      let block = Block(index, self)
      let count = sumElements(block)
      let first = partial + index * blockElements * scalar.byteCount
      for part in 1..<parts {
        let terms = partial + (part * blockCount + index) * blockElements * scalar.byteCount
        if scalar == .float32 {
          martlet_add_float(
            first.assumingMemoryBound(to: Float.self), terms.assumingMemoryBound(to: Float.self), count)
        } else {
          martlet_add_double(
            first.assumingMemoryBound(to: Double.self), terms.assumingMemoryBound(to: Double.self), count)
        }
      }
      write(first, block, weightGradient)
    }
  }

  /// Writes a block's sums into the weight gradient.
  private func write(_ sums: UnsafeRawPointer, _ block: Block, _ weightGradient: UnsafeMutableRawPointer) {
    var copy = martlet_weight_sums()
    copy.sums = sums
    copy.pitch = panels(block) * Int(kernels.width)
    copy.weights = weightGradient + block.group * rows * columns * shape.kernel.count * scalar.byteCount
    copy.columns = block.columns.count
    copy.rows = block.rows.count
    copy.taps = taps.count
    rowOffsets[block.rows].withUnsafeBufferPointer { rows in
      columnOffsets[block.columns].withUnsafeBufferPointer { columns in
        tapOffsets.withUnsafeBufferPointer { taps in
          copy.row_offsets = rows.baseAddress
          copy.column_offsets = columns.baseAddress
          copy.tap_offsets = taps.baseAddress
          if scalar == .float32 { martlet_unpack_sums_4(&copy) } else { martlet_unpack_sums_8(&copy) }
        }
      }
    }
  }
}
