/// Placeholder
public struct FuseBatchNormActivation: GraphPass {
  public var name: String { "fuse-batch-norm-activation" }
  public init() {}
  public func rewrite(_ graph: Graph) -> Graph { graph }
}
