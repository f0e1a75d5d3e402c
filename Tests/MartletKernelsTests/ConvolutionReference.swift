import MartletKernels

/// Convolution and its gradients in float64, with what error bounds are made of, fast enough for thousands of shapes.
///
/// The loops run over taps and pixels, and inside over channels that lie side by side. ``NaiveConvolution`` is the
/// definition written down; a test holds the two together.
struct ConvolutionReference {
  /// Sums of products, and the sums of the products' magnitudes.
  struct Sums {
    var values: [Double]
    var magnitudes: [Double]

    init(count: Int) {
      values = [Double](repeating: 0, count: count)
      magnitudes = values
    }

    /// With a bias for each of as many channels as there are numbers.
    func adding(_ bias: [Double]) -> Sums {
      var sums = self
      for i in values.indices {
        sums.values[i] += bias[i % bias.count]
        sums.magnitudes[i] += abs(bias[i % bias.count])
      }
      return sums
    }

    /// In another order.
    func permuted(_ order: [Int]) -> Sums {
      var sums = self
      for (i, from) in order.enumerated() {
        sums.values[i] = values[from]
        sums.magnitudes[i] = magnitudes[from]
      }
      return sums
    }
  }

  let shape: ConvolutionShape
  private var inputs: Int { shape.inputChannels / shape.groups }
  private var outputs: Int { shape.outputChannels / shape.groups }

  func forward(_ input: [Double], _ weight: [Double]) -> Sums {
    let packed = weightPlaces(inputIsSlower: true).map { weight[$0] }
    var sums = Sums(count: shape.outputElementCount)
    accumulate(&sums) { values, magnitudes in
      forEachGroup { output, pixel, tap in
        multiply(input, pixel, packed, tap, values + output, magnitudes + output, inputs, outputs)
      }
    }
    return sums
  }

  func backwardData(_ outputGradient: [Double], _ weight: [Double]) -> Sums {
    let packed = weightPlaces(inputIsSlower: false).map { weight[$0] }
    var sums = Sums(count: shape.inputElementCount)
    accumulate(&sums) { values, magnitudes in
      forEachGroup { output, input, tap in
        multiply(outputGradient, output, packed, tap, values + input, magnitudes + input, outputs, inputs)
      }
    }
    return sums
  }

  func backwardWeights(_ input: [Double], _ outputGradient: [Double]) -> Sums {
    var sums = Sums(count: shape.weightElementCount)
    let (inputs, outputs) = (inputs, outputs)
    accumulate(&sums) { values, magnitudes in
      input.withUnsafeBufferPointer { x in
        outputGradient.withUnsafeBufferPointer { dy in
          forEachGroup { output, input, tap in
            for c in 0..<inputs {
              let (row, value) = (tap + c * outputs, x[input + c])
              for k in 0..<outputs {
                let product = value * dy[output + k]
                values[row + k] += product
                magnitudes[row + k] += abs(product)
              }
            }
          }
        }
      }
    }
    var order = [Int](repeating: 0, count: shape.weightElementCount)
    for (packed, place) in weightPlaces(inputIsSlower: true).enumerated() { order[place] = packed }
    return sums.permuted(order)
  }

  private func accumulate(
    _ sums: inout Sums, _ body: (UnsafeMutablePointer<Double>, UnsafeMutablePointer<Double>) -> Void
  ) {
    sums.values.withUnsafeMutableBufferPointer { values in
      sums.magnitudes.withUnsafeMutableBufferPointer { magnitudes in
        // An empty array has no address, and nothing to add to.
        if let values = values.baseAddress { body(values, magnitudes.baseAddress!) }
      }
    }
  }

  /// sums[j] += Σ over i of left[i] · right[i][j].
  @inline(__always)
  private func multiply(
    _ left: [Double], _ leftStart: Int, _ right: [Double], _ rightStart: Int,
    _ values: UnsafeMutablePointer<Double>, _ magnitudes: UnsafeMutablePointer<Double>, _ rows: Int,
    _ columns: Int
  ) {
    left.withUnsafeBufferPointer { left in
      right.withUnsafeBufferPointer { right in
        for i in 0..<rows {
          let (row, value) = (rightStart + i * columns, left[leftStart + i])
          for j in 0..<columns {
            let product = value * right[row + j]
            values[j] += product
            magnitudes[j] += abs(product)
          }
        }
      }
    }
  }

  /// Places of the weights in the order [tap][group][input channel][output channel], or with the last two the other
  /// way round.
  private func weightPlaces(inputIsSlower: Bool) -> [Int] {
    let taps = shape.kernel.count
    var places: [Int] = []
    places.reserveCapacity(shape.weightElementCount)
    let (slow, fast) = inputIsSlower ? (inputs, outputs) : (outputs, inputs)
    for tap in 0..<taps {
      for group in 0..<shape.groups {
        for a in 0..<slow {
          for b in 0..<fast {
            let (k, c) = inputIsSlower ? (b, a) : (a, b)
            places.append(((group * outputs + k) * inputs + c) * taps + tap)
          }
        }
      }
    }
    return places
  }

  /// Calls `body` for every output pixel, tap and group with where the group's channels start in the output and in
  /// the input pixel, and where its weights start among those in the order [tap][group].
  @inline(__always)
  private func forEachGroup(_ body: (_ output: Int, _ input: Int, _ weight: Int) -> Void) {
    let s = shape
    let block = inputs * outputs
    var output = 0
    for n in 0..<s.batch {
      for od in 0..<s.output.depth {
        for oh in 0..<s.output.height {
          for ow in 0..<s.output.width {
            var tap = 0
            for kd in 0..<s.kernel.depth {
              let z = od * s.stride.depth - s.paddingBefore.depth + kd * s.dilation.depth
              for kh in 0..<s.kernel.height {
                let y = oh * s.stride.height - s.paddingBefore.height + kh * s.dilation.height
                for kw in 0..<s.kernel.width {
                  let x = ow * s.stride.width - s.paddingBefore.width + kw * s.dilation.width
                  if z >= 0, z < s.input.depth, y >= 0, y < s.input.height, x >= 0, x < s.input.width {
                    let pixel = ((n * s.input.depth + z) * s.input.height + y) * s.input.width + x
                    for group in 0..<s.groups {
                      body(
                        output * s.outputChannels + group * outputs, pixel * s.inputChannels + group * inputs,
                        (tap * s.groups + group) * block)
                    }
                  }
                  tap += 1
                }
              }
            }
            output += 1
          }
        }
      }
    }
  }
}
