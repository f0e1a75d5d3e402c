@testable import MartletKernels

/// A convolution of stride 2 in the plane as one of stride 1 with kernels of r×r, written out: the input's pixels, with
/// the zeros that are read around them, and the weights' taps go to the polyphase component of their row and column. Taps
/// that a component's kernel has not are its last, or its first in the form whose input's gradient is computed: that
/// component's pixels then lie one further on, and pixels that are before all of the input's are left out.
struct PolyphaseForm {
  private let original: ConvolutionShape
  /// Of the same convolution. Channels are [component][channel]. For the input's gradient the pixels that were left out
  /// are padding; no other zeros are read but along the depth.
  let shape: ConvolutionShape
  /// r.
  private let taps: Int
  private let isForInputGradient: Bool

  init(_ original: ConvolutionShape, _ tile: WinogradTile, isForInputGradient: Bool = false) {
    self.original = original
    self.isForInputGradient = isForInputGradient
    let taps = tile.taps
    self.taps = taps
    var shape = original
    shape.inputChannels *= 4
    shape.kernel = SpatialExtent(original.kernel.depth, taps, taps)
    shape.stride = SpatialExtent(1, 1, 1)
    guard !isForInputGradient else {
      func pixels(_ input: Int, _ padding: Int, _ kernel: Int) -> ClosedRange<Int> {
        let pixels = (0..<input).map { ($0 + padding) / 2 + Self.missing(kernel, $0 + padding, taps) }
        return pixels.min()!...pixels.max()!
      }
      let rows = pixels(original.input.height, original.paddingBefore.height, original.kernel.height)
      let columns = pixels(original.input.width, original.paddingBefore.width, original.kernel.width)
      shape.input = SpatialExtent(original.input.depth, rows.count, columns.count)
      shape.paddingBefore = SpatialExtent(original.paddingBefore.depth, rows.lowerBound, columns.lowerBound)
      self.shape = shape
      return
    }
    // Windows may end before the input, or reach over it.
    func pixels(_ input: Int, _ padding: Int, _ output: Int) -> Int {
      max((input + padding + 1) / 2, output + taps - 1)
    }
    let (input, padding, output) = (original.input, original.paddingBefore, original.output)
    shape.input = SpatialExtent(
      input.depth, pixels(input.height, padding.height, output.height),
      pixels(input.width, padding.width, output.width))
    shape.paddingBefore = SpatialExtent(original.paddingBefore.depth, 0, 0)
    self.shape = shape
  }

  /// Taps that the kernel of a row's component lacks, along an axis.
  private static func missing(_ kernel: Int, _ row: Int, _ taps: Int) -> Int {
    taps - (kernel - row % 2 + 1) / 2
  }

  private func shift(_ row: Int, _ column: Int) -> (row: Int, column: Int) {
    guard isForInputGradient else { return (0, 0) }
    return (
      Self.missing(original.kernel.height, row, taps), Self.missing(original.kernel.width, column, taps)
    )
  }

  func input(_ values: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: shape.inputElementCount)
    forEachInput { pixel, inComponents in result[inComponents] = values[pixel] }
    return result
  }

  func inputGradient(_ components: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: original.inputElementCount)
    forEachInput { pixel, inComponents in result[pixel] = components[inComponents] }
    return result
  }

  func weight(_ values: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: shape.weightElementCount)
    forEachWeight { tap, inComponents in result[inComponents] = values[tap] }
    return result
  }

  func weightGradient(_ components: [Double]) -> [Double] {
    var result = [Double](repeating: 0, count: original.weightElementCount)
    forEachWeight { tap, inComponents in result[tap] = components[inComponents] }
    return result
  }

  private func forEachInput(_ body: (_ pixel: Int, _ inComponents: Int) -> Void) {
    let (size, grid, channels) = (original.input, shape.input, original.inputChannels)
    for slice in 0..<original.batch * size.depth {
      for y in 0..<size.height {
        for x in 0..<size.width {
          let (row, column) = (y + original.paddingBefore.height, x + original.paddingBefore.width)
          let component = row % 2 * 2 + column % 2
          let shift = shift(row, column)
          let (i, j) = (
            row / 2 + shift.row - shape.paddingBefore.height,
            column / 2 + shift.column - shape.paddingBefore.width
          )
          let from = ((slice * size.height + y) * size.width + x) * channels
          let to = (((slice * grid.height + i) * grid.width + j) * 4 + component) * channels
          for c in 0..<channels { body(from + c, to + c) }
        }
      }
    }
  }

  private func forEachWeight(_ body: (_ tap: Int, _ inComponents: Int) -> Void) {
    let (kernel, channels) = (original.kernel, original.inputChannels)
    for k in 0..<original.outputChannels {
      for c in 0..<channels {
        for d in 0..<kernel.depth {
          for y in 0..<kernel.height {
            for x in 0..<kernel.width {
              let pair = k * channels + c
              let component = y % 2 * 2 + x % 2
              let from = ((pair * kernel.depth + d) * kernel.height + y) * kernel.width + x
              let to = ((k * 4 + component) * channels + c) * kernel.depth + d
              let shift = shift(y, x)
              body(from, (to * taps + y / 2 + shift.row) * taps + x / 2 + shift.column)
            }
          }
        }
      }
    }
  }
}
