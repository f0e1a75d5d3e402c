import MartletKernels

/// Lets convolutions with constant weights multiply narrow numbers where that is faster, by whatever algorithm is fastest
/// then. Others keep float32, among them the first layer of a network, whose images have too few channels, and depthwise
/// ones.
///
/// Winograd's F(4×4) is not among what is chosen from: it multiplies the rounding of its operands too much. F(3×3), with
/// about twice the error of a plain sum of rounded operands, is for ``Numerics/fast`` alone.
public struct RoundConvolutions: GraphPass {
  public var name: String { "round-convolutions" }

  /// What operands are rounded to.
  public enum Rounding: Sendable {
    case bfloat16
    case int8(ActivationRanges)
  }

  private let rounding: Rounding
  /// - Parameter rounding: Ranges for int8 are one for each of the graph's convolutions with constant weights: a graph
  ///   with more or fewer is refused.
  public init(to rounding: Rounding) { self.rounding = rounding }

  public var key: String { "\(name) \(rounding)" }

  private static let algorithms: [ConvolutionAlgorithm] = [.direct, .winograd(.two), .winograd(.three)]

  public func check(_ graph: Graph) throws {
    guard case .int8(let calibration) = rounding else { return }
    let count = graph.roundableConvolutions.count
    try require(
      calibration.ranges.count == count, "precision",
      "expected a calibration of \(count) convolutions, got one of \(calibration.ranges.count): it is another network's"
    )
  }

  /// That of the convolution with a number; `nil` where it is better left as it is.
  private func format(_ number: Int) -> NarrowFormat? {
    switch rounding {
    case .bfloat16: .bfloat16
    case .int8(let calibration): calibration.ranges[number].flatMap(Quantization.init).map(NarrowFormat.int8)
    }
  }

  public func rewrite(_ graph: Graph) -> Graph {
    var rounded: [Int: RoundedConvolution] = [:]
    for (number, convolution) in graph.roundableConvolutions.enumerated() {
      rounded[convolution.node] = format(number).flatMap { convolution.rounded(to: $0, by: Self.algorithms) }
    }
    var result = graph
    result.nodes = []
    for (index, node) in graph.nodes.enumerated() {
      guard let rounded = rounded[index] else {
        result.nodes.append(node)
        continue
      }
      let value = result.addValue(rounded.prepare.preparedType)
      let weight = node.inputs[rounded.weightPosition]
      result.nodes.append(
        Graph.Node(operation: rounded.prepare, inputs: [weight], outputs: [value], scope: node.scope))
      var run = node
      run.operation = rounded.run
      run.inputs[rounded.weightPosition] = value
      result.nodes.append(run)
    }
    return result
  }
}
