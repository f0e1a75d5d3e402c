import ArgumentParser
import Martlet
import MartletKernels

/// A convolution as the command line gives it, in the words of PyTorch's layers.
struct ConvolutionArguments: ParsableArguments {
  @Option(help: "Images in the batch.") var batch = 1
  @Option(help: "Channels of the input.") var inputs: Int
  @Option(help: "Channels of the output.") var outputs: Int
  @Option(help: "The input's sizes: width, or height,width, or depth,height,width.") var space: Axes
  @Option(help: "The kernel's sizes, one value for each axis or for all; so do the next three.") var kernel:
    Axes
  @Option var stride = Axes([1])
  @Option(help: "Zeros before and after each axis.") var padding = Axes([0])
  @Option var dilation = Axes([1])
  @Option var groups = 1
  @Flag(help: "A transposed convolution.") var transposed = false

  /// Numbers for the space axes, separated by commas.
  struct Axes: ExpressibleByArgument {
    let values: [Int]
    init(_ values: [Int]) { self.values = values }

    init?(argument: String) {
      let words = argument.split(separator: ",", omittingEmptySubsequences: false)
      values = words.compactMap { Int($0) }
      guard values.count == words.count, (1...3).contains(values.count) else { return nil }
    }

    var defaultValueDescription: String { values.map(String.init).joined(separator: ",") }
  }

  func validate() throws {
    let axes = space.values.count
    for (name, value) in [
      ("kernel", kernel), ("stride", stride), ("padding", padding), ("dilation", dilation),
    ]
    where value.values.count != 1 && value.values.count != axes {
      throw ValidationError(
        "expected 1 or \(axes) values for --\(name), got \(value.defaultValueDescription)")
    }
    guard batch > 0, inputs > 0, outputs > 0, groups > 0, inputs % groups == 0, outputs % groups == 0 else {
      throw ValidationError("expected channels that \(groups) groups divide, got \(inputs) and \(outputs)")
    }
    guard (space.values + kernel.values + stride.values + dilation.values).allSatisfy({ $0 > 0 }),
      padding.values.allSatisfy({ $0 >= 0 })
    else {
      throw ValidationError("expected sizes, strides and dilations of 1 or more, and no negative padding")
    }
    for axis in 0..<axes where large(axis) < 1 || large(axis) + 2 * at(padding, axis) < reach(axis) {
      throw ValidationError("expected an output of 1 or more along axis \(axis)")
    }
  }

  /// The convolution; that of a transposed one is the convolution that it transposes, which reads its output.
  var shape: ConvolutionShape {
    ConvolutionShape(
      batch: batch, inputChannels: transposed ? outputs : inputs,
      outputChannels: transposed ? inputs : outputs,
      groups: groups, input: extent(large, filler: 1), output: extent(small, filler: 1),
      kernel: extent({ at(kernel, $0) }, filler: 1), stride: extent({ at(stride, $0) }, filler: 1),
      dilation: extent({ at(dilation, $0) }, filler: 1), paddingBefore: extent({ at(padding, $0) }, filler: 0)
    )
  }

  /// Size on the side that a convolution reads and a transposed one writes.
  private func large(_ axis: Int) -> Int {
    guard transposed else { return space.values[axis] }
    return (space.values[axis] - 1) * at(stride, axis) + reach(axis) - 2 * at(padding, axis)
  }

  private func small(_ axis: Int) -> Int {
    guard !transposed else { return space.values[axis] }
    return (space.values[axis] + 2 * at(padding, axis) - reach(axis)) / at(stride, axis) + 1
  }

  /// Pixels that the kernel spans.
  private func reach(_ axis: Int) -> Int { (at(kernel, axis) - 1) * at(dilation, axis) + 1 }

  private func at(_ axes: Axes, _ axis: Int) -> Int { axes.values[axes.values.count == 1 ? 0 : axis] }

  /// Values of the axes there are, behind `filler` for those there are not.
  private func extent(_ value: (Int) -> Int, filler: Int) -> SpatialExtent {
    let missing = 3 - space.values.count
    let values = (0..<3).map { $0 < missing ? filler : value($0 - missing) }
    return SpatialExtent(values[0], values[1], values[2])
  }
}
