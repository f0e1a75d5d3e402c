import Martlet

extension OperationConverter {
  static let normalization: [OperationConverter] = [
    OperationConverter(BatchNormInference.self, batchNorm),
    OperationConverter(LayerNormOperation.self) {
      guard !$1.readsStatistics else { throw $1.unsupported() }
      let axis = WireAttribute.int("axis", -(try $0.fixed(\.axes)))
      return [$1.node("LayerNormalization", [axis, .float("epsilon", try $0.fixed(\.epsilon))])]
    },
    OperationConverter(GroupNormOperation.self, groupNorm),
  ]

  private static func batchNorm(
    _ attributes: RecordedAttributes<BatchNormInference>, _ node: NodeContext
  ) throws -> [String] {
    let (x, mean, variance, weight, bias) = (
      node.inputs[0], node.inputs[1], node.inputs[2], node.inputs[3], node.inputs[4]
    )
    let normalized = node.node(
      "BatchNormalization", [x, weight, bias, mean, variance],
      [.float("epsilon", try attributes.fixed(\.epsilon))])
    return [try attributes.fixed(\.activation) == .relu ? node.node("Relu", [normalized]) : normalized]
  }

  /// The operator of the name is of operator set 21. Groups are normalised as channels are by instance normalisation.
  private static func groupNorm(
    _ attributes: RecordedAttributes<GroupNormOperation>, _ node: NodeContext
  ) throws -> [String] {
    guard !node.readsStatistics else { throw node.unsupported() }
    let epsilon = WireAttribute.float("epsilon", try attributes.fixed(\.epsilon))
    let groups = try attributes.fixed(\.groups)
    let (x, weight, bias) = (node.inputs[0], node.inputs[1], node.inputs[2])
    let channels = node.inputTypes[1][0].shape[0]
    if groups == channels, node.inputRank() > 2 {
      return [node.node("InstanceNormalization", [x, weight, bias], [epsilon])]
    }
    let joined = node.node("Reshape", [x, try node.constant([0, groups, -1])])
    let vector = TensorType([groups], node.scalar)
    let normalized = node.node(
      "InstanceNormalization",
      [joined, try node.writer.constant(.full(1, vector)), try node.writer.constant(.full(0, vector))],
      [epsilon])
    let parted = node.node(
      "Reshape", [normalized, try node.vector(node.inputShape(), "the size of a group normalization")])
    // A number for each channel lies along the first of the axes behind the batch.
    let shape = try node.constant([channels] + [Int](repeating: 1, count: node.inputRank() - 2))
    let scaled = node.node("Mul", [parted, node.node("Reshape", [weight, shape])])
    return [node.node("Add", [scaled, node.node("Reshape", [bias, shape])])]
  }
}

extension NodeContext {
  /// Whether means or deviations are read, and not the normalised values alone.
  fileprivate var readsStatistics: Bool { isRead.dropFirst().contains(true) }
}
